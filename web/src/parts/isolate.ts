/** A name that users have given, for use within a text: its direction of writing does not affect what is around it. */
export const isolate = (name: string): string => `\u2068${name}\u2069`;
