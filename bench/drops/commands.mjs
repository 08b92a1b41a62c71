import { percentile } from './percentile.mjs';

/**
 * Playback commands, due at a fixed rate and sent one after the other: if a server is slow to answer, the next
 * one waits, and its latency counts from when it was due.
 */
export class Commands {
  /** `{ sequence, publishedAt }` of each command that was answered with an event; Unix seconds. */
  published = [];
  #room;
  #latenciesMs = [];
  #failed = 0;
  #unsent = 0;

  constructor(room) {
    this.#room = room;
  }

  /**
   * Resolves when all that were sent have been answered. None is sent after `count / perSecond` seconds: those that
   * were still due by then count as unsent, with the time that they had waited as their latency.
   */
  async send(count, perSecond) {
    const began = performance.now();
    for (let n = 0; n < count; n += 1) {
      const due = began + (n * 1000) / perSecond;
      if (performance.now() > began + (count * 1000) / perSecond) {
        this.#unsent += 1;
        this.#latenciesMs.push(performance.now() - due);
        continue;
      }
      const earlyMs = due - performance.now();
      if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs));
      await this.#send(n, due);
    }
  }

  /** Latencies in milliseconds, from when a command was due to its answer. */
  figures() {
    const sorted = Float64Array.from(this.#latenciesMs).sort();
    return {
      count: sorted.length,
      failed: this.#failed,
      unsent: this.#unsent,
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
    };
  }

  async #send(n, due) {
    const action = ['pause', 'resume', 'seek'][n % 3];
    const publishedAt = (performance.timeOrigin + performance.now()) / 1000;
    try {
      const { status, body } = await this.#room.call(
        'POST',
        `/playback/${action}`,
        action === 'seek' ? { position: n % 300 } : {},
      );
      this.#latenciesMs.push(performance.now() - due);
      if (status !== 200) throw new Error(`${action}: ${status} ${JSON.stringify(body)}`);
      this.published.push({ sequence: body.event.sequence, publishedAt });
    } catch (error) {
      this.#failed += 1;
      process.stderr.write(`command failed: ${error.message}\n`);
    }
  }
}
