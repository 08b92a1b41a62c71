/** A promise of the protocol that did not hold. */
export class Violation extends Error {}

let first: Violation | undefined;

/** Stored as well as thrown: the server catches errors while it sends. */
export function fail(what: string): never {
  const violation = new Violation(what);
  first ??= violation;
  throw violation;
}

export function forgetViolations(): void {
  first = undefined;
}

/** @throws {Violation} the first one */
export function throwFirstViolation(): void {
  if (first) throw first;
}
