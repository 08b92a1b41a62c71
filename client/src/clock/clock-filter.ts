/*
 * The filter's model and constants are those of Sendspin's time filter
 * (https://github.com/Sendspin/time-filter, README.md and docs/theory.md), in seconds instead of microseconds. Different
 * here: the drift starts from what oscillators do instead of from the difference of the first two measurements.
 */

/** Standard deviation of a measurement, as a part of its round trip. */
const deviationOfRoundTrip = 1 / 4;
/** A clock is not read more precisely than this: browsers round to 0.1 ms. */
const minDeviation = 30e-6;
/** Random walk of the drift, in 1/√s; Sendspin's 1e-11 /√µs. The offset itself does not walk. */
const driftWalk = 1e-8;
/** Standard deviation of the drift before anything was measured: quartz oscillators differ by less than 100 ppm. */
const initialDrift = 100e-6;
/** A measurement that differs by more than this many times half its round trip is a change of the clock or the path. */
const cutoff = 3;
/** Factor by which the deviations grow then, so that the filter follows. */
const forgetting = 2;
/** Measurements before that is done: the first ones differ a lot. */
const minMeasurements = 100;
/** The drift is used to predict only where it is so many standard deviations away from none. */
const significance = 2;

/**
 * Estimates how a remote clock relates to the local one from round trips: a Kalman filter over the offset (remote −
 * local, seconds) and the drift (seconds a second). Pure: it reads no clock. A fixed asymmetry of the path, half of
 * which shifts the offset, cannot be seen by any filter of round trips.
 */
export class ClockFilter {
  #count = 0;
  /** Local time of the last measurement. */
  #at = 0;
  #offset = 0;
  #drift = 0;
  /** The covariance matrix of offset and drift. */
  #offsetVariance = Infinity;
  #covariance = 0;
  #driftVariance = initialDrift ** 2;

  get count(): number {
    return this.#count;
  }

  /**
   * Takes a measurement. Those that are not later than the last one are ignored.
   * @param at local time of the measurement, seconds
   * @param offset remote − local, seconds
   * @param roundTrip seconds, without the time that the remote side took
   * @param resolution of the remote clock, seconds
   */
  add(at: number, offset: number, roundTrip: number, resolution = 0): void {
    const deviation = Math.max(minDeviation, roundTrip * deviationOfRoundTrip);
    // The error of a rounded value is spread evenly over the resolution.
    const variance = deviation ** 2 + resolution ** 2 / 12;
    if (this.#count === 0) {
      this.#count = 1;
      this.#at = at;
      this.#offset = offset;
      this.#offsetVariance = variance;
      return;
    }
    const elapsed = at - this.#at;
    if (elapsed <= 0) return;
    this.#predict(elapsed);
    this.#at = at;
    this.#count += 1;
    const residual = offset - this.#offset;
    if (this.#count > minMeasurements && Math.abs(residual) > cutoff * Math.max(roundTrip / 2, deviation)) {
      this.#offsetVariance *= forgetting ** 2;
      this.#covariance *= forgetting ** 2;
      this.#driftVariance *= forgetting ** 2;
    }
    this.#correct(residual, variance);
  }

  /** Remote − local at a local time, in seconds. NaN before the first measurement. */
  offsetAt(at: number): number {
    return this.#count === 0 ? NaN : this.#offset + this.drift * (at - this.#at);
  }

  /** Seconds a second by which the remote clock is faster; 0 while that is not certain enough. */
  get drift(): number {
    return this.#drift ** 2 > significance ** 2 * this.#driftVariance ? this.#drift : 0;
  }

  /** The standard deviation of `offsetAt`, in seconds. Infinity before the first measurement. */
  deviationAt(at: number): number {
    if (this.#count === 0) return Infinity;
    const elapsed = Math.max(0, at - this.#at);
    return Math.sqrt(
      this.#offsetVariance + 2 * this.#covariance * elapsed + this.#driftVariance * elapsed ** 2,
    );
  }

  #predict(elapsed: number): void {
    this.#offset += this.#drift * elapsed;
    this.#offsetVariance += 2 * this.#covariance * elapsed + this.#driftVariance * elapsed ** 2;
    this.#covariance += this.#driftVariance * elapsed;
    this.#driftVariance += driftWalk ** 2 * elapsed;
  }

  #correct(residual: number, variance: number): void {
    const offsetGain = this.#offsetVariance / (this.#offsetVariance + variance);
    const driftGain = this.#covariance / (this.#offsetVariance + variance);
    this.#offset += offsetGain * residual;
    this.#drift += driftGain * residual;
    this.#driftVariance -= driftGain * this.#covariance;
    this.#covariance *= 1 - offsetGain;
    this.#offsetVariance *= 1 - offsetGain;
  }
}
