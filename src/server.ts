import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Express } from 'express';
import helmet from 'helmet';
import { Logger } from 'nestjs-pino';
import { AppModule, type Parts } from './app.module.js';
import type { Settings } from './config/settings.js';
import { Problem } from './errors/problem.js';
import { SocketAdapter } from './gateway/socket-adapter.js';
import { serveDocuments } from './operations/documents.js';
import { frameworkLogger } from './operations/logging.js';

/** Long enough for a large file over a slow line. */
const requestTimeout = 30 * 60_000;

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
  app.set('trust proxy', settings.trustProxy);
  app.set('etag', false);
  app.setGlobalPrefix('api', { exclude: ['health/live', 'health/ready', 'metrics'] });
  app.useBodyParser('json', { limit: '64kb', type: ['application/json', 'application/*+json'] });
  // The audio is played by pages of the origins that CORS lets in.
  app.use(
    helmet({
      crossOriginResourcePolicy: { policy: 'cross-origin' },
      contentSecurityPolicy: false,
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
  app.getHttpServer().requestTimeout = requestTimeout;
  await app.init();
  // After everything else: Nest answers for /api alone.
  const express: Express = app.getHttpAdapter().getInstance();
  const { status, body } = new Problem('not_found', 'There is nothing at this path.');
  express.use((_, response) => void response.status(status).json({ error: body }));
  return app;
}
