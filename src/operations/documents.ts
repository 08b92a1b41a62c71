import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { Express, NextFunction, Request, Response } from 'express';
import { asyncApiDocument } from './asyncapi.js';
import { openApiDocument } from './openapi.js';

/** Swagger UI uses inline styles and data: images; it needs no inline scripts and nothing from other origins. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Serves the documents: the REST API as a page at /api/docs and as JSON at /api/openapi.json, the events as JSON at
 * /api/asyncapi.json. Each is built once.
 */
export function serveDocuments(app: NestExpressApplication): void {
  const express: Express = app.getHttpAdapter().getInstance();
  let document: ReturnType<typeof openApiDocument> | undefined;
  // Built on the first request, because it takes longer than the rest of the start.
  const openApi = () => (document ??= openApiDocument(app));
  let openApiJson: Buffer | undefined;
  let asyncApiJson: Buffer | undefined;

  express.use('/api/docs', (_: Request, response: Response, next: NextFunction) => {
    response.setHeader('Content-Security-Policy', pagePolicy);
    response.setHeader('Cache-Control', 'no-cache');
    next();
  });
  SwaggerModule.setup('api/docs', app, openApi, { raw: false, customSiteTitle: 'Roomcast' });
  // One buffer for all answers: clients that do not read them hold no copies.
  const serve = (path: string, json: () => Buffer) =>
    express.get(path, (_, response) => {
      response.setHeader('Cache-Control', 'no-cache');
      response.type('json').send(json());
    });
  serve('/api/openapi.json', () => (openApiJson ??= Buffer.from(JSON.stringify(openApi()))));
  serve('/api/asyncapi.json', () => (asyncApiJson ??= Buffer.from(JSON.stringify(asyncApiDocument(app)))));
}
