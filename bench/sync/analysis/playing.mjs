/** The player corrects by at most 0.5 %; what moves farther between two windows is a cut. */
const maxRate = 0.005;
/** What a position may be wrong by. */
const tolerance = 0.0005;

/**
 * How a listener played between windows of one track: its rate, from the recording alone, and its cuts.
 * @param windows of one listener, see `Heard.at`
 * @param rate frames a second
 * @returns `fastest`: the largest distance of the rate from 1; `cuts`: how often the position jumped
 */
export function playing(windows, rate) {
  let fastest = 0;
  let cuts = 0;
  windows.forEach((window, index) => {
    const before = windows[index - 1];
    if (!before || before.trackId !== window.trackId) return;
    const elapsed = (window.frame - before.frame) / rate;
    const moved = window.position - before.position - elapsed;
    if (Number.isNaN(moved)) return;
    if (Math.abs(moved) > maxRate * elapsed + tolerance) cuts += 1;
    else if (!before.disturbed && !window.disturbed) fastest = Math.max(fastest, Math.abs(moved) / elapsed);
  });
  return { fastest, cuts };
}

/** The value that a part of the values do not exceed; NaN of nothing. */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}
