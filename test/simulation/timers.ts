/** Takes over `setInterval` of what it runs: the simulation's clock drives it. */
export class CapturedTimers {
  #latest: (() => void) | undefined;

  capture(start: () => void): () => void {
    const real = globalThis.setInterval;
    globalThis.setInterval = ((work: () => void) => {
      this.#latest = work;
    }) as unknown as typeof setInterval;
    try {
      start();
    } finally {
      globalThis.setInterval = real;
    }
    return this.#latest!;
  }
}
