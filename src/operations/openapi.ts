import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { type ErrorCode, errorCodes } from '../contract/index.js';
import { describeError, errorResponses, exampleError } from '../errors/documented.js';
import { NamedSchemas } from './named-schemas.js';

/** Errors of every route. */
const commonErrors: readonly ErrorCode[] = ['rate_limited', 'internal'];

/** The header that every command may have, and its errors. */
const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Makes it safe to repeat the command if its answer was lost: for 10 minutes, the same request of the user with the same key gets the same answer and changes nothing.',
  schema: { type: 'string', pattern: '^[!-~]{1,100}$' },
};
const commandErrors: readonly ErrorCode[] = ['idempotency_key_invalid', 'idempotency_key_reused'];
/** Tags of routes that ignore the header. */
const withoutKeys: ReadonlySet<string> = new Set(['auth', 'admin']);
const commandMethods: ReadonlySet<string> = new Set(['post', 'put', 'patch', 'delete']);

/** The OpenAPI document, generated from the controllers. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Roomcast')
    .setDescription(
      'A server for listening to music together. Times are Unix seconds with a fraction, positions and durations are seconds, ids are UUIDs. ' +
        'The events of rooms are sent over Socket.IO: see the AsyncAPI document at `/api/asyncapi.json`.\n\n' +
        'A command may have an `Idempotency-Key`. The same request is one of the same user with the same method, path, query and JSON body; of an upload, with the same file and file name. Refused commands are not kept. The routes under `/auth` and `/admin` ignore the header.',
    )
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .addTag('auth', 'Guests, registered users and tokens.')
    .addTag('rooms', 'Rooms, participants, invites, and the log.')
    .addTag('tracks', 'Uploads, votes, the queue, and the audio files.')
    .addTag('playback', 'Playback of rooms.')
    .addTag('operations', "The server's health and clock.")
    .addTag('admin', 'For the operator of the server: with its `ADMIN_TOKEN` instead of a user’s token.')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'The `token` of `/auth/guest`, `/auth/register` or `/auth/login`.',
    })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) =>
      `${controller.replace(/Controller$/, '').replace(/^./, (first) => first.toLowerCase())}_${method}`,
  });
  const named = new NamedSchemas();
  const { schemas, ...components } = document.components ?? {};
  return {
    ...document,
    paths: withCommonParts(named.refer(document.paths) as OpenAPIObject['paths']),
    components: {
      ...components,
      schemas: { ...schemas, ...(named.all as typeof schemas) },
      responses: Object.fromEntries(
        commonErrors.map((code) => [
          code,
          {
            description: describeError(code),
            ...(code === 'rate_limited'
              ? { headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds' } } }
              : {}),
            content: {
              'application/json': {
                schema: { $ref: '#/components/schemas/ErrorBody' },
                example: exampleError(code),
              },
            },
          },
        ]),
      ),
    },
  };
}

interface ErrorResponse {
  description: string;
  content: { 'application/json': { examples?: object } };
}

interface Operation {
  tags?: string[];
  parameters?: { in: string; schema?: object }[];
  responses: Record<string, object>;
}

/** Documents a route as a command that may have an `Idempotency-Key`. */
function asCommand({ parameters = [], responses, ...rest }: Operation): Operation {
  const all = { ...responses };
  for (const { status, ...added } of errorResponses(commandErrors)) {
    const known = all[status] as ErrorResponse | undefined;
    all[status] = known ? joined(known, added) : added;
  }
  return { ...rest, parameters: [...parameters, idempotencyKey], responses: all };
}

const joined = (known: ErrorResponse, added: ErrorResponse): ErrorResponse => ({
  description: `${known.description}\n\n${added.description}`,
  content: {
    'application/json': {
      ...known.content['application/json'],
      examples: {
        ...known.content['application/json'].examples,
        ...added.content['application/json'].examples,
      },
    },
  },
});

/**
 * Adds what applies to every route: the common errors, and the format `uuid` of path parameters; and to every command
 * outside of `/auth` and `/admin`, the `Idempotency-Key`.
 */
function withCommonParts(paths: OpenAPIObject['paths']): OpenAPIObject['paths'] {
  const common = Object.fromEntries(
    commonErrors.map((code) => [errorCodes[code].status, { $ref: `#/components/responses/${code}` }]),
  );
  const complete = ({ parameters = [], responses, ...rest }: Operation): Operation => ({
    ...rest,
    parameters: parameters.map((parameter) =>
      parameter.in === 'path' ? { ...parameter, schema: { ...parameter.schema, format: 'uuid' } } : parameter,
    ),
    responses: { ...responses, ...common },
  });
  return Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      path.startsWith('/api/')
        ? Object.fromEntries(
            Object.entries(operations as Record<string, Operation>).map(([method, operation]) => [
              method,
              complete(
                commandMethods.has(method) && !operation.tags?.some((tag) => withoutKeys.has(tag))
                  ? asCommand(operation)
                  : operation,
              ),
            ]),
          )
        : operations,
    ]),
  );
}
