import type { Server as HttpServer } from 'node:http';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Express, NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import { Logger } from 'nestjs-pino';
import { AppModule, type Parts } from './app.module.js';
import { ClientAddresses } from './config/client-addresses.js';
import type { Settings } from './config/settings.js';
import { errorCodes } from './contract/index.js';
import { Problem } from './errors/problem.js';
import { SocketAdapter } from './gateway/socket-adapter.js';
import { serveDocuments } from './operations/documents.js';
import { minUploadBytesPerSecond } from './operations/limits/request-bodies.js';
import { RequestGate } from './operations/limits/request-gate.js';
import { StalledConnections } from './operations/limits/stalled-connections.js';
import { frameworkLogger } from './operations/logging.js';

/** How long a request's headers may take to arrive. */
const headersTimeoutMs = 10_000;
/** How often Node looks for requests that take too long. */
const timeoutCheckMs = 2000;

/** Beside this file in the compiled server, and beside main.js in the bundle. */
const defaultInspectionWorker = new URL('./tracks/inspection/worker.js', import.meta.url);

/**
 * The whole server, composed; not listening yet.
 * @param overrides a server that runs from its sources has to name the compiled worker
 */
export async function createServer(
  settings: Settings,
  overrides: Partial<Parts> = {},
): Promise<NestExpressApplication> {
  const parts: Parts = { inspectionWorker: defaultInspectionWorker, ...overrides };
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(settings, parts), {
    bufferLogs: true,
    // The caller of this decides what a failure to start means.
    abortOnError: false,
    forceCloseConnections: true,
  });
  app.useLogger(frameworkLogger(app.get(Logger)));
  app.flushLogs();
  app.set('trust proxy', app.get(ClientAddresses).trust);
  app.set('etag', false);
  app.setGlobalPrefix('api', { exclude: ['health/live', 'health/ready', 'metrics'] });
  app.use('/api', noStore);
  app.useBodyParser('json', { limit: '64kb', type: ['application/json', 'application/*+json'] });
  // The audio is played by pages of the origins that CORS lets in.
  app.use(
    helmet({
      crossOriginResourcePolicy: { policy: 'cross-origin' },
      // Answers are data; the page of the documentation has a policy of its own.
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      // For whoever ends TLS before it to say: it would bind every other service of the domain.
      strictTransportSecurity: false,
    }),
  );
  if (settings.corsOrigins === '*' || settings.corsOrigins.length > 0) {
    app.enableCors({
      origin: settings.corsOrigins,
      exposedHeaders: ['Content-Range', 'ETag', 'Retry-After', 'X-Request-Id'],
      maxAge: 3600,
    });
  }
  app.useWebSocketAdapter(new SocketAdapter(app, settings));
  serveDocuments(app);
  await app.init();
  // After everything else: Nest answers for /api alone.
  const express: Express = app.getHttpAdapter().getInstance();
  const { status, body } = new Problem('not_found', errorCodes.not_found.description);
  express.use((_, response) => void response.status(status).json({ error: body }));
  const server = app.getHttpServer();
  setTimeouts(server, settings);
  app.get(StalledConnections).watch(server);
  app.get(RequestGate).guard(server);
  return app;
}

/** Answers hold tokens and what only the caller may see; files and documents say otherwise themselves. */
function noStore(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  next();
}

function setTimeouts(server: HttpServer, { maxUploadBytes }: Settings): void {
  server.headersTimeout = headersTimeoutMs;
  // The largest file at the lowest rate that is accepted; `RequestBodies` ends slower ones.
  server.requestTimeout = 60_000 + (maxUploadBytes / minUploadBytesPerSecond) * 1000;
  // Read when the server begins to listen. Node's types know it as an option of `createServer` only, which is Nest's.
  (server as HttpServer & { connectionsCheckingInterval: number }).connectionsCheckingInterval =
    timeoutCheckMs;
}
