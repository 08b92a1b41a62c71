/**
 * Work that repeats at an interval. Runs never overlap: one that takes longer than the interval skips the runs that
 * would have begun meanwhile. Owned by the service whose work it is. `Lifecycle` starts and stops those made with
 * `Lifecycle.repeat`; `NodesService` starts and stops its own.
 */
export class RepeatingTask {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(
    readonly intervalMs: number,
    private readonly work: () => void | Promise<void>,
    private readonly onError: (error: unknown) => void,
  ) {}

  start(): void {
    this.#timer ??= setInterval(() => void this.run(), this.intervalMs);
  }

  /** Runs the work now, or joins the run in progress. Never rejects: errors go to `onError`. */
  run(): Promise<void> {
    this.#running ??= this.#execute().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Resolves once no run is in progress; none begins afterwards. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  async #execute(): Promise<void> {
    try {
      await this.work();
    } catch (error) {
      this.onError(error);
    }
  }
}
