// Plays the recordings of a camera: any moment of any day, over recordings, gaps and changes of format, as fast or slow as
// wanted, frame by frame. The element's timeline is wall time, so that every frame has its moment.

import { budget, canPlay, crack, isSupported, MediaBuffer, typeOf } from "./media-source.js";
import { Playlist } from "./playlist.js";
import { SegmentFailure, SegmentReader } from "./segment-reader.js";
import { Sound } from "./sound.js";
import { clock, length } from "./time.js";

const markFor = 1500;
const patience = 3000;
const look = 250;
// Samples of a picture a second above which only key frames are shown: two streams of 1080p at 30 frames.
const decoderLimit = 2 * 1920 * 1080 * 30;
const aloneFrom = 6;

const codecNames = [[/^(hvc1|hev1)/, "H.265"], [/^av01/, "AV1"], [/^(avc1|avc3)/, "H.264"], [/^(mp4v|mjp|jpeg)/i, "Motion JPEG"]];
const nameOf = (codec) => codecNames.find(([pattern]) => pattern.test(codec))?.[1] ?? codec;

/** Why this browser can't play a segment, with what to do; null if it can. */
export function refusal(segment) {
  if (!canPlay) return "This browser can't play recordings piece by piece. Save them as a file, and play that.";
  if (isSupported(typeOf("video", segment.video))) return null;
  return `This browser can't play ${nameOf(segment.video)} (${segment.video}). Save the recording as a file and open it in another player, or use a browser that decodes ${nameOf(segment.video)}.`;
}

/** What a gap is called: from when to when, how long, and why. */
export function gapText(gap) {
  const why = gap.text ? `: ${gap.text.replace(/\.$/, "")}` : "";
  if (gap.from === null && gap.to === null) return "Nothing has been recorded yet.";
  if (gap.to === null) return gap.cause === "future" ? "Not recorded yet." : `Nothing was recorded after ${clock(new Date(gap.from))}${why}.`;
  if (gap.from === null) return `Nothing was recorded before ${clock(new Date(gap.to))}${why}.`;
  return `Nothing for ${length((gap.to - gap.from) / 1000)} from ${clock(new Date(gap.from))}${why}.`;
}

function wait(milliseconds, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}

function once(target, names, signal) {
  return new Promise((done) => {
    const heard = new AbortController();
    const end = () => {
      heard.abort();
      done();
    };
    for (const name of names) target.addEventListener(name, end, { signal: AbortSignal.any([heard.signal, signal]) });
  });
}

/** One camera's recordings in one video element. */
export class Playback extends EventTarget {
  #video;
  #buffer;
  #sound;
  #skipsGaps;
  #session = null;
  #life = new AbortController();
  #steps = Promise.resolve();
  #wantsPlay = false;
  #isPlaced = false;
  #target = null;
  #gap = null;
  #rate = 1;
  #keysOnly = false;
  #isTooFast = false;
  #state = { state: "paused", text: "" };
  #timer = 0;
  #seen = { at: 0, moved: 0, since: 0, position: 0 };
  #errors = 0;

