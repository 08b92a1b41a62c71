import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LoggerService } from '@nestjs/common';
import type { Logger, Params } from 'nestjs-pino';
import type { Settings } from '../config/settings.js';
import { logDestination } from './log-destination.js';
import { RepeatedFailures } from './repeated-failures.js';

type Request = IncomingMessage & { originalUrl?: string };

/** Longer than any path that exists. */
const maxPathLength = 200;

/** The path without its query, which may contain a media token, and without what makes it too long. */
const pathOf = (request: Request): string =>
  (request.originalUrl ?? request.url ?? '').slice(0, maxPathLength).split('?')[0]!;

const repeatedFailures = new RepeatedFailures();

/**
 * Options of the logger: JSON lines. Each line of a request has its `request_id` and, if it concerns a room, `room_id`.
 * Headers, bodies and queries are never logged.
 */
export const loggerOptions = ({ logLevel }: Settings): Params => ({
  pinoHttp: [
    {
      level: logLevel,
      hooks: {
        logMethod(args, method) {
          repeatedFailures.log(args, (...changed) => method.apply(this, changed as typeof args));
        },
      },
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
      customLogLevel: (_request, { statusCode }, error) => {
        // Not logged per request: 429 is summed up once a minute by `Refusals`; while the storage fails, every request
        // is answered with 503, and the failure itself is logged once a minute by `RepeatedFailures`.
        if (statusCode === 429 || statusCode === 503) return 'debug';
        if (statusCode === 507 || (statusCode >= 400 && statusCode < 500)) return 'info';
        return error || statusCode >= 500 ? 'error' : 'debug';
      },
    },
    logDestination(),
  ],
});

/** Contexts in which Nest logs dozens of lines at start; they are logged at `debug` instead of `info`. */
const startupContexts = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'WebSocketsController',
  'NestApplication',
]);

/** Nest's logger: forwards to ours, with lines about the start at `debug`. */
export const frameworkLogger = (logger: Logger): LoggerService => ({
  log: (message: unknown, ...rest: unknown[]) => {
    if (startupContexts.has(String(rest.at(-1)))) logger.debug(message, ...rest);
    else logger.log(message, ...rest);
  },
  error: (message: unknown, ...rest: unknown[]) => logger.error(message, ...rest),
  warn: (message: unknown, ...rest: unknown[]) => logger.warn(message, ...rest),
  debug: (message: unknown, ...rest: unknown[]) => logger.debug(message, ...rest),
  verbose: (message: unknown, ...rest: unknown[]) => logger.verbose(message, ...rest),
  fatal: (message: unknown, ...rest: unknown[]) => logger.fatal(message, ...rest),
});
