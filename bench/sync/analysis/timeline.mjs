/** What a room played: the states of its playback, one after the other. Times are seconds on the room clock. */
export class Timeline {
  #segments = [];
  #version = -1;

  /** Takes the room's newest state. @param now a stop takes effect at once */
  add({ status, version, track_id: trackId, started_at: startedAt, position }, now) {
    if (version <= this.#version) return;
    this.#version = version;
    const last = this.#segments.at(-1);
    if (status !== 'playing') {
      if (last) last.ends = Math.min(last.ends, status === 'paused' ? last.startedAt + position : now);
      return;
    }
    const begins = startedAt + position;
    if (last) last.ends = Math.min(last.ends, begins);
    this.#segments.push({ trackId, startedAt, begins, ends: Infinity });
  }

  /** What is played at a time; undefined for silence. */
  at(time) {
    return this.#segments.findLast(({ begins, ends }) => begins <= time && time < ends);
  }

  /** The stretches that are played without interruption, in order. */
  get segments() {
    return this.#segments.filter(({ begins, ends }) => begins < ends);
  }
}
