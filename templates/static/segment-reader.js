// Reads one recording from a moment on, fragment by fragment, in pieces asked for by Range: no more than a piece is ever
// under way, and of a long recording only what is played.

import { BadMedia, BoxSplitter, findFragment, join, keySamples, readFragment, readInit, readReferenceTime, writeFragment } from "./mp4.js";

const piece = 4 << 20;
const opening = 256 << 10;
// Nearer than this, reading on is quicker than asking anew.
const near = 3 << 20;
const tries = 3;

/** What a recording could not be played for; skipped with a mark. */
export class SegmentFailure extends Error {}

const pause = (milliseconds, signal) => new Promise((done, failed) => {
  const end = () => {
    clearTimeout(timer);
    failed(signal.reason);
  };
  const timer = setTimeout(() => {
    signal.removeEventListener("abort", end);
    done();
  }, milliseconds);
  signal.addEventListener("abort", end, { once: true });
});

async function reason(response) {
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("json")) return `the server answered ${response.status}`;
  const problem = await response.json().catch(() => ({}));
  return problem.detail ?? `the server answered ${response.status}`;
}

/**
 * What is known of the inside of a recording: its init sections, and where some of its fragments begin. It is kept with the
 * segment, so that seeking back and forth asks less and less.
 */
class Inside {
  init = null;
  bytes;
  // Key fragments: [{ at: milliseconds since 1970, offset }], by time.
  known = [];

  constructor(segment) {
    this.bytes = segment.bytes;
  }

  note(at, offset) {
    const index = this.known.findIndex((one) => one.offset >= offset);
    if (index >= 0 && this.known[index].offset === offset) return;
    this.known.splice(index < 0 ? this.known.length : index, 0, { at, offset });
  }

  before(at) {
    return this.known.findLast((one) => one.at <= at);
  }

  after(at) {
    return this.known.find((one) => one.at > at);
  }
}

const insides = new WeakMap();

/** A reader of the fragments of a segment, for one seek. */
export class SegmentReader {
  #segment;
  #signal;
  #inside;
  #splitter = null;
  #ready = [];
  #stream = null;
  #pieceLeft = 0;
  #ftyp = null;
  #moof = null;
  #moofAt = 0;
  #wall = null;
  #options;

  /** Options: `keysOnly` leaves out what can't be decoded alone; `sound` wants the audio as well. */
  constructor(segment, options, signal) {
    this.#segment = segment;
    this.#options = options;
    this.#signal = signal;
    if (!insides.has(segment)) insides.set(segment, new Inside(segment));
    this.#inside = insides.get(segment);
  }

  /** True if nothing is under way: the place to pause for long. */
  get isBetweenPieces() {
    return this.#stream === null && this.#ready.length === 0;
  }

