import { Compile } from 'typebox/compile';
import { catalogue, eventTypes, type EventData, type EventType } from './index.js';

const checks = new Map(eventTypes.map((type) => [type, Compile(catalogue[type].data)]));

/**
 * Checks a payload against the catalogue before it is written or sent. A payload that does not fit is a bug of the
 * server and must not reach a client.
 * @throws {TypeError} that names what is wrong
 */
export function checkPayload<T extends EventType>(type: T, data: EventData<T>): void {
  const check = checks.get(type);
  if (!check || check.Check(data)) return;
  const [error] = check.Errors(data);
  throw new TypeError(
    `payload of ${type}${error?.instancePath ?? ''}: ${error?.message ?? 'does not match'}`,
  );
}
