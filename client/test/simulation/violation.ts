/** Something that the library promises did not hold. */
export class Violation extends Error {}

export function require(holds: boolean, what: string): void {
  if (!holds) throw new Violation(what);
}
