// In place of the worker that inspects uploads: does what the file says.
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
