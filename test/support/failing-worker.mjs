// Replaces the inspection worker: fails in the way that the content of the file names.
import { readFileSync } from 'node:fs';

export default function inspect({ path }) {
  switch (readFileSync(path, 'utf8')) {
    case 'hang':
      for (;;);
    case 'eat memory': {
      const eaten = [];
      for (;;) eaten.push({ eaten: [eaten.length] });
    }
    case 'exit':
      return process.exit(3);
    case 'throw':
      throw new TypeError('a fault of the server');
    default:
      return { accepted: false, code: 'unsupported_media_type', message: `thread is alive` };
  }
}
