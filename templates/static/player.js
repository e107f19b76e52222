// Plays a camera's segments one after the other with Media Source Extensions: each file is appended as it is, and the
// source buffer places it behind the previous one. Browsers without the API play the same list file by file.

import { exact, clock, length } from "./time.js";

const stage = document.querySelector("[data-player]");
const text = stage?.querySelector("[data-stage-text]");
const ahead = 40;
const behind = 60;

const toSegment = (row) => ({ id: row.id, start: Date.parse(row.started_at), duration: row.duration_ms, codecs: row.codecs });
const address = (segment) => `/api/v1/segments/${segment.id}.mp4`;
const type = (segment) => `video/mp4; codecs="${segment.codecs}"`;
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** The segments from one on, asked from the API page by page; waits for new ones at the end. */
class Playlist {
  constructor(first) {
    this.known = [first];
    this.cursor = first.id;
  }

  async at(index, signal) {
    while (index >= this.known.length) {
      const last = this.known.at(-1);
      const response = await fetch(`${stage.dataset.segments}?after=${this.cursor}&limit=50`, { signal, cache: "no-store" });
      if (!response.ok) throw new Error(`the list of recordings: ${response.status}`);
      const rows = await response.json();
      this.cursor = rows.at(-1)?.id ?? this.cursor;
      const fresh = rows.filter((row) => row.state !== "expired" && row.state !== "lost").map(toSegment);
      this.known.push(...fresh);
      if (rows.length) continue;
      // The newest was reached; a camera that records adds another one soon. An hour without one is the end.
      if (Date.now() - last.start > 3600e3) return null;
      await sleep(2000);
      signal.throwIfAborted();
    }
    return this.known[index] ?? null;
  }
}

let running = null;

function stop() {
  running?.abort();
  running = null;
}

function makeVideo(segment) {
  const old = stage.querySelector("video, img, .no-snapshot");
  const video = document.createElement("video");
  Object.assign(video, { controls: true, playsInline: true, autoplay: true });
  video.setAttribute("aria-label", `Recording from ${exact(new Date(segment.start))}`);
  old.replaceWith(video);
  stage.querySelector("[data-close]")?.removeAttribute("hidden");
  return video;
}

/** Shows the wall-clock time of the current frame, and marks its row. */
function follow(video, marks, signal) {
  let current = null;
  video.addEventListener("timeupdate", () => {
    const mark = marks.findLast((one) => one.at <= video.currentTime + 0.05);
    if (!mark) return;
    const at = new Date(mark.segment.start + (video.currentTime - mark.at) * 1000);
    text.textContent = `Recorded ${exact(at)}${mark.gap ? ` · nothing for ${length(mark.gap)} before` : ""}`;
    if (mark === current) return;
    current = mark;
    document.querySelectorAll(".segments tr[aria-current]").forEach((row) => row.removeAttribute("aria-current"));
    document.querySelector(`.segments [data-segment="${mark.segment.id}"]`)?.closest("tr").setAttribute("aria-current", "true");
  }, { signal });
  // A live region that changes with every frame would keep a screen reader talking.
  text.removeAttribute("role");
}

async function load(segment, signal) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await fetch(address(segment), { signal });
      if (!response.ok) throw new Error(String(response.status));
      return await response.arrayBuffer();
    } catch (error) {
      if (signal.aborted || attempt === 3) throw error;
      await sleep(500 * attempt);
    }
  }
}

function append(buffer, bytes, signal) {
  return new Promise((done, failed) => {
    const ended = (event) => {
      // Remove both listeners: one that stays would keep the bytes of its segment in memory.
      buffer.removeEventListener("updateend", ended);
      buffer.removeEventListener("error", ended);
      if (event.type === "error") failed(new Error("the browser can't decode this recording"));
      else done();
    };
    buffer.addEventListener("updateend", ended, { signal });
    buffer.addEventListener("error", ended, { signal });
    buffer.appendBuffer(bytes);
  });
}

const end = (buffer) => buffer.buffered.length ? buffer.buffered.end(buffer.buffered.length - 1) : 0;

