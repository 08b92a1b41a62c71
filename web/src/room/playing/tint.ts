import type { Track } from '@roomcast/client';
import type { CSSProperties } from 'react';

/** Hue in degrees and saturation 0 to 1 of a color `#rrggbb`. */
function hueOf(color: string): { hue: number; saturation: number } {
  const [r, g, b] = [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16) / 255) as [
    number,
    number,
    number,
  ];
  const max = Math.max(r, g, b);
  const range = max - Math.min(r, g, b);
  if (range === 0) return { hue: 0, saturation: 0 };
  const sector =
    max === r ? ((g - b) / range + 6) % 6 : max === g ? (b - r) / range + 2 : (r - g) / range + 4;
  return { hue: sector * 60, saturation: range / max };
}

/** A track without a cover has a color all the same, and always the same one. */
function hueOfText(text: string): number {
  let hash = 0;
  for (const character of text) hash = (hash * 31 + character.codePointAt(0)!) >>> 0;
  return hash % 360;
}

/**
 * The colors of a track as variables for styles. Only hue and saturation come from the cover: the lightness is fixed, so
 * that text on them keeps its contrast.
 */
export function tintOf(track: Track | null): CSSProperties {
  if (!track) return {};
  const color = track.cover_color;
  const known = color && /^#[\da-f]{6}$/i.test(color);
  const { hue, saturation } = known
    ? hueOf(color)
    : { hue: hueOfText(track.artist ?? track.title), saturation: 0.5 };
  const h = Math.round(hue);
  const s = Math.round(Math.min(saturation, 0.65) * 100);
  return {
    '--tint-dark': `hsl(${h} ${s}% 17%)`,
    '--tint-light': `hsl(${h} ${s}% 89%)`,
    '--cover-from': `hsl(${h} ${s}% 34%)`,
    '--cover-to': `hsl(${(h + 40) % 360} ${s}% 18%)`,
  } as CSSProperties;
}
