// Live pictures of a camera: one answer without an end, fetched and handed to Media Source Extensions as it comes, and played at
// its edge. It reconnects by itself, and says in words what is the matter.
//
//   const view = new LiveView(video, "/api/v1/cameras/7/live.mp4");
//   view.addEventListener("state", (event) => show(event.detail.state, event.detail.text));
//   view.start();

import { join } from "./mp4.js";

// How far behind its edge the stream is played, in seconds; a connection that stutters gets more.
const leastDelay = 0.08;
const mostDelay = 0.6;
// A viewer that is further behind jumps, because playing faster would take too long.
const jumpBehind = 3;
// What was shown is kept for so long, and removed in larger pieces.
const keptSeconds = 10;
const silentMilliseconds = 4000;
const deadMilliseconds = 20000;
const hiddenMilliseconds = 10000;
const firstPause = 500;
const longestPause = 10000;

const codecNames = [
  [/^(hvc1|hev1)/, "H.265 (HEVC)"],
  [/^avc[13]/, "H.264"],
  [/^av01/, "AV1"],
  [/^mp4v\.6C/i, "Motion JPEG"],
  [/^mp4v/, "MPEG-4 video"],
  [/^mp4a\.(6B|69)/i, "MP3 sound"],
  [/^mp4a/, "AAC sound"],
  [/^opus/i, "Opus sound"],
];

function nameOf(codec) {
  return codecNames.find(([pattern]) => pattern.test(codec))?.[1] ?? `a format that is called ${codec}`;
}

/// A sentence on what a browser lacks of a type such as `video/mp4; codecs="hvc1.1.6.L93.B0,mp4a.40.2"`.
function lacking(type, Source) {
  const codecs = (/codecs="([^"]*)"/.exec(type)?.[1] ?? "").split(",").filter(Boolean);
  const missing = codecs.filter((codec) => !Source.isTypeSupported(`video/mp4; codecs="${codec}"`));
  const name = nameOf(missing[0] ?? codecs[0] ?? "unknown");
  return `The camera sends ${name}, which this browser cannot play. Set the camera to H.264, or use another browser.`;
}

class Stop extends Error {}

export class LiveView extends EventTarget {
  #video;
  #url;
  #run = null;
  #state = "stopped";
  #text = "";
  #listeners = null;
  #hiddenTimer = 0;

  constructor(video, url) {
    super();
    this.#video = video;
    this.#url = url;
  }

