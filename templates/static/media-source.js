// What a media element can show at the moment: a Media Source whose timeline is wall time, a budget for what lies in it, and
// the times of its frames.

/** Budgets: what is kept behind the play head and gathered before it. */
export const budget = { aheadSeconds: 30, aheadBytes: 60e6, behindSeconds: 15, behindBytes: 24e6 };

const Source = globalThis.MediaSource ?? globalThis.ManagedMediaSource;
const window_ = 48 * 3600e3;

/** True if this browser has what it takes at all. */
export const canPlay = Boolean(Source);
/** True if this browser decodes a codec. */
export const isSupported = (type) => Boolean(Source?.isTypeSupported(type));
/** The type of one track with a codec. */
export const typeOf = (kind, codec) => `${kind}/mp4; codecs="${codec}"`;

/** What lies in a buffer, by time: spans of fragments with their frames. Pure. */
export class Ledger {
  // { start, end, isKey, times, bytes }, milliseconds since 1970, by start.
  spans = [];

  /** Adds a span; whatever it covers is taken away, as the buffer does it. */
  add(span) {
    this.spans = this.spans.flatMap((other) => {
      if (other.start >= span.end || other.end <= span.start) return [other];
      if (other.start >= span.start) return [];
      return [{ ...other, end: span.start, times: other.times.filter((time) => time < span.start) }];
    });
    const index = this.spans.findIndex((other) => other.start > span.start);
    this.spans.splice(index < 0 ? this.spans.length : index, 0, span);
  }

  remove(from, to) {
    this.spans = this.spans.filter((span) => span.start < from || span.start >= to);
  }

  at(time) {
    return this.spans.find((span) => span.start <= time + 1 && time < span.end);
  }

  /** The frame that is shown at a moment; null without one. */
  frame(time) {
    const span = this.spans.findLast((one) => one.start <= time + 0.5);
    return span?.times.findLast((one) => one <= time + 0.5) ?? null;
  }

  /** The frame after a moment, if it follows without a hole. */
  frameAfter(time) {
    const index = this.spans.findLastIndex((one) => one.start <= time + 0.5);
    if (index < 0) return null;
    const inside = this.spans[index].times.find((one) => one > time + 0.5);
    if (inside !== undefined) return inside;
    const next = this.spans[index + 1];
    return next && next.start - this.spans[index].end < crack ? next.times[0] : null;
  }

  /** The frame before a moment, if nothing lies between. */
  frameBefore(time) {
    const index = this.spans.findLastIndex((one) => one.start < time - 0.5);
    if (index < 0) return null;
    const next = this.spans[index + 1];
    // The frame at `time` begins the next span: a hole between is none to step over silently.
    if (next && next.start <= time + 0.5 && next.start - this.spans[index].end >= crack) return null;
    if (!next && time >= this.spans[index].end + crack) return null;
    return this.spans[index].times.findLast((one) => one < time - 0.5) ?? null;
  }

  /** The end of what can be played from a moment on without a hole. */
  reach(time) {
    let end = time;
    for (const span of this.spans) {
      if (span.end <= end) continue;
      if (span.start > end + crack) break;
      end = span.end;
    }
    return end;
  }

  bytes(from, to) {
    return this.spans.reduce((sum, span) => (span.start >= from && span.start < to ? sum + span.bytes : sum), 0);
  }

  /** How long the spans between two moments last together. */
  length(from, to) {
    return this.spans.reduce((sum, span) => sum + Math.max(0, Math.min(to, span.end) - Math.max(from, span.start)), 0);
  }

  /** Up to where the past may be forgotten: a key span's start, so that nothing that is needed goes. Null for nowhere. */
  forgetBefore(time, { behindSeconds, behindBytes }) {
    const past = this.spans.filter((span) => span.end <= time);
    let bytes = 0;
    let index = past.length;
    while (index > 0 && time - past[index - 1].start <= behindSeconds * 1000 && bytes + past[index - 1].bytes <= behindBytes) {
      index -= 1;
      bytes += past[index].bytes;
    }
    if (index === 0) return null;
    const keep = this.spans.slice(0, index + 1).findLast((span) => span.isKey && span.start <= time);
    return keep && keep !== this.spans[0] ? keep.start : null;
  }
}

/** Shorter holes are stepped over without a word, in milliseconds. */
export const crack = 1000;

/** One media element's buffer for one kind of track. */
export class MediaBuffer {
  ledger = new Ledger();
  #element;
  #kind;
  #media = null;
  #buffer = null;
  #address = "";
  #queue = Promise.resolve();
  #init = null;
  #codec = "";
  #zero = null;

  constructor(element, kind) {
    this.#element = element;
    this.#kind = kind;
  }

  /** The moment that the element shows, in milliseconds since 1970; null without a source. */
  get time() {
    return this.base === null ? null : this.base + this.#element.currentTime * 1000;
  }

