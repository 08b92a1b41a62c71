import { Fft } from './fft.mjs';

// Looking up a global is slow in Jest, and this is used for each lag.
const { sqrt } = Math;
const transforms = new Map();

function transformFor(length) {
  const size = 2 ** Math.ceil(Math.log2(length));
  if (!transforms.has(size)) transforms.set(size, new Fft(size));
  return transforms.get(size);
}

/**
 * Where in a longer stretch of the source a captured one lies, by normalised cross-correlation.
 * @param source samples of the source
 * @param captured at most as long as `source`
 * @returns `lag`: the index in `source`, with fraction, at which `captured` begins; `quality`: the correlation there,
 * 1 where both are the same but for their level, 0 for silence
 */
export function locate(source, captured) {
  const lags = source.length - captured.length + 1;
  if (lags < 1) throw new RangeError('the captured stretch is longer than the source');
  const energy = sumOfSquares(captured, 0, captured.length);
  if (energy === 0) return { lag: 0, quality: 0 };
  const products = crossCorrelation(source, captured);
  let window = sumOfSquares(source, 0, captured.length);
  const values = new Float64Array(lags);
  let best = 0;
  for (let lag = 0; lag < lags; lag += 1) {
    values[lag] = window > 0 ? products[lag] / sqrt(window * energy) : 0;
    if (values[lag] > values[best]) best = lag;
    window += source[lag + captured.length] ** 2 - source[lag] ** 2;
  }
  return { lag: best + peakOffset(values, best), quality: values[best] };
}

/** The first lags of the cross-correlation. Source and captured are the two halves of one complex transform. */
function crossCorrelation(source, captured) {
  const fft = transformFor(source.length);
  const { size } = fft;
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  re.set(source);
  im.set(captured);
  fft.forward(re, im);
  const outRe = new Float64Array(size);
  const outIm = new Float64Array(size);
  for (let i = 0; i < size; i += 1) {
    const j = (size - i) % size;
    const sourceRe = (re[i] + re[j]) / 2;
    const sourceIm = (im[i] - im[j]) / 2;
    const capturedRe = (im[i] + im[j]) / 2;
    const capturedIm = (re[j] - re[i]) / 2;
    outRe[i] = sourceRe * capturedRe + sourceIm * capturedIm;
    outIm[i] = sourceIm * capturedRe - sourceRe * capturedIm;
  }
  fft.inverse(outRe, outIm);
  return outRe;
}

/** The place of a peak between samples: of the parabola through it and its neighbours. */
function peakOffset(values, index) {
  if (index === 0 || index === values.length - 1) return 0;
  const [before, peak, after] = [values[index - 1], values[index], values[index + 1]];
  const curvature = before - 2 * peak + after;
  return curvature === 0 ? 0 : (before - after) / (2 * curvature);
}

function sumOfSquares(values, from, to) {
  let sum = 0;
  for (let i = from; i < to; i += 1) sum += values[i] ** 2;
  return sum;
}
