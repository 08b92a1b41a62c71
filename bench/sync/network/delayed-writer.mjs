/** A source with more than this on its way is not read until less is. */
const maxBytes = 4 * 1024 * 1024;

/** Passes on what one socket receives to another, each part after a delay of its own, in order. Owned by the proxy. */
export class DelayedWriter {
  #queue = [];
  #bytes = 0;
  #lastDue = 0;
  #timer;

  /** @param delayMs called for each part */
  constructor(from, to, delayMs) {
    this.from = from;
    this.to = to;
    this.delayMs = delayMs;
    to.on('close', () => clearTimeout(this.#timer));
  }

  write(chunk) {
    this.#add(chunk, chunk.length);
  }

  /** Ends the stream behind what was written. */
  end() {
    this.#add(null, 0);
  }

  #add(chunk, bytes) {
    const due = Math.max(this.#lastDue, performance.now() + this.delayMs());
    this.#lastDue = due;
    this.#queue.push({ chunk, bytes, due });
    this.#bytes += bytes;
    if (this.#bytes > maxBytes) this.from.pause();
    if (this.#queue.length === 1) this.#send();
  }

  /** Sends what is due, and waits for the rest. */
  #send() {
    while (this.#queue.length > 0) {
      const [{ chunk, bytes, due }] = this.#queue;
      const waitMs = due - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#send(), Math.ceil(waitMs));
        return;
      }
      this.#queue.shift();
      this.#bytes -= bytes;
      if (this.to.destroyed) continue;
      if (chunk === null) this.to.end();
      else this.to.write(chunk);
    }
    this.from.resume();
  }
}
