import { Problem } from './problem.js';

/** Deeper than any DTO. class-transformer and JSON.stringify recurse into the input and would overflow the stack. */
const maxDepth = 16;
/** More than any DTO has, and few enough that class-transformer, which copies undeclared fields too, is fast. */
const maxValues = 200;

/** Refuses input of which the processing would take long, after looking at `maxValues` values. @throws {Problem} malformed */
export function requireSimple(input: unknown): void {
  let values = 0;
  const visit = (value: unknown, depth: number): void => {
    values += 1;
    if (values > maxValues) throw new Problem('malformed', `The input has more than ${maxValues} values.`);
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
    if (depth > maxDepth) throw new Problem('malformed', 'The input is nested too deeply.');
    // Not Object.values, which would copy all of them.
    for (const name in value) visit((value as Record<string, unknown>)[name], depth + 1);
  };
  visit(input, 0);
}
