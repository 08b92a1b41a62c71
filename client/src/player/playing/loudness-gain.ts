import type { PlayerTrack } from '../player-room.js';

/** LUFS that tracks are brought to. */
const targetLoudness = -14;
/** dBTP that no track is raised above. */
const maxTruePeak = -1;
/** Quiet tracks are raised by no more decibels than this. */
const maxGain = 6;

/** The gain that levels a track, as a factor; 1 if its loudness is not known. */
export function loudnessGain({ loudness }: PlayerTrack): number {
  if (!loudness) return 1;
  const { integrated_lufs: loud, true_peak_db: peak } = loudness;
  const decibels = Math.min(targetLoudness - loud, maxTruePeak - peak, maxGain);
  return Number.isFinite(decibels) ? 10 ** (decibels / 20) : 1;
}
