import { figuresOf } from '../i18n/figures.js';

/*
 * Figures with their units. Digits and units stay together, and read from left to right also within Arabic text.
 */

/** @param seconds as the server sends it @param digits after the point @returns milliseconds, or seconds from 10 s on */
export function formatSeconds(seconds: number | null | undefined, language: string, digits = 0): string {
  if (seconds === null || seconds === undefined) return '–';
  const isLong = Math.abs(seconds) >= 10;
  const value = isLong ? seconds : seconds * 1000;
  return new Intl.NumberFormat(figuresOf(language), {
    style: 'unit',
    unit: isLong ? 'second' : 'millisecond',
    unitDisplay: 'short',
    maximumFractionDigits: isLong ? 1 : digits,
    minimumFractionDigits: isLong ? 1 : digits,
  }).format(value);
}

/** Like `formatSeconds`, with the sign: positive is ahead. */
export function formatDrift(seconds: number | null | undefined, language: string): string {
  if (seconds === null || seconds === undefined) return '–';
  return new Intl.NumberFormat(figuresOf(language), {
    style: 'unit',
    unit: 'millisecond',
    unitDisplay: 'short',
    maximumFractionDigits: 1,
    minimumFractionDigits: 1,
    signDisplay: 'exceptZero',
  }).format(seconds * 1000);
}

export const formatCount = (count: number, language: string): string =>
  new Intl.NumberFormat(figuresOf(language)).format(count);

/** @param time Unix time in seconds @returns hours, minutes and seconds of this device's clock */
export const formatClock = (time: number, language: string): string =>
  new Intl.DateTimeFormat(figuresOf(language), { timeStyle: 'medium' }).format(time * 1000);
