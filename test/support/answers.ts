import { expect } from '@jest/globals';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { ErrorBody, type ErrorCode, envelopeOf, type Envelope } from '../../src/contract/index.js';
import type { Answer } from './api.js';

/** Checks a successful answer: its status, and its schema in the contract. */
export function expectAnswer({ status, body }: Answer, expected: number, schema: TSchema): void {
  expect({ status, body }).toMatchObject({ status: expected });
  expect([...Value.Errors(schema, body)]).toEqual([]);
}

/** Checks a refusal: its status, its code, and the error format. */
export function expectProblem({ status, body }: Answer, expected: number, code: ErrorCode): void {
  expect({ status, body }).toMatchObject({ status: expected, body: { error: { code } } });
  expect([...Value.Errors(ErrorBody, body)]).toEqual([]);
}

/** Checks events against the catalogue. */
export function expectValid(events: readonly Envelope[]): void {
  const wrong = events.flatMap((event) =>
    [...Value.Errors(envelopeOf(event.type), event)].map(({ instancePath, message }) => ({
      type: event.type,
      instancePath,
      message,
    })),
  );
  expect(wrong).toEqual([]);
}
