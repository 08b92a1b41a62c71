import { rm } from 'node:fs/promises';

export default async function teardown(): Promise<void> {
  const built = process.env['ROOMCAST_TEST_BUILD'];
  if (built) await rm(built, { recursive: true, force: true });
}