  set time(at) {
    this.#element.currentTime = (at - this.base) / 1000;
  }

  /** The wall time of the element's time 0. */
  base = null;

  /** True if a moment can be put on the present timeline. */
  covers(at) {
    return this.base !== null && at >= this.base && at < this.base + window_ && this.#media?.readyState !== "closed";
  }

  /** Begins anew, with a timeline around a moment. */
  async open(at, codec) {
    this.close();
    const media = new Source();
    this.#media = media;
    this.base = Math.floor(at / 3600e3) * 3600e3 - window_ / 2;
    this.#address = URL.createObjectURL(media);
    this.#element.disableRemotePlayback = true;
    const opened = new Promise((done) => media.addEventListener("sourceopen", done, { once: true }));
    this.#element.src = this.#address;
    await opened;
    if (this.#media !== media) return;
    this.#codec = codec;
    this.#buffer = media.addSourceBuffer(typeOf(this.#kind, codec));
    media.duration = window_ / 1000;
  }

  /** Lets go of everything. */
  close() {
    if (this.#media) {
      URL.revokeObjectURL(this.#address);
      this.#element.removeAttribute("src");
      this.#element.load();
    }
    this.#media = this.#buffer = this.#init = this.#zero = this.base = null;
    this.ledger = new Ledger();
    this.#queue = Promise.resolve();
  }

  /** Where the element has something, as pairs of milliseconds since 1970. */
  ranges() {
    const ranges = [];
    for (let index = 0; this.#buffer && index < this.#element.buffered.length; index += 1) {
      ranges.push([this.base + this.#element.buffered.start(index) * 1000, this.base + this.#element.buffered.end(index) * 1000]);
    }
    return ranges;
  }

  /** Forgets what the browser has thrown out by itself. */
  reconcile() {
    const ranges = this.ranges();
    this.ledger.spans = this.ledger.spans.filter((span) => {
      const middle = (span.start + span.end) / 2;
      return ranges.some(([start, end]) => start <= middle && middle < end);
    });
  }

  /** True if a moment can be shown at once. */
  has(at) {
    return this.ledger.at(at) !== undefined && this.ranges().some(([start, end]) => start - 2 <= at && at < end);
  }

  /** Adds one track of a fragment. */
  add(track, codec, isKey) {
    return this.#next(async (buffer) => {
      if (codec !== this.#codec) {
        buffer.changeType(typeOf(this.#kind, codec));
        this.#codec = codec;
        this.#init = null;
      }
      if (!isSame(this.#init, track.init)) {
        await this.#append(buffer, track.init);
        this.#init = track.init;
        this.#zero = null;
      }
      // Where the clocks creep, all of a run stays on one line as long as nobody can see it.
      if (this.#zero === null || Math.abs(track.zero - this.#zero) >= 2) {
        this.#zero = track.zero;
        buffer.timestampOffset = (track.zero - this.base) / 1000;
      }
      await this.#append(buffer, track.bytes);
      const moved = this.#zero - track.zero;
      const times = track.times.map((time) => time + moved);
      this.ledger.add({ start: times[0], end: track.end + moved, isKey, times, bytes: track.bytes.length });
    });
  }

  /** Forgets a stretch. */
  remove(from, to) {
    return this.#next(async (buffer) => {
      const [start, end] = [Math.max(0, (from - this.base) / 1000), Math.min(window_, to - this.base) / 1000];
      if (!(end > start)) return;
      await this.#done(buffer, () => buffer.remove(start, end));
      this.ledger.remove(from, to);
    });
  }

  /** Forgets what was shown long ago. */
  async tidy(limits = budget) {
    const until = this.ledger.forgetBefore(this.time, limits);
    if (until !== null) await this.remove(this.base, until);
  }

  /** One after the other: a source buffer does one thing at a time. */
  #next(act) {
    const buffer = this.#buffer;
    const turn = this.#queue.then(() => {
      if (buffer !== this.#buffer || !buffer) throw new DOMException("the buffer was closed", "AbortError");
      return act(buffer);
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  #append(buffer, bytes) {
    return this.#done(buffer, () => buffer.appendBuffer(bytes));
  }

  #done(buffer, act) {
    return new Promise((done, failed) => {
      const end = (event) => {
        buffer.removeEventListener("updateend", end);
        buffer.removeEventListener("error", end);
        buffer.removeEventListener("abort", end);
        if (event.type === "updateend") done();
        else failed(new Error("this browser can't decode it"));
      };
      for (const name of ["updateend", "error", "abort"]) buffer.addEventListener(name, end);
      try {
        act();
      } catch (error) {
        for (const name of ["updateend", "error", "abort"]) buffer.removeEventListener(name, end);
        failed(error);
      }
    });
  }
}

function isSame(one, other) {
  return one !== null && one.length === other.length && one.every((byte, index) => byte === other[index]);
}
