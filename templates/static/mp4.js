// Fragmented MP4 as Observer records it, read and written just far enough to play it: the boxes of a stream of bytes, the
// samples of a fragment, and a track's own init section and fragments. Pure: bytes in, values out.

const text = (bytes, at) => String.fromCharCode(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Larger boxes are no recording of ours. */
export const longestBox = 128 << 20;

/** Bytes that are no recording. */
export class BadMedia extends Error {}

/** All of them in one. */
export function join(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The size of a box and of its header, from its first bytes; null while they are too few. */
function header(bytes, at, left) {
  if (left < 8) return null;
  const data = view(bytes);
  let size = data.getUint32(at);
  let length = 8;
  if (size === 1) {
    if (left < 16) return null;
    size = Number(data.getBigUint64(at + 8));
    length = 16;
  }
  if (size < length || size > longestBox) throw new BadMedia(`a box of ${size} bytes`);
  return { type: text(bytes, at + 4), size, length };
}

/** The boxes inside of a box's content. */
export function* boxes(bytes, from = 0, to = bytes.length) {
  for (let at = from; at < to;) {
    const head = header(bytes, at, to - at);
    if (!head || at + head.size > to) throw new BadMedia("a box that is cut off");
    yield { type: head.type, at, body: at + head.length, end: at + head.size };
    at += head.size;
  }
}

/** Cuts a stream of bytes into whole boxes. */
export class BoxSplitter {
  #parts = [];
  #have = 0;
  #damage = null;

  /** `offset` is where in the file the first byte lies. */
  constructor(offset = 0) {
    this.offset = offset;
  }

  /** How many bytes were taken that no whole box has come of yet. */
  get rest() {
    return this.#have;
  }

  /** Takes more bytes; returns the boxes that are whole now, each with its offset in the file. Damage is told behind them. */
  push(bytes) {
    if (this.#damage) throw this.#damage;
    this.#parts.push(bytes);
    this.#have += bytes.length;
    const found = [];
    for (;;) {
      const head = this.#look(found);
      if (!head || head.size > this.#have) return found;
      const all = this.#parts.length === 1 ? this.#parts[0] : join(this.#parts);
      found.push({ type: head.type, offset: this.offset, bytes: all.subarray(0, head.size) });
      this.#parts = head.size < all.length ? [all.subarray(head.size)] : [];
      this.#have -= head.size;
      this.offset += head.size;
    }
  }

  #look(found) {
    try {
      return this.#header();
    } catch (error) {
      if (!found.length) throw error;
      this.#damage = error;
      return null;
    }
  }

  #header() {
    while (this.#parts.length > 1 && this.#parts[0].length < 16) this.#parts.splice(0, 2, join(this.#parts.slice(0, 2)));
    return this.#parts.length ? header(this.#parts[0], 0, this.#parts[0].length) : null;
  }
}

function child(bytes, box, path) {
  for (const type of path) {
    box = [...boxes(bytes, box.body, box.end)].find((one) => one.type === type);
    if (!box) return null;
  }
  return box;
}

/**
 * The tracks of an init section: number, kind, ticks a second, defaults, and an init section of its own for each, so that
 * sound that ends, or that the browser can't decode, never stops the picture.
 */
export function readInit(ftyp, moov) {
  const data = view(moov);
  const [root] = boxes(moov);
  const parts = [...boxes(moov, root.body, root.end)];
  const tracks = [];
  for (const trak of parts.filter((part) => part.type === "trak")) {
    const handler = child(moov, trak, ["mdia", "hdlr"]);
    const times = child(moov, trak, ["mdia", "mdhd"]);
    const head = child(moov, trak, ["tkhd"]);
    if (!handler || !times || !head) throw new BadMedia("a track without header");
    const kind = text(moov, handler.body + 8);
    const id = data.getUint32(head.body + (moov[head.body] === 1 ? 20 : 12));
    const timescale = data.getUint32(times.body + (moov[times.body] === 1 ? 20 : 12));
    if (!timescale) throw new BadMedia("a track without a clock");
    tracks.push({ id, kind: kind === "vide" ? "video" : kind === "soun" ? "audio" : "other", timescale, trak, duration: 0, size: 0, flags: 0 });
  }
  const extension = parts.find((part) => part.type === "mvex");
  const defaults = extension ? [...boxes(moov, extension.body, extension.end)].filter((box) => box.type === "trex") : [];
  for (const box of defaults) {
    const track = tracks.find((one) => one.id === data.getUint32(box.body + 4));
    if (track) [track.duration, track.size, track.flags] = [12, 16, 20].map((at) => data.getUint32(box.body + at));
  }
  for (const track of tracks) {
    const own = parts.filter((part) => part.type !== "trak" && part.type !== "mvex").concat(track.trak);
    const extends_ = defaults.filter((box) => data.getUint32(box.body + 4) === track.id);
    track.init = join([ftyp, wrap("moov", [
      ...own.map((part) => moov.subarray(part.at, part.end)),
      ...(extends_.length ? [wrap("mvex", extends_.map((part) => moov.subarray(part.at, part.end)))] : []),
    ])]);
  }
  return { tracks, video: tracks.find((one) => one.kind === "video"), audio: tracks.find((one) => one.kind === "audio") };
}

/** Milliseconds since 1970 from a `prft` box, with a fraction; null for one that says nothing. */
export function readReferenceTime(bytes) {
  if (bytes.length < 32) return null;
  const data = view(bytes);
  const seconds = data.getUint32(16);
  return seconds === 0 ? null : (seconds - 2208988800) * 1000 + (data.getUint32(20) / 2 ** 32) * 1000;
}

/** The samples of each track in a fragment: `Map` from track number to them, each with its place behind the moof's start. */
export function readFragment(moof, tracks) {
  const data = view(moof);
  const found = new Map();
  const [root] = boxes(moof);
  for (const traf of boxes(moof, root.body, root.end)) {
    if (traf.type !== "traf") continue;
    const parts = [...boxes(moof, traf.body, traf.end)];
    const head = parts.find((part) => part.type === "tfhd");
    const start = parts.find((part) => part.type === "tfdt");
    const track = head && tracks.find((one) => one.id === data.getUint32(head.body + 4));
    if (!track || !start) continue;
    const usual = defaultsOf(data, head, track);
    let time = moof[start.body] === 1 ? Number(data.getBigUint64(start.body + 4)) : data.getUint32(start.body + 4);
    let place = 0;
    const samples = found.get(track.id) ?? [];
    for (const run of parts.filter((part) => part.type === "trun")) ({ time, place } = readRun(data, run, usual, time, place, samples));
    if (samples.length) found.set(track.id, samples);
  }
  return found;
}

function defaultsOf(data, head, track) {
  const flags = data.getUint32(head.body) & 0xffffff;
  if (flags & 1) throw new BadMedia("a fragment with places of its own");
  let at = head.body + 8 + (flags & 2 ? 4 : 0);
  const field = (flag, usual) => {
    if (!(flags & flag)) return usual;
    at += 4;
    return data.getUint32(at - 4);
  };
  return { duration: field(8, track.duration), size: field(16, track.size), flags: field(32, track.flags) };
}

function readRun(data, run, usual, time, place, samples) {
  const flags = data.getUint32(run.body) & 0xffffff;
  const count = data.getUint32(run.body + 4);
  const width = [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length * 4;
  let at = run.body + 8;
  if (flags & 1) {
    place = data.getInt32(at);
    at += 4;
  }
  let first = null;
  if (flags & 4) {
    first = data.getUint32(at);
    at += 4;
  }
  if (at + count * width > run.end) throw new BadMedia("a fragment with fewer samples than it says");
  const next = (flag, other) => {
    if (!(flags & flag)) return other;
    at += 4;
    return data.getUint32(at - 4);
  };
  for (let index = 0; index < count; index += 1) {
    const duration = next(0x100, usual.duration);
    const size = next(0x200, usual.size);
    const bits = next(0x400, index === 0 && first !== null ? first : usual.flags);
    const offset = next(0x800, 0) | 0;
    samples.push({ time, duration, size, offset, place, isSync: !(bits & 0x10000) });
    time += duration;
    place += size;
  }
  return { time, place };
}

/** The samples that can be decoded alone, each lasting until the next one. */
export function keySamples(samples) {
  const end = samples.at(-1).time + samples.at(-1).duration;
  const keys = samples.filter((sample) => sample.isSync);
  return keys.map((sample, index) => ({ ...sample, duration: (keys[index + 1]?.time ?? end) - sample.time }));
}

/** A fragment with some samples of one track. `data` begins `behind` bytes behind the start of the moof they came with. */
export function writeFragment(track, samples, data, behind) {
  const head = new Uint8Array(100 + samples.length * 16);
  const out = view(head);
  const size = 20 + samples.length * 16;
  const moof = 8 + 16 + 8 + 16 + 20 + size;
  let at = 0;
  const put = (value) => {
    out.setUint32(at, value);
    at += 4;
  };
  const box = (length, type) => {
    put(length);
    for (const letter of type) head[at++] = letter.charCodeAt(0);
  };
  box(moof, "moof");
  box(16, "mfhd");
  put(0);
  put(1);
  box(8 + 16 + 20 + size, "traf");
  box(16, "tfhd");
  put(0x20000);
  put(track.id);
  box(20, "tfdt");
  put(0x1000000);
  out.setBigUint64(at, BigInt(samples[0].time));
  at += 8;
  box(size, "trun");
  put(0x1000f01);
  put(samples.length);
  put(moof + 8);
  for (const sample of samples) {
    put(sample.duration);
    put(sample.size);
    put(sample.isSync ? 0x2000000 : 0x1010000);
    put(sample.offset >>> 0);
  }
  const pieces = samples.map((sample) => data.subarray(sample.place - behind, sample.place - behind + sample.size));
  if (pieces.some((piece, index) => piece.length !== samples[index].size)) throw new BadMedia("a sample outside of its fragment");
  box(8 + samples.reduce((sum, sample) => sum + sample.size, 0), "mdat");
  return join([head.subarray(0, at), ...pieces]);
}

function wrap(type, parts) {
  const head = new Uint8Array(8);
  view(head).setUint32(0, 8 + parts.reduce((sum, part) => sum + part.length, 0));
  [...type].forEach((letter, index) => {
    head[4 + index] = letter.charCodeAt(0);
  });
  return join([head, ...parts]);
}

/** Where a fragment begins in bytes from the middle of a file (its `prft` if it has one); -1 for nowhere. */
export function findFragment(bytes) {
  for (let at = 4; at + 16 <= bytes.length; at += 1) {
    // moof, whose first box is an mfhd of 16 bytes.
    if (bytes[at] !== 0x6d || bytes[at + 1] !== 0x6f || text(bytes, at) !== "moof" || text(bytes, at + 8) !== "mfhd") continue;
    if (view(bytes).getUint32(at + 4) !== 16) continue;
    const start = at - 4;
    return start >= 32 && text(bytes, start - 28) === "prft" && view(bytes).getUint32(start - 32) === 32 ? start - 32 : start;
  }
  return -1;
}
