import { Agent, request as httpRequest } from 'node:http';
import type { Answer } from './api.js';

export interface Client {
  /** @param signal closes the connection; the call rejects */
  post(path: string, body: unknown, token?: string, signal?: AbortSignal): Promise<Answer>;
  close(): void;
}

/** A client with an address of its own: all of 127.0.0.0/8 is this machine. */
export function clientAt(url: string, localAddress: string, maxSockets = 20): Client {
  // One connection for each request: the server may close an idle one just as the next is sent.
  const agent = new Agent({ keepAlive: false, maxSockets, localAddress });
  return {
    post: (path, body, token, signal) =>
      new Promise((resolve, reject) => {
        const call = httpRequest(`${url}/api${path}`, {
          method: 'POST',
          agent,
          ...(signal && { signal }),
          headers: {
            'content-type': 'application/json',
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
        });
        call.once('error', reject);
        call.once('response', (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.once('error', reject);
          response.once('end', () =>
            resolve({
              status: response.statusCode!,
              body: JSON.parse(text),
              headers: new Headers(response.headers as Record<string, string>),
            }),
          );
        });
        call.end(JSON.stringify(body));
      }),
    close: () => agent.destroy(),
  };
}
