/** As in package.json, which the bundle has no copy of; test/operator.e2e-spec.ts compares them. */
export const version = '0.1.0';
