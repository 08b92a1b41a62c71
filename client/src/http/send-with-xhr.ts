import { networkError, refusalOf } from './request.js';
import { type FileRequest, uploadField } from './file-request.js';

/** For browsers. */
export function sendWithXhr({ url, file, name, headers, signal, onSent }: FileRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(networkError('The upload', cause, signal));
    if (signal.aborted) {
      fail(signal.reason);
      return;
    }
    const form = new FormData();
    form.append(uploadField, file, name);
    const xhr = new XMLHttpRequest();
    xhr.open('POST', url);
    for (const [header, value] of Object.entries(headers)) xhr.setRequestHeader(header, value);
    const abort = () => xhr.abort();
    signal.addEventListener('abort', abort, { once: true });
    xhr.upload.onprogress = ({ loaded, total }) => onSent(loaded - Math.max(0, total - file.size));
    xhr.onerror = fail;
    xhr.onabort = fail;
    xhr.onload = () => {
      const { status, responseText } = xhr;
      if (status >= 200 && status < 300) resolve(responseText);
      else reject(refusalOf(status, responseText, xhr.getResponseHeader('retry-after')));
    };
    xhr.onloadend = () => signal.removeEventListener('abort', abort);
    xhr.send(form);
  });
}
