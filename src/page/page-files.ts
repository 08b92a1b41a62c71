import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Encoding = 'br' | 'gzip';

/** A file of the page, with all that its answers need. */
export interface PageFile {
  type: string;
  etag: string;
  cacheControl: string;
  bytes: Buffer;
  /** The file as the build has compressed it. */
  compressed: Partial<Record<Encoding, Buffer>>;
}

/** What the build wrote: `index.html`, and the other files by their paths. */
export interface PageFiles {
  html: string;
  files: ReadonlyMap<string, PageFile>;
}

const indexName = 'index.html';

const encodings = { br: '.br', gzip: '.gz' } as const satisfies Record<Encoding, string>;

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** The names contain hashes of the contents. */
const isHashed = (path: string) => path.startsWith('/assets/');
/** A new version of the worker takes effect with the next load of the page. */
const isServiceWorker = (path: string) => path === '/sw.js';

const cacheControlOf = (path: string): string => {
  if (isHashed(path)) return 'public, max-age=31536000, immutable';
  return isServiceWorker(path) ? 'no-cache' : 'public, max-age=3600';
};

/**
 * Reads the built page into memory, about 2 MB: an answer then needs no file, so neither a new build while the server
 * runs nor clients that do not read have an effect on the others. A path is served only if it was found here.
 * @returns undefined if there is no page
 */
export async function readPageFiles(folder: URL): Promise<PageFiles | undefined> {
  let names: string[];
  let html: string;
  try {
    html = await readFile(new URL(indexName, folder), 'utf8');
    const root = fileURLToPath(folder);
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    names = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(root, join(parentPath, name)).split(sep).join('/'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const files = new Map<string, PageFile>();
  const all = new Set(names);
  for (const name of names) {
    if (!isServed(name, all)) continue;
    files.set(`/${name}`, await readPageFile(folder, name, all));
  }
  return { html, files };
}

/** Not `index.html`, which gets a nonce; no hidden file; no compressed copy, which belongs to its file. */
function isServed(name: string, all: ReadonlySet<string>): boolean {
  if (name === indexName || name.split('/').some((part) => part.startsWith('.'))) return false;
  return !Object.values(encodings).some((ending) => name.endsWith(ending) && all.has(name.slice(0, -3)));
}

async function readPageFile(folder: URL, name: string, all: ReadonlySet<string>): Promise<PageFile> {
  const read = (path: string) => readFile(new URL(encodeURI(path), folder));
  const bytes = await read(name);
  const compressed: PageFile['compressed'] = {};
  for (const [encoding, ending] of Object.entries(encodings) as [Encoding, string][]) {
    if (all.has(name + ending)) compressed[encoding] = await read(name + ending);
  }
  return {
    type: types[extname(name)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    cacheControl: cacheControlOf(`/${name}`),
    bytes,
    compressed,
  };
}
