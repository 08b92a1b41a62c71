import type { NestExpressApplication } from '@nestjs/platform-express';
import { Logger } from 'nestjs-pino';
import { readSettings, type Settings, StartError } from './config/settings.js';
import { checkResources, listeningError } from './config/start-checks.js';
import { checkSqlite } from './database/sqlite-check.js';
import { createServer } from './server.js';

/** Connections that the kernel queues until they are accepted; its own limit (`somaxconn`, usually 4096) applies too. */
const backlog = 4096;

/** The process exits after this time even if the shutdown is not finished: supervisors usually kill it after 10 s. */
const shutdownTimeoutMs = 9000;

try {
  const settings = readSettings(process.env);
  await checkResources(settings);
  if (settings.database.kind === 'sqlite') checkSqlite(settings.database.file);
  const app = await createServer(settings);
  // Node accepts one connection per turn of the event loop, so clients that reconnect at the same time have to queue in
  // the kernel. Nest passes its arguments to `net.Server.listen`, whose third one is the backlog.
  await app.listen(settings.port, settings.host, backlog as never).catch((error: unknown) => {
    throw listeningError(error, settings);
  });
  logAddresses(app, settings);
  shutDownOnSignal(app);
} catch (error) {
  // Errors of the settings or the system are one line; only unexpected ones have a stack.
  const text =
    error instanceof Error
      ? error instanceof StartError || 'code' in error
        ? error.message
        : error.stack
      : String(error);
  process.stderr.write(`roomcast cannot start: ${text}\n`);
  process.exit(1);
}

function logAddresses(app: NestExpressApplication, { dataDir, database, host }: Settings): void {
  const { port } = app.getHttpServer().address() as { port: number };
  const anyAddress = host === '0.0.0.0' || host === '::';
  const url = `http://${anyAddress ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
  const log = app.get(Logger);
  log.log(`data in ${dataDir}; database ${database.kind}`, 'Roomcast');
  log.log(`documentation at ${url}/api/docs`, 'Roomcast');
  log.log(`listening on port ${port}: ${url}`, 'Roomcast');
}

function shutDownOnSignal(app: NestExpressApplication): void {
  let shuttingDown = false;
  const shutDown = (signal: string) => {
    if (shuttingDown) return;
    shuttingDown = true;
    app.get(Logger).log(`${signal}: shutting down`, 'Roomcast');
    setTimeout(() => process.exit(0), shutdownTimeoutMs).unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`roomcast could not shut down cleanly: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => shutDown('SIGTERM'));
  process.on('SIGINT', () => shutDown('SIGINT'));
}
