import { newKey } from './api.js';
import { networkError, refusalOf } from './request.js';
import { type FileRequest, uploadField } from './file-request.js';

/** For Node, whose `fetch` takes a stream: the form is written by hand, and counted while it is read. */
export async function sendWithFetch({
  url,
  file,
  name,
  headers,
  signal,
  onSent,
}: FileRequest): Promise<string> {
  const boundary = `roomcast-${newKey()}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: formOf(file, name, boundary, onSent),
      signal,
      duplex: 'half',
    } as RequestInit & { duplex: 'half' });
    text = await response.text();
  } catch (cause) {
    throw networkError('The upload', cause, signal);
  }
  if (!response.ok) throw refusalOf(response.status, text, response.headers.get('retry-after'));
  return text;
}

function formOf(
  file: Blob,
  name: string,
  boundary: string,
  onSent: (bytes: number) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const head = [
    `--${boundary}`,
    `content-disposition: form-data; name="${uploadField}"; filename="${escaped(name)}"`,
    `content-type: ${file.type || 'application/octet-stream'}`,
    '',
    '',
  ].join('\r\n');
  const reader = file.stream().getReader();
  let sent = 0;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(head));
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) {
        controller.enqueue(encoder.encode(`\r\n--${boundary}--\r\n`));
        controller.close();
        return;
      }
      controller.enqueue(value);
      sent += value.byteLength;
      onSent(sent);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** As browsers escape it in forms. */
const escaped = (name: string): string =>
  name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
