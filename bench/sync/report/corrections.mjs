/** Rates below this, and changes of the clock below this many ms, are not written down. */
const leastRate = 0.0002;
const leastMs = 0.3;
/** Between two notes that are compared: the length of the player's chunks. */
const seconds = 0.5;

/**
 * What a player did, and why, by its own account.
 * @param recording see `Listener.finish`
 * @param begins the time from which on time is counted
 * @returns a line for each change of its status, each half second at another speed, each cut, and each change of its
 * room clock
 */
export function corrections({ name, notes }, begins) {
  const lines = [`${name}:`];
  const write = ({ time }, text) => lines.push(`  ${(time - begins).toFixed(1).padStart(6)} s  ${text}`);
  let status = '';
  let last = notes[0];
  for (const note of notes) {
    const now = `${note.status.is} (${note.status.reason})`;
    if (now !== status) write(note, (status = now));
    const elapsed = note.contextTime - last.contextTime;
    if (note.trackId === last.trackId && elapsed < seconds) continue;
    const clockMs = 1000 * (note.clockOffset - last.clockOffset);
    if (Math.abs(clockMs) >= leastMs) write(note, `room clock ${clockMs.toFixed(2)} ms`);
    if (note.trackId === last.trackId && note.trackId !== undefined) {
      const rate = (note.position - last.position) / elapsed - 1;
      const error = `error ${(1000 * note.error).toFixed(2)} ms`;
      if (Math.abs(rate) >= leastRate) write(note, `speed ${(100 * rate).toFixed(3)} %, ${error}`);
    }
    last = note;
  }
  return lines.join('\n');
}
