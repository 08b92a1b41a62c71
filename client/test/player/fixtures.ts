import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A file of `client/test/player/fixtures`. */
export const fixture = (name: string): Promise<Uint8Array> =>
  readFile(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))).then(
    (bytes) => new Uint8Array(bytes),
  );
