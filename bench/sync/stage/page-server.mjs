import { createServer } from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const entry = fileURLToPath(new URL('../page/page.mjs', import.meta.url));
const html = '<!doctype html><script type="module" src="/page.js"></script><button>Listen</button>';

async function bundle() {
  const build = await rolldown({ input: entry, platform: 'browser', logLevel: 'warn' });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  await build.close();
  return output[0].code;
}

/** Serves the page that listens, and takes its recordings: `PUT /recordings/{name}`. */
export async function startPageServer() {
  const script = await bundle();
  const recordings = new Map();
  const server = createServer(async (request, response) => {
    const [, folder, name] = request.url.split('/');
    if (folder === 'recordings' && request.method === 'PUT') {
      recordings.set(name, await buffer(request));
      response.writeHead(204).end();
    } else if (folder === 'page.js') response.setHeader('content-type', 'text/javascript').end(script);
    else if (folder === '') response.setHeader('content-type', 'text/html').end(html);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://localhost:${server.address().port}/`,
    /** The bytes that a page has sent; they are handed out once. */
    take(name) {
      const bytes = recordings.get(name);
      recordings.delete(name);
      return bytes;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
