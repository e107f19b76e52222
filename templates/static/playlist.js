// Which recording shows which moment of a camera, and what is where there is none: gaps with their causes, what was deleted
// or lost, and the present.

const day = 86400e3;
// How much of the list is asked for at once, and how old the end of an answer must be to be final: recordings are listed
// when they are whole, and are five minutes long at most.
const before = 60e3;
const beyond = 600e3;
const settles = 330e3;
/** Shorter holes between two recordings are none, in milliseconds. */
export const crack = 1000;

const iso = (at) => new Date(at).toISOString();
const isPlayable = (segment) => segment.state === "spooled" || segment.state === "stored" || segment.state === "failed";

/** A recording as the player needs it. */
export function toSegment(row) {
  const start = Date.parse(row.started_at);
  const [video, audio] = (row.codecs ?? "").split(",").map((codec) => codec.trim());
  return {
    id: row.id, start, end: start + row.duration_ms, bytes: row.bytes, video, audio: audio || null, width: row.width, height: row.height,
    frames: row.frames, state: row.state, error: row.error, isDependent: (row.flags ?? []).includes("dependent"),
    address: `/api/v1/segments/${row.id}.mp4`, failure: null, failedFrom: Infinity,
  };
}

/** Recordings by their start, none reaching into the next one: a clock that was put back makes them overlap. */
export function inOrder(segments) {
  const sorted = [...segments].sort((one, other) => one.start - other.start || (one.id < other.id ? -1 : 1));
  sorted.forEach((segment, index) => {
    segment.until = Math.min(segment.end, sorted[index + 1]?.start ?? Infinity, segment.failedFrom);
  });
  return sorted;
}

/** The place of a moment among recordings in order: the one that shows it, the one before and the one after. */
export function place(segments, at) {
  const index = segments.findLastIndex((segment) => segment.start <= at);
  const own = segments[index];
  if (own && at < own.until) return { own, before: segments[index - 1], after: segments[index + 1] };
  return { before: own, after: segments[index + 1] };
}

/** The words for a stretch without recording, from the camera's timeline. `words` names the causes. */
export function causeOf(gap, timeline, words = new Map()) {
  const overlap = (one) => Math.max(0, Math.min(gap.to ?? Infinity, one.to ? Date.parse(one.to) : Infinity) - Math.max(gap.from, Date.parse(one.from)));
  const longest = (list) => (list ?? []).map((one) => ({ one, length: overlap(one) })).sort((a, b) => b.length - a.length)[0];
  const told = longest(timeline.gaps);
  if (told?.length > 0) {
    const word = words.get(told.one.cause) ?? told.one.cause.replaceAll("_", " ");
    return { cause: told.one.cause, text: told.one.detail ? `${word}: ${told.one.detail}` : word };
  }
  if (longest(timeline.unexplained)?.length > 0) return { cause: null, text: "nothing says why" };
  if (!(longest(timeline.wanted)?.length > crack)) return { cause: "off", text: "the camera was not switched on" };
  return { cause: null, text: "nothing says why" };
}

/** The recordings of one camera, asked for as they are needed. */
export class Playlist {
  #camera;
  #get;
  #segments = [];
  #byID = new Map();
  #known = [];
  #refusal;
  #causes = new Map();

  /** `get` answers an address with its JSON, `words` names causes, `refusal` says why a segment can't be played. */
  constructor(camera, { get = getJSON, words = new Map(), refusal = () => null } = {}) {
    this.#camera = camera;
    this.#get = get;
    this.#refusal = refusal;
    this.words = words;
  }

