import type { NestExpressApplication } from '@nestjs/platform-express';
import { Logger } from 'nestjs-pino';
import { readSettings, type Settings, StartError } from './config/settings.js';
import { checkSurroundings, listeningError } from './config/surroundings.js';
import { checkSqlite } from './database/sqlite-check.js';
import { createServer } from './server.js';

/** Connections that may wait to be accepted; the kernel's own limit (`somaxconn`, usually 4096) holds too. */
const backlog = 4096;

/** A server that cannot finish in time ends all the same: supervisors wait 10 s before they kill. */
const patience = 9000;

try {
  const settings = readSettings(process.env);
  await checkSurroundings(settings);
  if (settings.database.kind === 'sqlite') checkSqlite(settings.database.file);
  const app = await createServer(settings);
  // Node accepts one connection in each turn of the event loop: many that return at once have to queue in the kernel.
  // Nest hands its arguments on to `net.Server.listen`, which takes a backlog third.
  await app.listen(settings.port, settings.host, backlog as never).catch((error: unknown) => {
    throw listeningError(error, settings);
  });
  announce(app, settings);
  endOnSignal(app);
} catch (error) {
  // One line for whoever started it; the stack only where it is our fault.
  const text =
    error instanceof Error
      ? error instanceof StartError || 'code' in error
        ? error.message
        : error.stack
      : String(error);
  process.stderr.write(`roomcast cannot start: ${text}\n`);
  process.exit(1);
}

function announce(app: NestExpressApplication, { dataDir, database, host }: Settings): void {
  const { port } = app.getHttpServer().address() as { port: number };
  const everywhere = host === '0.0.0.0' || host === '::';
  const url = `http://${everywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
  const log = app.get(Logger);
  log.log(`data in ${dataDir}; database ${database.kind}`, 'Roomcast');
  log.log(`documentation at ${url}/api/docs`, 'Roomcast');
  log.log(`listening on port ${port}: ${url}`, 'Roomcast');
}

function endOnSignal(app: NestExpressApplication): void {
  let ending = false;
  const end = (signal: string) => {
    if (ending) return;
    ending = true;
    app.get(Logger).log(`${signal}: finishing`, 'Roomcast');
    setTimeout(() => process.exit(0), patience).unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`roomcast could not end cleanly: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
}
