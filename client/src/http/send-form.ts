import { networkError, refusalOf } from './request.js';

export interface FormRequest {
  readonly url: string;
  readonly form: FormData;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** @param part of the form that was sent so far, from 0 to 1 */
  readonly onSent: (part: number) => void;
}

interface FormAnswer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

/** Sends a form. @returns the body of the answer. @throws {RoomcastError} */
export async function sendForm(request: FormRequest): Promise<string> {
  const { signal } = request;
  let answer: FormAnswer;
  try {
    signal.throwIfAborted();
    // Browsers tell how much of a request was sent through XMLHttpRequest only; Node has none.
    answer = await (typeof XMLHttpRequest === 'undefined' ? sendWithFetch(request) : sendWithXhr(request));
  } catch (cause) {
    throw networkError('The upload', cause, signal);
  }
  const { status, text, retryAfter } = answer;
  if (status < 200 || status > 299) throw refusalOf(status, text, retryAfter);
  return text;
}

async function sendWithFetch({ url, form: body, headers, signal }: FormRequest): Promise<FormAnswer> {
  const response = await fetch(url, { method: 'POST', headers, body, signal });
  return {
    status: response.status,
    text: await response.text(),
    retryAfter: response.headers.get('retry-after'),
  };
}

function sendWithXhr({ url, form, headers, signal, onSent }: FormRequest): Promise<FormAnswer> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const abort = () => xhr.abort();
    xhr.open('POST', url);
    for (const [header, value] of Object.entries(headers)) xhr.setRequestHeader(header, value);
    xhr.upload.onprogress = ({ loaded, total }) => onSent(loaded / total);
    xhr.onload = () =>
      resolve({
        status: xhr.status,
        text: xhr.responseText,
        retryAfter: xhr.getResponseHeader('retry-after'),
      });
    xhr.onerror = reject;
    xhr.onabort = reject;
    xhr.onloadend = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort);
    xhr.send(form);
  });
}
