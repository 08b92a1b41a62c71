import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { Express } from 'express';
import { asyncApiDocument } from './asyncapi.js';
import { openApiDocument } from './openapi.js';

/**
 * What there is to read: the REST API as a page at /api/docs and as JSON at /api/openapi.json, the events at
 * /api/asyncapi.json. Someone who comes to the server's address is shown the page.
 */
export function serveDocuments(app: NestExpressApplication): void {
  SwaggerModule.setup('api/docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'api/openapi.json',
    customSiteTitle: 'Roomcast',
  });
  const express: Express = app.getHttpAdapter().getInstance();
  const events = JSON.stringify(asyncApiDocument());
  express.get('/api/asyncapi.json', (_, response) => void response.type('json').send(events));
  express.get('/', (_, response) => response.redirect('/api/docs'));
}
