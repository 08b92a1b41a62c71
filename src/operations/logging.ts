import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LoggerService } from '@nestjs/common';
import type { Logger, Params } from 'nestjs-pino';
import type { Settings } from '../config/settings.js';

type Request = IncomingMessage & { originalUrl?: string };

/** A path without its query: media tokens stand there. */
const pathOf = (request: Request): string => (request.originalUrl ?? request.url ?? '').split('?')[0]!;

/** JSON lines; each of a request carries its id and, where it concerns one, the room's. Never a header or a body. */
export const loggerOptions = ({ logLevel }: Settings): Params => ({
  pinoHttp: {
    level: logLevel,
    genReqId: (request: Request, response: ServerResponse) => {
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
      response.setHeader('X-Request-Id', id);
      return id;
    },
    quietReqLogger: true,
    customAttributeKeys: { reqId: 'request_id' },
    customProps: (request: Request) => {
      const room = /\/rooms\/([0-9a-f-]{36})/i.exec(pathOf(request))?.[1];
      return room ? { room_id: room } : {};
    },
    serializers: {
      req: (request: { method: string; raw: Request }) => ({
        method: request.method,
        path: pathOf(request.raw),
      }),
      res: (response: { statusCode: number }) => ({ status: response.statusCode }),
    },
    // Going down (503) is no fault. Floods are summed up once a minute (`Refusals`), not logged line by line.
    customLogLevel: (_request, { statusCode }, error) =>
      statusCode === 429
        ? 'debug'
        : statusCode === 503 || (statusCode >= 400 && statusCode < 500)
          ? 'info'
          : error || statusCode >= 500
            ? 'error'
            : 'debug',
  },
});

/** What Nest tells of putting the server together, dozens of lines of it, is for whoever debugs that. */
const assembly = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'WebSocketsController',
  'NestApplication',
]);

/** The framework's logger: ours, with the assembly one level down. */
export const frameworkLogger = (logger: Logger): LoggerService => ({
  log: (message: unknown, ...rest: unknown[]) => {
    if (assembly.has(String(rest.at(-1)))) logger.debug(message, ...rest);
    else logger.log(message, ...rest);
  },
  error: (message: unknown, ...rest: unknown[]) => logger.error(message, ...rest),
  warn: (message: unknown, ...rest: unknown[]) => logger.warn(message, ...rest),
  debug: (message: unknown, ...rest: unknown[]) => logger.debug(message, ...rest),
  verbose: (message: unknown, ...rest: unknown[]) => logger.verbose(message, ...rest),
  fatal: (message: unknown, ...rest: unknown[]) => logger.fatal(message, ...rest),
});
