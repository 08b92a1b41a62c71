/** What the control loop knows at one step. Times are seconds; `error` > 0 means ahead of the room. */
export interface ControlInput {
  /** Context time. */
  now: number;
  /** The error where the scheduled audio ends, and where the next chunk begins. */
  error: number;
  /** Seconds that the next chunk lasts. */
  chunk: number;
  /** By how much faster the room clock runs than the output: 1e-4 where the room gains 0.1 ms a second. */
  drift: number;
  /** Uncertainty of the room clock; the error is not known better than this. */
  uncertainty: number;
}

/** How the next chunk is rendered: at `1 + rate` times the nominal speed, or from the right position on. */
export type ControlOutput =
  | { action: 'keep' | 'adjust'; rate: number }
  /** A cut with a cross-fade to where the room is. */
  | { action: 'jump'; rate: number };

export interface ControlState {
  /** Context time of the last jump; −Infinity before the first one. */
  lastJump: number;
  /** Whether the error was corrected at the last step: an error is corrected to half of the dead band. */
  correcting: boolean;
}

export const initialControl: ControlState = { lastJump: -Infinity, correcting: false };

/** Errors below this are left alone. */
export const deadBand = 0.0001;
/** Errors from here on are corrected at the higher speed. */
export const fastFrom = 0.002;
/** Errors above this are cut. */
export const jumpFrom = 0.015;
/** Seconds in which a small error is corrected. */
const correctionTime = 10;
/** 0.1 %: 2 cents, not heard. Covers the drift of any sound card. */
export const maxRate = 0.001;
/** 0.5 %: 9 cents, for at most 3 s. */
export const maxFastRate = 0.005;
/** Seconds after a jump before another one: the clocks have to settle after what caused it. */
export const jumpCooldown = 1.5;

const clamp = (value: number, limit: number) => Math.max(-limit, Math.min(limit, value));

/** One step of the control loop: a function of the state and what is known, without memory of its own. */
export function controlStep(state: ControlState, input: ControlInput): [ControlState, ControlOutput] {
  const { error, chunk, now } = input;
  const size = Math.abs(error);
  const drift = Number.isFinite(input.drift) ? clamp(input.drift, maxRate) : 0;
  if (size > jumpFrom && size > input.uncertainty && now - state.lastJump >= jumpCooldown) {
    return [
      { lastJump: now, correcting: false },
      { action: 'jump', rate: drift },
    ];
  }
  const correcting = size > (state.correcting ? deadBand / 2 : deadBand);
  if (!correcting) {
    return [
      { ...state, correcting },
      { action: 'keep', rate: drift },
    ];
  }
  const fast = size >= fastFrom && size > input.uncertainty;
  // A correction larger than the error itself within one chunk would overshoot.
  const wanted = fast ? -error / chunk : clamp(-error / Math.max(correctionTime, chunk), size / chunk);
  const rate = clamp(drift + wanted, fast ? maxFastRate : maxRate);
  return [
    { ...state, correcting },
    { action: 'adjust', rate },
  ];
}

/**
 * How far ahead audio is scheduled, in seconds: what is scheduled cannot follow the clock, so little where the clock
 * is uncertain, and much where timers are throttled.
 */
export function horizonFor(uncertainty: number, hidden: boolean): number {
  if (hidden) return 20;
  if (uncertainty > 0.01) return 4;
  return uncertainty > 0.002 ? 8 : 20;
}