  /// The time between what is shown and the newest picture that has come, in seconds; null while nothing is played.
  get latency() {
    const { buffered, currentTime, readyState } = this.#video;
    if (this.#state !== "playing" || !buffered.length || readyState < 2) return null;
    return Math.max(0, buffered.end(buffered.length - 1) - currentTime);
  }

  start() {
    if (this.#listeners) return;
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    // A connection that came back is tried at once.
    window.addEventListener("online", () => this.#run?.hurry(), { signal });
    if (document.hidden) this.#rest();
    else this.#begin();
  }

  stop() {
    if (!this.#listeners) return;
    this.#listeners.abort();
    this.#listeners = null;
    clearTimeout(this.#hiddenTimer);
    this.#end();
    this.#tell("stopped", "");
  }

  #tell(state, text) {
    if (state === this.#state && text === this.#text) return;
    [this.#state, this.#text] = [state, text];
    this.dispatchEvent(new CustomEvent("state", { detail: { state, text } }));
  }

  #begin() {
    const run = new Run(this.#video, this.#url, (state, text) => {
      if (this.#run === run) this.#tell(state, text);
    });
    this.#run = run;
    run.go();
  }

  #end() {
    const run = this.#run;
    this.#run = null;
    run?.end();
  }

  #rest() {
    this.#end();
    this.#tell("waiting", "Paused while this page is hidden.");
  }

  /// A page that nobody sees gets no pictures; a short look elsewhere ends nothing.
  #look() {
    clearTimeout(this.#hiddenTimer);
    if (document.hidden) this.#hiddenTimer = setTimeout(() => this.#rest(), hiddenMilliseconds);
    else if (!this.#run) this.#begin();
    else this.#run.jump();
  }
}

/// The connections from one start to its end, one after the other.
class Run {
  #video;
  #url;
  #tell;
  #isOver = false;
  #connection = null;
  #wake = null;

  constructor(video, url, tell) {
    this.#video = video;
    this.#url = url;
    this.#tell = tell;
  }

  async go() {
    let pause = firstPause;
    while (!this.#isOver) {
      this.#tell("connecting", "Connecting…");
      const connection = new Connection(this.#video, this.#url, this.#tell);
      this.#connection = connection;
      let wanted = 0;
      try {
        await connection.watch();
        // The answer ended in order: the camera was connected anew, or its format has changed.
      } catch (error) {
        if (this.#isOver) break;
        if (error instanceof Stop) {
          connection.close();
          this.#tell("unsupported", error.message);
          return;
        }
        wanted = error.retryAfter ?? 0;
        this.#tell(error.state ?? "failed", error.text ?? "The connection was lost. Trying again…");
      }
      const hasPlayed = connection.hasPlayed;
      connection.close();
      if (this.#isOver) break;
      if (hasPlayed) pause = firstPause;
      await this.#wait(Math.max(pause * (0.75 + Math.random() / 2), Math.min(wanted * 1000, longestPause)));
      pause = Math.min(pause * 2, longestPause);
    }
  }

  #wait(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  hurry() {
    this.#wake?.();
  }

  jump() {
    this.#connection?.jump();
  }

  end() {
    this.#isOver = true;
    this.#connection?.close();
    this.#wake?.();
  }
}

/// One answer on its way into the player.
class Connection {
  #video;
  #url;
  #tell;
  #abort = new AbortController();
  #source = null;
  #address = null;
  #buffer = null;
  #queue = [];
  #delay = leastDelay;
  #stalledAt = 0;
  #cameAt = 0;
  #openedAt = 0;
  #timer = 0;
  #fail = null;
  #isClosed = false;
  hasPlayed = false;

  constructor(video, url, tell) {
    this.#video = video;
    this.#url = url;
    this.#tell = tell;
  }

  async watch() {
    const Source = window.ManagedMediaSource ?? window.MediaSource;
    if (!Source) return this.#watchList();
    const opened = this.#open(Source);
    const response = await fetch(this.#url, {
      cache: "no-store",
      credentials: "same-origin",
      // Reconnecting by itself is no use of the session.
      headers: { "x-observer-background": "1" },
      signal: this.#abort.signal,
    }).catch(() => {
      throw { text: "The server cannot be reached. Trying again…" };
    });
    if (!response.ok) throw await refusal(response);
    const type = response.headers.get("Content-Type") ?? "";
    if (!Source.isTypeSupported(type)) throw new Stop(lacking(type, Source));
    await opened;
    if (this.#isClosed) return;
    this.#buffer = this.#source.addSourceBuffer(type);
    const broken = new Promise((_, reject) => (this.#fail = reject));
    broken.catch(() => {});
    const { signal } = this.#abort;
    this.#buffer.addEventListener("updateend", () => this.#pump(), { signal });
    this.#buffer.addEventListener("error", () => this.#fail({ text: "The pictures cannot be read. Trying again…" }), { signal });
    this.#video.addEventListener("error", () => this.#fail({ text: "The pictures cannot be decoded. Trying again…" }), { signal });
    this.#video.addEventListener("waiting", () => this.#stall(), { signal });
    this.#video.addEventListener("playing", () => this.#flow(), { signal });
    this.#video.addEventListener("play", () => this.jump(), { signal });
    this.#cameAt = this.#openedAt = performance.now();
    this.#timer = setInterval(() => this.#listen(), 500);
    await Promise.race([this.#read(response.body.getReader()), broken]);
  }

  #open(Source) {
    this.#source = new Source();
    // iOS asks for this, where another device could show the video.
    this.#video.disableRemotePlayback = true;
    this.#address = URL.createObjectURL(this.#source);
    const opened = new Promise((resolve) => {
      this.#source.addEventListener("sourceopen", resolve, { once: true, signal: this.#abort.signal });
      this.#abort.signal.addEventListener("abort", resolve);
    });
    this.#video.src = this.#address;
    return opened;
  }

  /// Where there is no Media Source, a browser that knows HLS shows the pictures a few seconds later.
  async #watchList() {
    const list = this.#url.replace(/\.mp4(\?|$)/, ".m3u8$1");
    if (!this.#video.canPlayType("application/vnd.apple.mpegurl")) {
      throw new Stop("This browser can play neither MSE nor HLS, so that it shows no live pictures. Use another one.");
    }
    const { signal } = this.#abort;
    this.#video.src = list;
    this.#video.addEventListener("playing", () => this.#flow(), { signal });
    this.#play();
    await new Promise((resolve, reject) => {
      this.#video.addEventListener("error", () => reject({}), { signal });
      this.#video.addEventListener("ended", resolve, { signal });
      signal.addEventListener("abort", resolve);
    });
  }

  async #read(reader) {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw { text: "The connection was lost. Trying again…" };
      });
      if (done || this.#isClosed) return;
      this.#cameAt = performance.now();
      this.#queue.push(value);
      this.#pump();
    }
  }

  /// Hands over what has come, keeps what was shown within bounds, and sees to the speed.
  #pump() {
    if (this.#isClosed || this.#source.readyState !== "open" || this.#buffer.updating) return;
    try {
      this.#follow();
      const { buffered } = this.#buffer;
      const end = this.#video.currentTime - keptSeconds;
      if (buffered.length && buffered.start(0) < end - 2) return this.#buffer.remove(0, end);
      if (!this.#queue.length) return;
      const bytes = this.#queue.length === 1 ? this.#queue[0] : join(this.#queue);
      this.#queue = [];
      this.#buffer.appendBuffer(bytes);
    } catch {
      this.#fail({ text: "The browser takes no more pictures. Beginning anew…" });
    }
  }

  #follow() {
    const video = this.#video;
    const { buffered } = this.#buffer;
    if (!buffered.length) return;
    const last = buffered.length - 1;
    const [start, end] = [buffered.start(last), buffered.end(last)];
    if (!this.hasPlayed && video.currentTime < start) {
      video.currentTime = Math.max(start, end - 0.04);
      return this.#play();
    }
    const behind = end - video.currentTime;
    // The beginning comes in several pieces; the first picture is the last one of them.
    if (!this.hasPlayed && behind > 0.25) video.currentTime = end - 0.04;
    if (video.paused || video.seeking) return;
    // What was left out, or lies far behind, is not waited for.
    if (video.currentTime < start || behind > jumpBehind) return this.jump();
    const excess = behind - this.#delay;
    const rate = excess <= 0.02 ? 1 : Math.min(2, 1.05 + excess * 2);
    if (Math.abs(video.playbackRate - rate) > 0.02) video.playbackRate = rate;
    this.#delay = Math.max(leastDelay, this.#delay - 0.0002);
  }

  /// Goes on at the edge.
  jump() {
    const buffered = this.#buffer?.buffered;
    if (!buffered?.length || this.#isClosed) return;
    const last = buffered.length - 1;
    const place = Math.max(buffered.start(last), buffered.end(last) - this.#delay);
    if (Math.abs(place - this.#video.currentTime) > 0.2) this.#video.currentTime = place;
    this.#video.playbackRate = 1;
  }

  #play() {
    this.#video.play().catch(() => {
      if (this.#isClosed || this.#video.muted) return;
      // With sound, browsers want to be asked first.
      this.#video.muted = true;
      this.#video.play().catch(() => this.#tell("waiting", "Press play to see the live pictures."));
    });
  }

  #stall() {
    this.#stalledAt = performance.now();
    if (this.hasPlayed) this.#delay = Math.min(mostDelay, this.#delay + 0.02);
  }

  #flow() {
    this.hasPlayed = true;
    this.#stalledAt = 0;
    this.#tell("playing", "");
  }

  #listen() {
    const silence = performance.now() - this.#cameAt;
    if (silence > deadMilliseconds) this.#fail({ text: "No pictures have come for a while. Connecting anew…" });
    else if (silence > silentMilliseconds) this.#tell("waiting", "The camera sends nothing at the moment.");
    else if (this.hasPlayed && !this.#stalledAt) this.#tell("playing", "");
    // A group of pictures that is too large to be sent from its beginning.
    else if (!this.hasPlayed && performance.now() - this.#openedAt > 1000) this.#tell("waiting", "Waiting for the camera’s next key frame…");
    this.#pump();
  }

  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#abort.abort();
    clearInterval(this.#timer);
    this.#queue = [];
    // Frees the decoder, which would be kept for the last picture.
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#video.removeAttribute("src");
    this.#video.load();
    this.#buffer = this.#source = null;
  }
}

async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  if (response.status === 401) return { text: "You are signed out. Sign in again to see this camera.", retryAfter: 10 };
  const text = body.detail ?? `The server answers ${response.status}. Trying again…`;
  return { text, retryAfter, state: response.status === 503 ? "waiting" : "failed" };
}
