import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { ErrorBody } from '../contract/index.js';
import { openApiSchema } from '../errors/documented.js';

/** The OpenAPI document, generated from the controllers. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Roomcast')
    .setDescription(
      'Listening to music together. Times are Unix seconds with a fraction, positions and durations seconds, ids UUIDs. ' +
        'What happens in a room is told over Socket.IO: see the AsyncAPI document.',
    )
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addBearerAuth()
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (_controller, method) => method,
  });
  document.components ??= {};
  document.components.schemas = {
    ...document.components.schemas,
    ErrorBody: openApiSchema(ErrorBody),
  };
  return document;
}

/** The document as a page at /api/docs, and as JSON at /api/openapi.json. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('api/docs', app, () => openApiDocument(app), { jsonDocumentUrl: 'api/openapi.json' });
}
