import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { TSchema } from 'typebox';
import { type ErrorBody, type ErrorCode, errorCodes } from '../contract/index.js';

type OpenApiSchema = NonNullable<Extract<Parameters<typeof ApiResponse>[0], { schema?: unknown }>['schema']>;

/** A contract schema in the form that the OpenAPI document needs. */
export const openApiSchema = (schema: TSchema): OpenApiSchema =>
  JSON.parse(JSON.stringify(schema)) as OpenApiSchema;

/** Decorator: documents the successful answer of a route. */
export const Answers = (status: number, schema: TSchema, description = 'Done.') =>
  ApiResponse({ status, description, schema: openApiSchema(schema) });

/** The errors of every route for a room's participants. */
export const participantsOnly = ['malformed', 'unauthorized', 'not_a_participant', 'room_not_found'] as const;
/** The errors of every route for a room's administrator. */
export const administratorsOnly = [...participantsOnly, 'not_administrator'] as const;

/** A code and its description, in Markdown. */
export const describeError = (code: ErrorCode): string => `\`${code}\`: ${errorCodes[code].description}`;

/** The body of an answer with this code; the description stands for the message. */
export const exampleError = (code: ErrorCode): ErrorBody => ({
  error: { code, message: errorCodes[code].description },
});

/** The documentation of errors: by HTTP status, the codes that have it, with an example of each. */
export function errorResponses(codes: readonly ErrorCode[]) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = errorCodes[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return [...byStatus].map(([status, ofStatus]) => ({
    status,
    description: ofStatus.map(describeError).join('\n\n'),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/ErrorBody' },
        examples: Object.fromEntries(ofStatus.map((code) => [code, { value: exampleError(code) }])),
      },
    },
  }));
}

/** Decorator: documents the errors of a route, each code under its HTTP status, with an example. */
export const Refuses = (...codes: ErrorCode[]) =>
  applyDecorators(...errorResponses(codes).map((response) => ApiResponse(response)));