  /** Goes to the last key fragment that begins before a moment. */
  async seek(at) {
    if (this.#inside.bytes > near) {
      if (!this.#inside.init) await this.#open();
      for (let round = 0; round < 5; round += 1) {
        const guess = this.#guess(at);
        if (guess === null || !(await this.#probe(guess))) break;
      }
      await this.#end();
      this.#ready = [];
    }
    this.#splitter = new BoxSplitter((this.#inside.init && this.#inside.before(at)?.offset) ?? 0);
  }

  /** The next fragment; null behind the last one. */
  async next() {
    let failed = 0;
    for (;;) {
      if (this.#ready.length) return this.#ready.shift();
      if (!this.#splitter) this.#splitter = new BoxSplitter(0);
      const place = this.#splitter.offset + this.#splitter.rest;
      if (place >= this.#inside.bytes) {
        if (this.#splitter.rest) throw new SegmentFailure("its file is damaged or cut off");
        return null;
      }
      try {
        await this.#read(place);
        failed = 0;
      } catch (error) {
        await this.#end();
        if (this.#signal.aborted) throw error;
        if (error instanceof SegmentFailure) throw error;
        if (error instanceof BadMedia || error instanceof RangeError) throw new SegmentFailure(`its file is damaged (${error.message})`);
        failed += 1;
        if (failed === tries) throw new SegmentFailure(error.message || "it could not be loaded");
        await pause(300 * failed, this.#signal);
      }
    }
  }

  /** Ends what is under way. */
  async #end() {
    const stream = this.#stream;
    this.#stream = null;
    await stream?.cancel().catch(() => {});
  }

  /** Reads the init section, and with it the first fragments. */
  async #open() {
    this.#splitter = new BoxSplitter(0);
    const signal = this.#signal;
    for (let failed = 0; !this.#inside.init;) {
      try {
        const place = this.#splitter.offset + this.#splitter.rest;
        if (place >= this.#inside.bytes) throw new SegmentFailure("its file has no beginning");
        await this.#read(place, opening);
      } catch (error) {
        await this.#end();
        failed += 1;
        if (signal.aborted || error instanceof SegmentFailure) throw error;
        if (error instanceof BadMedia || error instanceof RangeError) throw new SegmentFailure(`its file is damaged (${error.message})`);
        if (failed === tries) throw new SegmentFailure(error.message || "it could not be loaded");
        await pause(300 * failed, signal);
      }
    }
  }

  /** Where to look for a fragment shortly before a moment; null if the nearest that is known is near enough. */
  #guess(at) {
    const before = this.#inside.before(at) ?? { at: this.#segment.start, offset: 0 };
    const after = this.#inside.after(at) ?? { at: this.#segment.end, offset: this.#inside.bytes };
    const rate = (after.offset - before.offset) / Math.max(1, after.at - before.at);
    const away = (at - before.at) * rate;
    if (away <= near || after.offset - before.offset <= near) return null;
    // Two seconds sooner: the key frame before it is wanted.
    const guess = Math.floor(before.offset + Math.max(away - 2000 * rate, away / 2));
    return guess > before.offset + 1000 ? guess : null;
  }

  /** Finds the first key fragment behind a place; returns true if something was learned. */
  async #probe(place) {
    const response = await this.#ask(place, Math.min(this.#inside.bytes, place + 4 * piece) - 1);
    const stream = response.body.getReader();
    const count = this.#inside.known.length;
    let bytes = new Uint8Array(0);
    try {
      for (;;) {
        const { done, value } = await stream.read();
        if (done) return false;
        bytes = join([bytes, value]);
        const { found, rest } = this.#search(bytes, place);
        if (found) return this.#inside.known.length > count;
        place += bytes.length - rest.length;
        bytes = rest;
      }
    } catch (error) {
      if (this.#signal.aborted) throw error;
      return false;
    } finally {
      stream.cancel().catch(() => {});
    }
  }

  /** Looks for a key fragment in bytes that begin at a place, and notes it; else returns those to look at again. */
  #search(bytes, place) {
    for (let from = 0; ;) {
      const at = findFragment(bytes.subarray(from));
      if (at < 0) return { rest: bytes.slice(Math.max(from, bytes.length - 64)) };
      let wall = null;
      let moof = null;
      for (const box of new BoxSplitter(0).push(bytes.subarray(from + at))) {
        if (box.type === "prft") wall = readReferenceTime(box.bytes);
        if (box.type === "moof") moof ??= box;
      }
      if (!moof) return { rest: bytes.slice(from + at) };
      const first = readFragment(moof.bytes, this.#inside.init.tracks).get(this.#inside.init.video?.id)?.[0];
      if (first?.isSync) {
        this.#inside.note(this.#wallOf(wall, first), place + from + at);
        return { found: true };
      }
      from += at + moof.offset + moof.bytes.length;
    }
  }

  async #ask(from, to) {
    const response = await fetch(this.#segment.address, { signal: this.#signal, headers: { range: `bytes=${from}-${to}` } });
    if (response.status === 206 || (response.status === 200 && from === 0)) {
      const total = Number(/\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1]);
      if (total > 0) this.#inside.bytes = total;
      else if (response.status === 200) this.#inside.bytes = Number(response.headers.get("content-length")) || this.#inside.bytes;
      return response;
    }
    const text = await reason(response);
    if (response.status === 503 || response.status === 429) throw new Error(text);
    throw new SegmentFailure(text);
  }

  /** Reads on from a place, until there is a new box. */
  async #read(place, length = piece) {
    if (!this.#stream) {
      const to = Math.min(this.#inside.bytes, place + length);
      const response = await this.#ask(place, to - 1);
      this.#pieceLeft = response.status === 206 ? to - place : this.#inside.bytes;
      this.#stream = response.body.getReader();
    }
    const { done, value } = await this.#stream.read();
    if (done) {
      this.#stream = null;
      throw new Error("the connection ended");
    }
    // With its last byte a piece is done: nothing is under way then.
    this.#pieceLeft -= value.length;
    if (this.#pieceLeft <= 0) this.#stream = null;
    for (const box of this.#splitter.push(value)) this.#take(box);
  }

  #take(box) {
    if (box.type === "ftyp") this.#ftyp = box.bytes;
    if (box.type === "moov") this.#inside.init ??= readInit(this.#ftyp ?? new Uint8Array(0), box.bytes);
    if (box.type === "prft") {
      this.#wall = readReferenceTime(box.bytes);
      this.#moofAt = box.offset;
    }
    if (box.type === "moof") {
      this.#moof = box;
      if (this.#wall === null) this.#moofAt = box.offset;
    }
    if (box.type !== "mdat" || !this.#moof) return;
    const fragment = this.#fragment(this.#moof, box);
    this.#moof = null;
    this.#wall = null;
    if (fragment) this.#ready.push(fragment);
  }

  /** The wall time of the first frame shown, in milliseconds since 1970. */
  #wallOf(reference, sample) {
    if (reference !== null) return reference;
    // Files of other makers: all of the file is as long as the catalogue says, from its first fragment on.
    const track = this.#inside.init.video;
    const media = ((sample.time + sample.offset) / track.timescale) * 1000;
    this.#inside.zero ??= this.#segment.start - media;
    return this.#inside.zero + media;
  }

  #fragment(moof, mdat) {
    const { init } = this.#inside;
    if (!init?.video) throw new SegmentFailure("it has no video");
    const samples = readFragment(moof.bytes, init.tracks);
    const frames = samples.get(init.video.id);
    if (!frames) return null;
    const wall = this.#wallOf(this.#wall, frames[0]);
    const isKey = frames[0].isSync;
    if (isKey) this.#inside.note(wall, this.#moofAt);
    const shown = this.#options.keysOnly ? keySamples(frames) : frames;
    if (!shown.length) return null;
    const behind = mdat.offset - moof.offset;
    const sounds = this.#options.sound && init.audio ? samples.get(init.audio.id) : null;
    return {
      segment: this.#segment,
      isKey,
      video: track(init.video, shown, mdat.bytes, behind, wall, frames[0]),
      audio: sounds?.length ? track(init.audio, sounds, mdat.bytes, behind, wall, frames[0], init.video) : null,
    };
  }
}

/** One track of a fragment: its bytes, and the milliseconds since 1970 at which its samples are shown. */
function track(own, samples, data, behind, wall, first, video = own) {
  const ticks = 1000 / own.timescale;
  const zero = wall - ((first.time + first.offset) / video.timescale) * 1000;
  const times = samples.map((sample) => zero + (sample.time + sample.offset) * ticks).sort((one, other) => one - other);
  const end = samples.reduce((latest, sample) => Math.max(latest, sample.time + sample.offset + sample.duration), 0);
  return { init: own.init, bytes: writeFragment(own, samples, data, behind), zero, start: times[0], end: zero + end * ticks, times };
}