  /**
   * What shows a moment: `{ segment }`, or `{ gap: { from, to, text, cause, next } }` with `to` null where nothing follows (yet).
   * Shorter holes than `crack` belong to the recording behind them.
   */
  async spot(at, signal) {
    await this.#learn(at, signal);
    const { own, before: previous, after } = place(this.#playable, at);
    if (own) return { segment: own };
    if (after && previous && after.start - previous.until < crack) return { segment: after };
    if (after && !previous && after.start - at < crack) return { segment: after };
    const next = after ?? (await this.#far(at, false, signal));
    const last = previous ?? (await this.#far(at, true, signal));
    const gap = { from: last?.until ?? null, to: next?.start ?? null, next: next ?? null };
    return { gap: await this.#explained(gap, at, signal) };
  }

  /** The last recording that begins before a moment; null without one. */
  async previous(at, signal) {
    await this.#learn(at, signal);
    return this.#playable.findLast((segment) => segment.start < at) ?? this.#far(at, true, signal);
  }

  /** What is known of the recordings in a stretch, for a guess of its size: `{ bytes, milliseconds }`. */
  measure(from, to) {
    const parts = this.#playable.filter((segment) => segment.start < to && segment.until > from);
    return parts.reduce((sum, segment) => {
      const milliseconds = Math.min(to, segment.until) - Math.max(from, segment.start);
      return {
        milliseconds: sum.milliseconds + milliseconds,
        bytes: sum.bytes + (segment.bytes * milliseconds) / Math.max(1, segment.end - segment.start),
      };
    }, { bytes: 0, milliseconds: 0 });
  }

  /** Reads the list of a stretch, at most so many recordings. */
  async read(from, to, signal) {
    const rows = await this.#rows(`from=${iso(from)}&to=${iso(to)}&limit=500`, signal);
    this.#add(rows);
    return this.measure(from, to);
  }

  /** Marks a recording that can't be played, or not from a moment on: what it would show is a gap from here on. */
  fail(segment, text, from = segment.start) {
    segment.failure = text;
    segment.failedFrom = from;
    this.#segments = inOrder(this.#segments);
    this.#causes.clear();
  }

  /** Forgets failures that may pass, such as a store that was away. */
  forgive() {
    for (const segment of this.#segments) Object.assign(segment, { failure: null, failedFrom: Infinity });
    this.#segments = inOrder(this.#segments);
    this.#causes.clear();
  }

  get #playable() {
    return this.#segments.filter((segment) => isPlayable(segment) && segment.until > segment.start && !segment.refusal);
  }

  async #learn(at, signal) {
    if (this.#known.some(([from, to]) => from <= at && at < to)) return;
    const from = at - before;
    const to = at + beyond;
    const rows = await this.#rows(`from=${iso(from)}&to=${iso(to)}&limit=500`, signal);
    this.#add(rows);
    const last = rows.at(-1);
    const end = rows.length === 500 ? Date.parse(last.started_at) : to;
    const present = Date.now() - settles;
    // Of the present only what is there already is known.
    this.#note([from, end > present ? Math.max(from, Math.min(end, last ? Date.parse(last.started_at) + last.duration_ms : from)) : end]);
  }

  #note([from, to]) {
    const touching = this.#known.filter((one) => one[0] <= to && from <= one[1]);
    this.#known = this.#known.filter((one) => !touching.includes(one));
    this.#known.push([Math.min(from, ...touching.map((one) => one[0])), Math.max(to, ...touching.map((one) => one[1]))]);
  }

  #add(rows) {
    for (const row of rows) {
      const known = this.#byID.get(row.id);
      if (known) Object.assign(known, { state: row.state, error: row.error, bytes: row.bytes });
      else {
        const segment = toSegment(row);
        segment.refusal = this.#refusal(segment);
        this.#byID.set(row.id, segment);
      }
    }
    this.#segments = inOrder(this.#byID.values());
  }

  /** The nearest recording that can be played before or after a moment, however far; null for none. */
  async #far(at, isBackward, signal) {
    const side = isBackward ? `to=${iso(at)}&order=newest` : `from=${iso(at)}`;
    const rows = await this.#rows(`${side}&limit=20`, signal);
    this.#add(rows);
    const found = this.#playable;
    return (isBackward ? found.findLast((segment) => segment.start < at) : found.find((segment) => segment.start >= at)) ?? null;
  }

  async #explained(gap, at, signal) {
    const from = gap.from ?? at;
    // A stretch can have several causes: that of the moment counts.
    const own = this.#segments.find((segment) => segment.start <= at && at < segment.end);
    const key = `${gap.from} ${gap.to} ${own?.id}`;
    if (!this.#causes.has(key)) {
      const found = await this.#cause({ ...gap, from }, own, signal);
      // What is missing up to now may come yet.
      if (gap.to === null) return { ...gap, ...found };
      this.#causes.set(key, found);
    }
    return { ...gap, ...this.#causes.get(key) };
  }

  async #cause(gap, own, signal) {
    if (own) {
      if (own.refusal && isPlayable(own)) return { cause: "unsupported", text: own.refusal };
      if (own.failure) return { cause: "failed", text: `the recording could not be played: ${own.failure}` };
      if (own.state === "lost") return { cause: "lost", text: `the recording is lost${own.error ? `: ${own.error}` : ""}` };
    }
    const now = Date.now();
    const to = Math.min(gap.to ?? now, gap.from + 30 * day);
    if (to <= gap.from) return { cause: "future", text: "not recorded yet" };
    try {
      const deleted = await this.#rows(`from=${iso(gap.from)}&to=${iso(to)}&expired=true&limit=1`, signal);
      if (deleted.length) return { cause: "expired", text: "deleted when its time was over" };
      const timeline = await this.#get(`/api/v1/cameras/${this.#camera}/timeline?from=${iso(gap.from)}&to=${iso(to)}`, signal);
      if (gap.to === null && now - gap.from < settles && !(timeline.gaps ?? []).length) return { cause: "future", text: "not recorded yet" };
      return causeOf(gap, timeline, this.words);
    } catch (error) {
      if (signal?.aborted) throw error;
      return { cause: null, text: "nothing says why" };
    }
  }

  #rows(query, signal) {
    return this.#get(`/api/v1/cameras/${this.#camera}/segments?${query}`, signal);
  }
}

/** Asks the server for JSON; errors have its words. */
export async function getJSON(address, signal) {
  const response = await fetch(address, { signal, cache: "no-store", headers: { accept: "application/json" } });
  if (response.ok) return response.json();
  if (response.status === 401) throw new Error("You are signed out. Load the page again.");
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail ?? `The server answered ${response.status}.`);
}
