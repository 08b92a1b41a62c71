/**
 * An async iterator with a bounded buffer, for one consumer. A value that does not fit empties the buffer: what was not
 * read is replaced by the value of `onOverflow`.
 */
export class EventIterator<T> implements AsyncIterableIterator<T> {
  #buffer: T[] = [];
  readonly #waiting: ((result: IteratorResult<T>) => void)[] = [];
  #isDone = false;

  /**
   * @param limit values that wait at most
   * @param onOverflow what the consumer receives instead of the values that it did not read
   * @param onEnd called once, when the iterator is over
   */
  constructor(
    private readonly limit: number,
    private readonly onOverflow: () => T,
    private readonly onEnd: () => void,
  ) {}

  push(value: T): void {
    if (this.#isDone) return;
    const waiting = this.#waiting.shift();
    if (waiting) waiting({ done: false, value });
    else if (this.#buffer.length < this.limit) this.#buffer.push(value);
    else this.#buffer = [this.onOverflow()];
  }

  /** Ends it after what is in the buffer. */
  end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined });
    this.onEnd();
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#buffer.length > 0) return Promise.resolve({ done: false, value: this.#buffer.shift()! });
    if (this.#isDone) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Called by `for await` when the loop is left. */
  return(): Promise<IteratorResult<T>> {
    this.#buffer = [];
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