/** Skips the short holes where audio and video of a run do not end together. */
function bridge(video, signal) {
  const step = () => {
    for (let index = 0; index < video.buffered.length; index += 1) {
      const crack = video.buffered.start(index) - video.currentTime;
      const before = index === 0 ? 0 : video.buffered.end(index - 1) - video.currentTime;
      if (crack > 0 && crack < 2 && before < 0.1 && !video.seeking) {
        video.currentTime = video.buffered.start(index) + 0.01;
        return;
      }
    }
  };
  for (const name of ["waiting", "stalled", "timeupdate"]) video.addEventListener(name, step, { signal });
}

/** Removes what was played long ago from the buffer. */
async function tidy(video, buffer) {
  const until = video.currentTime - behind;
  if (until <= 0 || !buffer.buffered.length || buffer.buffered.start(0) >= until) return;
  await new Promise((done) => {
    buffer.addEventListener("updateend", done, { once: true });
    buffer.remove(0, until);
  });
}

async function playOn(first, signal) {
  const video = makeVideo(first);
  const media = new MediaSource();
  const url = URL.createObjectURL(media);
  video.src = url;
  signal.addEventListener("abort", () => URL.revokeObjectURL(url));
  await new Promise((open) => media.addEventListener("sourceopen", open, { once: true }));
  const buffer = media.addSourceBuffer(type(first));
  buffer.mode = "sequence";
  const marks = [];
  follow(video, marks, signal);
  bridge(video, signal);
  const list = new Playlist(first);
  let before = first;
  for (let index = 0; ; index += 1) {
    const segment = await list.at(index, signal);
    if (!segment) break;
    if (segment.codecs !== before.codecs) {
      if (!MediaSource.isTypeSupported(type(segment))) throw new Error(`this browser does not play ${segment.codecs}`);
      buffer.changeType(type(segment));
    }
    const bytes = await load(segment, signal);
    const gap = (segment.start - before.start - before.duration) / 1000;
    marks.push({ at: end(buffer), segment, gap: gap > 1.5 ? gap : 0 });
    await append(buffer, bytes, signal);
    before = segment;
    while (end(buffer) - video.currentTime > ahead) {
      await sleep(500);
      signal.throwIfAborted();
    }
    await tidy(video, buffer);
  }
  if (media.readyState === "open") media.endOfStream();
}

/** File by file, for browsers without Media Source Extensions. */
async function playPlain(first, signal) {
  const video = makeVideo(first);
  const list = new Playlist(first);
  for (let index = 0; ; index += 1) {
    const segment = await list.at(index, signal);
    if (!segment) return;
    follow(video, [{ at: 0, segment, gap: 0 }], signal);
    video.src = address(segment);
    await new Promise((done, failed) => {
      video.addEventListener("ended", done, { once: true, signal });
      video.addEventListener("error", () => failed(new Error("this browser can't play the recording")), { once: true, signal });
    });
  }
}

async function play(segment) {
  stop();
  const control = new AbortController();
  running = control;
  text.setAttribute("role", "status");
  text.textContent = `Loading ${clock(new Date(segment.start))}…`;
  const canAppend = "MediaSource" in window && MediaSource.isTypeSupported(type(segment));
  try {
    await (canAppend ? playOn : playPlain)(segment, control.signal);
  } catch (error) {
    if (control.signal.aborted) return;
    text.setAttribute("role", "status");
    text.textContent = `Playing stopped: ${error.message}. The file can still be saved from the list.`;
  }
}

function fromLink(link) {
  const { segment, start, duration, codecs } = link.dataset;
  return { id: segment, start: Date.parse(start), duration: Number(duration), codecs };
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.segment");
  if (!link || !stage || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.replaceState(null, "", link.href);
  stage.classList.remove("is-stale");
  stage.scrollIntoView({ block: "nearest" });
  play(fromLink(link));
});

// The page was opened with a segment in its address: its <video> plays that one; go on from there.
const opened = stage?.querySelector("video[data-segment]");
const link = opened && document.querySelector(`a.segment[data-segment="${opened.dataset.segment}"]`);
if (link) play(fromLink(link));