  /** `skipsGaps` false stays in a gap until told otherwise; `words` names the causes of gaps. */
  constructor(video, { camera, skipsGaps = true, words = new Map() }) {
    super();
    this.#video = video;
    this.#buffer = new MediaBuffer(video, "video");
    this.#sound = new Sound(video);
    this.#skipsGaps = skipsGaps;
    this.list = new Playlist(camera, { words, refusal });
    const { signal } = this.#life;
    for (const name of ["waiting", "timeupdate", "stalled"]) video.addEventListener(name, () => this.#check(), { signal });
    video.addEventListener("error", () => this.#broken(), { signal });
    video.addEventListener("seeked", () => this.#tell(), { signal });
    if (video.requestVideoFrameCallback) this.#watchFrames();
    else video.addEventListener("timeupdate", () => this.#tell(), { signal });
  }

  // MARK: What is asked of it

  /** The moment shown in milliseconds since 1970, while paused that of the frame; null before the first seek. */
  get time() {
    if (this.#gap || !this.#isPlaced) return this.#target;
    const at = this.#buffer.time;
    const frame = this.#video.paused ? this.#buffer.ledger.frame(at) : null;
    // Frames begin between two milliseconds: the later one is inside of this frame.
    return frame === null ? Math.round(at) : Math.ceil(frame + 0.05);
  }

  /** The same with its fraction, as the element tells it; null while nothing is shown. */
  get position() {
    return this.#isPlaced && !this.#gap ? this.#buffer.time : null;
  }

  get state() {
    return this.#state.state;
  }

  get text() {
    return this.#state.text;
  }

  get gap() {
    return this.#gap;
  }

  get isPlaying() {
    return this.#wantsPlay;
  }

  /** True while key frames alone are shown, because more can't be decoded in time. */
  get showsKeyFramesOnly() {
    return this.#keysOnly;
  }

  /** Shows a moment, and goes on playing if it plays. */
  seek(at) {
    this.#begin(Math.max(0, at));
  }

  play() {
    this.#wantsPlay = true;
    this.#look();
    if (this.#gap) this.#leave(this.#gap);
    else if (this.#isPlaced) this.#start();
    else if (this.#target !== null && !this.#session) this.#begin(this.#target);
  }

  pause() {
    this.#wantsPlay = false;
    this.#look();
    this.#video.pause();
    if (this.#isPlaced && !this.#gap) this.#say("paused");
    this.#tell();
  }

  /** Shows the next frame, or with -1 the one before; over gaps as well. Resolves when it is shown. */
  step(direction) {
    this.pause();
    this.#steps = this.#steps.then(() => this.#step(Math.sign(direction))).catch(() => {});
    return this.#steps;
  }

  get rate() {
    return this.#rate;
  }

  set rate(rate) {
    this.#rate = Math.min(16, Math.max(0.25, Number(rate) || 1));
    this.#isTooFast = false;
    this.#follow(this.#rate);
    this.#chooseFrames();
  }

  /** Plays a little faster or slower for a while, to stay in step with others. */
  set pace(rate) {
    this.#follow(Math.min(16, Math.max(0.0625, rate)));
  }

  /** True if sound is wanted. It follows the element's `muted`. */
  get hasSound() {
    return !this.#video.muted;
  }

  set hasSound(wanted) {
    this.#video.muted = !wanted;
    this.#sound.isWanted = wanted;
    if (wanted && this.#isPlaced) this.#again();
  }

  /** Lets go of the element. */
  destroy() {
    this.#session?.abort();
    this.#life.abort();
    clearInterval(this.#timer);
    this.#sound.close();
    this.#buffer.close();
  }

  // MARK: Loading

  #begin(at) {
    this.#session?.abort();
    const session = new AbortController();
    this.#session = session;
    this.#gap = null;
    this.#target = at;
    this.#isPlaced = false;
    this.#run(at, session.signal).catch((error) => this.#failed(error, session));
  }

  /** Loads anew what is shown, as something else is wanted of it. */
  async #again() {
    const at = this.time;
    if (at === null) return;
    this.#session?.abort();
    if (this.#buffer.base !== null) await this.#buffer.remove(this.#buffer.base, Infinity).catch(() => {});
    this.#begin(at);
  }

  async #run(at, signal) {
    this.#buffer.reconcile();
    if (this.#buffer.covers(at) && this.#buffer.has(at)) this.#place(at);
    else {
      this.#say("loading", `Loading ${clock(new Date(at))}…`);
      this.#chooseFrames(true);
    }
    await this.#fill(at, signal);
  }

  async #failed(error, session) {
    if (session.signal.aborted) return;
    this.#say("failed", `${error.message} Trying again.`);
    await wait(patience, session.signal);
    if (session === this.#session) this.#begin(this.time ?? this.#target);
  }

  /** Loads everything from a moment on, never far ahead of what is shown. */
  async #fill(at, signal) {
    let from = at;
    let before = null;
    for (;;) {
      if (this.#isPlaced) from = Math.max(from, this.#buffer.ledger.reach(from));
      const spot = await this.list.spot(from, signal);
      signal.throwIfAborted();
      if (spot.gap) {
        if (!this.#isPlaced) return this.#enter(spot.gap, at);
        if (!spot.gap.next) {
          // The newest was reached; a camera that records adds another one soon.
          await wait(patience, signal);
          continue;
        }
        from = spot.gap.to;
        continue;
      }
      const { segment } = spot;
      // The catalogue says more than the file had.
      if (segment === before && from < segment.until) from = segment.until;
      else {
        before = segment;
        await this.#load(segment, Math.max(from, segment.start), at, signal);
        from = segment.until > from ? segment.until : from;
      }
    }
  }

  async #load(segment, from, at, signal) {
    try {
      if (!this.#buffer.covers(from)) await this.#buffer.open(from, segment.video);
      if (segment.isDependent && !this.#isPlaced) await this.#leadIn(segment, signal);
      const reader = new SegmentReader(segment, { keysOnly: this.#keysOnly, sound: this.#sound.isWanted && !this.#keysOnly }, signal);
      await reader.seek(from);
      let held = [];
      let isThere = false;
      for (;;) {
        if (reader.isBetweenPieces && this.#isPlaced) await this.#room(from, signal);
        const fragment = await reader.next();
        signal.throwIfAborted();
        if (!fragment) break;
        // What lies before is needed from the last key frame on.
        if (!isThere && fragment.isKey) held = [];
        held.push(fragment);
        isThere ||= fragment.video.end > from + 5;
        if (isThere) await this.#append(held.splice(0), at, signal);
      }
      if (held.length) await this.#append(held, at, signal);
      if (!this.#isPlaced && at < segment.until) this.#place(at);
    } catch (error) {
      if (signal.aborted || !(error instanceof SegmentFailure)) throw error;
      // What came of it is played.
      const reached = this.#buffer.base === null ? from : this.#buffer.ledger.reach(from);
      this.list.fail(segment, error.message, reached > from + crack ? reached : from > segment.start + crack ? from : segment.start);
    }
  }

  /** Loads the end of the recording before one that begins without a key frame. */
  async #leadIn(segment, signal) {
    const previous = await this.list.previous(segment.start - 1, signal);
    if (!previous || segment.start - previous.until > crack) return;
    const reader = new SegmentReader(previous, { keysOnly: false, sound: false }, signal);
    await reader.seek(previous.until);
    for (let fragment = await reader.next(); fragment; fragment = await reader.next()) {
      await this.#buffer.add(fragment.video, previous.video, fragment.isKey);
    }
  }

  async #append(fragments, at, signal) {
    for (const fragment of fragments) {
      for (;;) {
        try {
          await this.#buffer.add(fragment.video, fragment.segment.video, fragment.isKey);
          break;
        } catch (error) {
          if (signal.aborted || error.name !== "QuotaExceededError") throw error;
          await this.#makeRoom(signal);
        }
      }
      signal.throwIfAborted();
      if (fragment.audio) await this.#sound.add(fragment.audio, fragment.segment.audio);
      if (!this.#isPlaced && fragment.video.end > at) this.#place(at);
    }
  }

  /** The browser holds no more: forgets nearly all that is not shown, or waits until more was shown. */
  async #makeRoom(signal) {
    const { ledger } = this.#buffer;
    const now = this.#isPlaced ? this.#buffer.time : this.#target;
    const far = ledger.spans.filter((span) => span.end < now - 60e3 || span.start > ledger.reach(now) + crack);
    for (const span of far) await this.#buffer.remove(span.start, span.end);
    await this.#buffer.tidy({ behindSeconds: 1, behindBytes: 1e6 });
    if (!far.length && this.#isPlaced) await Promise.race([once(this.#video, ["timeupdate", "seeking"], signal), wait(patience, signal)]);
    signal.throwIfAborted();
  }

  /** Waits until there is room for another piece. */
  async #room(from, signal) {
    for (;;) {
      await this.#buffer.tidy();
      signal.throwIfAborted();
      const now = this.#buffer.time;
      const { ledger } = this.#buffer;
      const end = ledger.spans.at(-1)?.end ?? now;
      const isLong = ledger.length(now, end) > budget.aheadSeconds * 1000 * Math.max(1, this.#rate);
      if (!isLong && ledger.bytes(now, end) < budget.aheadBytes) return;
      const far = ledger.spans.find((span) => span.start > ledger.reach(now) + 3600e3 || span.start > Math.max(from, ledger.reach(now)) + crack * 2);
      if (far) await this.#buffer.remove(far.start, Infinity);
      else await once(this.#video, ["timeupdate", "seeked"], signal);
      signal.throwIfAborted();
    }
  }

  // MARK: Showing

  /** Shows a moment that is loaded. */
  #place(at) {
    const { ledger } = this.#buffer;
    const span = ledger.at(at) ?? ledger.spans.find((one) => one.start >= at && one.start - at < crack) ?? ledger.spans.findLast((one) => one.start < at);
    if (!span) return;
    this.#isPlaced = true;
    this.#seen = { at: 0, moved: performance.now(), since: performance.now(), position: at };
    const within = at < span.end ? Math.max(at, span.start) : span.times.at(-1);
    // While paused at the frame's beginning: near its end some browsers show the next one. Its time may round down to the one before.
    this.#buffer.time = (this.#wantsPlay ? within : (ledger.frame(within) ?? within)) + 0.5;
    this.#start();
  }

  #start() {
    this.#follow(this.#rate);
    if (!this.#wantsPlay) {
      this.#say("paused");
      return;
    }
    this.#say("playing");
    this.#video.play().catch((error) => {
      if (error.name !== "NotAllowedError") return;
      this.#wantsPlay = false;
      this.#say("paused", "Press play.");
    });
  }

  #follow(rate) {
    if (this.#video.playbackRate !== rate) this.#video.playbackRate = rate;
    if (this.#video.defaultPlaybackRate !== rate) this.#video.defaultPlaybackRate = rate;
  }

  /** Chooses between all frames and key frames alone. */
  #chooseFrames(isLoading = false) {
    const width = this.#video.videoWidth || 1920;
    const load = width * (this.#video.videoHeight || 1080) * 25 * this.#rate;
    const keysOnly = this.#rate > 1 && (this.#rate >= aloneFrom || load > decoderLimit || this.#isTooFast);
    if (keysOnly === this.#keysOnly) return;
    this.#keysOnly = keysOnly;
    if (this.#isPlaced && !isLoading) this.#again();
  }

  /** Looks at whether it goes on: at the end of what is loaded there is a crack, a gap, or something to wait for. */
  async #check() {
    const { signal } = this.#session ?? this.#life;
    if (!this.#isPlaced || this.#gap || !this.#wantsPlay || this.#video.seeking) return;
    const now = this.#buffer.time;
    const ranges = this.#buffer.ranges();
    const own = ranges.find(([start, end]) => start - 2 <= now && now <= end + 2);
    const end = own ? own[1] : now;
    // Shortly before the end an element stops already, as it wants the frame after the next.
    const isAtEnd = end - now <= 30 * Math.max(1, this.#rate) || (this.#video.readyState < 3 && end - now < 500);
    if (!isAtEnd) {
      if (this.#state.state === "loading" && this.#video.readyState > 2) this.#start();
      return;
    }
    const next = ranges.find(([start]) => start > end);
    if (next && next[0] - end < crack) {
      this.#buffer.time = next[0] + 1;
      return;
    }
    const spot = await this.list.spot(end + 5, signal).catch(() => null);
    const isStillThere = this.#isPlaced && !this.#gap && !this.#video.seeking && Math.abs(this.#buffer.time - now) < 1000;
    if (!spot || signal.aborted || !isStillThere) return;
    if (spot.gap) this.#enter(spot.gap, end);
    else this.#say("loading", `Loading ${clock(new Date(end))}…`);
  }

  #enter(gap, at) {
    this.#gap = gap;
    this.#target = at;
    this.#video.pause();
    if (gap.cause === "unsupported") this.#say("unsupported", gap.text, gap);
    else if (gap.next) this.#say("gap", gapText(gap), gap);
    else this.#say("ended", gapText(gap), gap);
    if (this.#wantsPlay) this.#leave(gap);
  }

  /** Goes on behind a gap after its mark was seen, or when something was recorded. */
  async #leave(gap) {
    if (!this.#skipsGaps) return;
    const { signal } = this.#session ?? this.#life;
    await wait(gap.next ? markFor : patience, signal);
    if (this.#gap !== gap || !this.#wantsPlay || signal.aborted) return;
    if (gap.next) return this.#begin(gap.to);
    // Nothing follows yet: looked at again until something does.
    const spot = await this.list.spot(this.#target, signal).catch(() => null);
    if (this.#gap !== gap || !this.#wantsPlay || signal.aborted) return;
    if (spot?.segment) this.#begin(this.#target);
    else if (spot?.gap.next) this.#enter(spot.gap, this.#target);
    else this.#leave(gap);
  }

  /** A safety net below the element's events: whatever happens, it goes on, or says why not. */
  #look() {
    clearInterval(this.#timer);
    if (!this.#wantsPlay) return;
    this.#timer = setInterval(() => {
      this.#check();
      const now = performance.now();
      const at = this.#video.currentTime;
      if (!this.#isPlaced || this.#gap || at !== this.#seen.at) {
        this.#measure(now, at);
        this.#seen.at = at;
        this.#seen.moved = now;
      } else if (now - this.#seen.moved > 3 * patience && this.#state.state !== "failed") {
        this.#buffer.reconcile();
        this.#begin(this.#buffer.time);
      }
    }, look);
  }

  /** Notices that frames come slower than wanted. */
  #measure(now, at) {
    const seen = this.#seen;
    if (this.#state.state !== "playing" || this.#rate <= 1 || this.#keysOnly || at < seen.position || seen.position === 0) {
      Object.assign(seen, { since: now, position: at });
      return;
    }
    if (now - seen.since < 2000) return;
    const reached = ((at - seen.position) * 1000) / (now - seen.since);
    Object.assign(seen, { since: now, position: at });
    if (reached > this.#rate * 0.7 || reached < 0.1) return;
    this.#isTooFast = true;
    this.#chooseFrames();
  }

  #broken() {
    const at = this.time;
    if (!this.#video.error || at === null || this.#video.getAttribute("src") === null) return;
    const span = this.#buffer.ledger.at(at);
    this.#errors += 1;
    this.#session?.abort();
    const session = (this.#session = new AbortController());
    this.#buffer.close();
    this.#isPlaced = false;
    this.list.spot(span?.start ?? at, session.signal).then(({ segment }) => {
      if (session.signal.aborted) return;
      // Once may be the browser's own trouble.
      if (segment && this.#errors > 1) this.list.fail(segment, "this browser can't decode it");
      if (this.#errors > 1) this.#errors = 0;
      this.#begin(at);
    }).catch((error) => this.#failed(error, session));
  }

  // MARK: Frames

  async #step(direction) {
    if (this.#gap) return this.#jump(direction > 0 ? this.#gap.to : (this.#gap.from ?? null), direction);
    if (!this.#isPlaced) return;
    const { ledger } = this.#buffer;
    const own = ledger.frame(this.#buffer.time);
    if (own === null) return;
    const to = direction > 0 ? ledger.frameAfter(own) : ledger.frameBefore(own);
    if (to !== null && this.#buffer.has(to)) {
      const shown = once(this.#video, ["seeked"], this.#life.signal);
      this.#buffer.time = to + 0.5;
      await shown;
      return;
    }
    const span = ledger.spans.findLast((one) => one.start <= own + 0.5);
    if (direction > 0) {
      const spot = await this.list.spot(span.end + 2);
      return this.#jump(spot.gap ? spot.gap.to : Math.max(span.end + 2, spot.segment.start), direction);
    }
    const previous = await this.list.previous(own - 1);
    return this.#jump(previous && Math.min(own, previous.until), direction);
  }

  async #jump(at, direction) {
    if (at === null || at === undefined) return;
    const done = once(this, ["placed"], this.#life.signal);
    this.#begin(direction > 0 ? at : at - 2);
    await Promise.race([done, wait(patience, this.#life.signal)]);
  }

  #watchFrames() {
    const frame = () => {
      if (this.#life.signal.aborted) return;
      this.#tell();
      this.#video.requestVideoFrameCallback(frame);
    };
    this.#video.requestVideoFrameCallback(frame);
  }

  // MARK: Telling

  #tell() {
    const at = this.time;
    if (at !== null) this.dispatchEvent(new CustomEvent("time", { detail: { at } }));
    if (this.#isPlaced && !this.#video.seeking) this.dispatchEvent(new Event("placed"));
    this.#sound.follow(this.#buffer.time, this.#rate);
  }

  #say(state, text = "", gap = null) {
    if (this.#state.state === state && this.#state.text === text) return;
    this.#state = { state, text };
    this.dispatchEvent(new CustomEvent("state", { detail: { state, text, gap } }));
    this.#tell();
  }
}
