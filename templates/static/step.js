// One clock, and what keeps a player in step with it. Pure but for the clock's own clock.

const close = 8;
const far = 700;
const most = 0.3;
const within = 500;

/** A clock of moments that can be set, run at any speed, and stopped. */
export class MasterClock {
  #at = 0;
  #since = null;
  #rate = 1;
  #now;

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  get at() {
    return this.#since === null ? this.#at : this.#at + (this.#now() - this.#since) * this.#rate;
  }

  get isRunning() {
    return this.#since !== null;
  }

  /** Stops at a moment. */
  set(at) {
    const runs = this.isRunning;
    this.#at = at;
    this.#since = null;
    return runs;
  }

  run(rate) {
    this.#at = this.at;
    this.#rate = rate;
    this.#since = this.#now();
  }

  stop() {
    this.#at = this.at;
    this.#since = null;
  }
}

/** What to do about being `off` milliseconds ahead of the clock: a pace that makes it good soon, or `isFar`: go there at once. */
export function correction(off, rate) {
  const scaled = off / Math.max(1, rate);
  if (Math.abs(scaled) > far) return { isFar: true };
  if (Math.abs(scaled) < close) return { pace: rate };
  return { pace: rate * (1 - Math.max(-most, Math.min(most, scaled / within))) };
}

/** How far apart moments are; null if there are less than two. */
export function spread(positions) {
  const there = positions.filter((position) => position !== null);
  return there.length < 2 ? null : Math.max(...there) - Math.min(...there);
}
