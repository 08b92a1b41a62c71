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
import { PageService } from './page/page.service.js';
import { programsIn } from './processes/programs.js';

/** Time limit for the headers of a request to arrive. */
const headersTimeoutMs = 10_000;
/** How often Node checks for requests beyond their time limits. */
const timeoutCheckEveryMs = 2000;

/** The page as Vite builds it, beside the folder that this file is in. */
const defaultPageFolder = new URL('../web/dist/', import.meta.url);

/**
 * Creates the application with everything that it needs to listen; does not listen yet.
 * @param overrides a server that runs from its TypeScript sources must give the programs that were compiled
 */
export async function createServer(
  settings: Settings,
  overrides: Partial<Parts> = {},
): Promise<NestExpressApplication> {
  const parts: Parts = {
    programs: programsIn(new URL('./', import.meta.url)),
    pageFolder: defaultPageFolder,
    ...overrides,
  };
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(settings, parts), {
    bufferLogs: true,
    // Throw instead of ending the process; the caller handles a failed start.
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
  // Cross-origin, because pages of the origins that CORS allows play the audio.
  app.use(
    helmet({
      crossOriginResourcePolicy: { policy: 'cross-origin' },
      // For JSON and audio answers; the page and the documentation page have policies of their own.
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      // Left to the proxy that terminates TLS: the header applies to every service of the domain.
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
  // Registered last, for paths outside /api: Nest answers unknown paths only below its prefix.
  const express: Express = app.getHttpAdapter().getInstance();
  express.use(app.get(PageService).handle);
  const { status, body } = new Problem('not_found', errorCodes.not_found.description);
  express.use((_, response) => void response.status(status).json({ error: body }));
  const server = app.getHttpServer();
  setTimeouts(server, settings);
  app.get(StalledConnections).watch(server);
  app.get(RequestGate).guard(server);
  return app;
}

/** Prevents caching: answers contain tokens and private data. Routes of files and documents override it. */
function noStore(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  next();
}

function setTimeouts(server: HttpServer, { maxUploadBytes }: Settings): void {
  server.headersTimeout = headersTimeoutMs;
  // Enough for the largest file at the lowest accepted rate; `RequestBodies` ends slower uploads earlier.
  server.requestTimeout = 60_000 + (maxUploadBytes / minUploadBytesPerSecond) * 1000;
  // Node reads this property when the server starts to listen. Its types declare it only as an option of
  // `createServer`, which Nest calls.
  (server as HttpServer & { connectionsCheckingInterval: number }).connectionsCheckingInterval =
    timeoutCheckEveryMs;
}
