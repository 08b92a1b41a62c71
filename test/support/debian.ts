import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Where a program or file of a Debian package is; the package is installed first if that is possible.
 * @param find where it is, undefined if it is not there
 * @throws one line that says what to install, where this process may not do so
 */
export async function requirePackage(name: string, find: () => string | undefined): Promise<string> {
  const there = find();
  if (there !== undefined) return there;
  const help = new Error(`${name} is needed for this test: install it (Debian: apt-get install ${name})`);
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw help;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Another test may be installing something: `update` has no option to wait for its lock.
  for (let attempt = 1; attempt <= 20; attempt += 1) {
    const found = find();
    if (found !== undefined) return found;
    try {
      await run('apt-get', ['update', '-qq'], { env });
      const options = ['-y', '-qq', '-o', 'DPkg::Lock::Timeout=120', '--no-install-recommends'];
      await run('apt-get', ['install', ...options, name], { env });
      break;
    } catch (error) {
      if (!/lock/i.test(String(error))) throw new Error(help.message, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 3000));
    }
  }
  const found = find();
  if (found === undefined) throw help;
  return found;
}
