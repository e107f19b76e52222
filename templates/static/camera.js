// The page of one camera: live or any moment of its recordings on one stage, with a timeline and a form to save a range. Without
// this script the page plays single recordings by the browser's own means.

import { causeWords, Controls, copy, toggleFull } from "./controls.js";
import { fromField, show, toAddress, toField, zone } from "./moment.js";
import { Playback } from "./playback.js";

const present = 3000;
const snapshotEvery = 2000;
const player = document.querySelector("[data-watch]");

function makeVideo(label) {
  const video = document.createElement("video");
  Object.assign(video, { playsInline: true, muted: true });
  video.setAttribute("aria-label", label);
  return video;
}

/** The newest pictures, one after the other, where live video can't be had. */
class Stills {
  #timer = 0;

  constructor(image, number) {
    this.image = image;
    this.number = number;
  }

  start() {
    clearInterval(this.#timer);
    const next = () => {
      if (document.hidden) return;
      const image = new Image();
      image.src = `/api/v1/cameras/${this.number}/snapshot.jpg?t=${Math.floor(Date.now() / snapshotEvery)}`;
      image.decode().then(() => {
        this.image.src = image.src;
      }).catch(() => {});
    };
    next();
    this.#timer = setInterval(next, snapshotEvery);
  }

  stop() {
    clearInterval(this.#timer);
  }
}

class CameraStage {
  #number = player.dataset.number;
  #stage = player.querySelector("[data-stage]");
  #timeline = player.querySelector("observer-timeline");
  #form = player.querySelector("[data-export]");
  #controls = new Controls(player, player.querySelector("[data-controls]"));
  #recorded = makeVideo(`Recording of ${player.dataset.name}`);
  #live = makeVideo(`${player.dataset.name}, live`);
  #still = document.createElement("img");
  #held = document.createElement("canvas");
  #frame = document.createElement("div");
  #state = document.createElement("p");
  #playback = new Playback(this.#recorded, { camera: this.#number, words: causeWords() });
  #stills = new Stills(this.#still, this.#number);
  #liveView = null;
  #isLive = false;
  #isHeld = false;
  #seeks = 0;

  constructor() {
    const old = this.#stage.querySelector("video, img, .no-snapshot");
    this.#still.alt = `Newest snapshot of ${player.dataset.name}`;
    if (old?.matches("img")) this.#still.src = old.src;
    else this.#still.hidden = true;
    this.#held.setAttribute("role", "img");
    this.#held.setAttribute("aria-label", `${player.dataset.name}, held`);
    this.#still.addEventListener("load", () => {
      this.#still.hidden = false;
    });
    Object.assign(this.#state, { className: "stage-state", hidden: true });
    this.#state.setAttribute("role", "status");
    const frame = this.#frame;
    frame.className = "stage-frame";
    frame.append(this.#state);
    if (old?.width) frame.style.aspectRatio = `${old.width} / ${old.height}`;
    this.#stage.replaceChildren(frame);
    // What is seen here from now on is this script's, and is not made anew with the rest of the page.
    this.#stage.removeAttribute("data-fresh");
    this.#stage.classList.remove("is-stale");
    frame.addEventListener("click", () => this.#toggle());
    this.#stage.tabIndex = 0;
    this.#stage.setAttribute("role", "group");
    this.#stage.setAttribute("aria-label", "Picture. Blank plays and pauses, J and L go 10 seconds, comma and dot one frame.");
    this.#listen();
    this.#listenToRange();
  }

  // MARK: Live and recorded

  /** Puts one of the pictures on the stage, and takes the others off it. */
  #put(picture) {
    for (const other of [this.#still, this.#live, this.#recorded, this.#held]) if (other !== picture) other.remove();
    if (!picture.isConnected) this.#frame.prepend(picture);
  }

  async goLive() {
    this.#isLive = true;
    this.#isHeld = false;
    this.#playback.pause();
    this.#put(this.#still);
    this.#controls.isLive = true;
    this.#controls.isPlaying = true;
    this.#controls.showTime("Live");
    this.#snapshotLink(`/api/v1/cameras/${this.#number}/snapshot.jpg`);
    this.#stage.dataset.state = "live";
    this.#say("");
    this.#address(null);
    if (this.#timeline) this.#timeline.cursor = null;
    const seeks = ++this.#seeks;
    const views = await import("./live-view.js").catch(() => null);
    if (seeks !== this.#seeks || !this.#isLive) return;
    if (!views) return this.#stills.start();
    this.#liveView?.stop();
    this.#liveView = new views.LiveView(this.#live, `/api/v1/cameras/${this.#number}/live.mp4`);
    this.#liveView.addEventListener("state", ({ detail }) => this.#liveState(detail));
    this.#put(this.#live);
    this.#live.poster = this.#still.src;
    this.#liveView.start();
  }

  #liveState({ state, text }) {
    if (!this.#isLive || this.#isHeld) return;
    this.#say(state === "playing" ? "" : text);
    const isWithout = state === "unsupported" || state === "failed";
    this.#put(isWithout ? this.#still : this.#live);
    if (isWithout) this.#stills.start();
    else this.#stills.stop();
  }

  #endLive() {
    this.#seeks += 1;
    this.#liveView?.stop();
    this.#liveView = null;
    this.#stills.stop();
  }

  /** Keeps the picture that is shown, until live goes on. */
  #holdLive() {
    this.#isHeld = true;
    const source = this.#live.isConnected ? this.#live : this.#still;
    this.#held.width = source.videoWidth || source.naturalWidth || 640;
    this.#held.height = source.videoHeight || source.naturalHeight || 360;
    this.#held.getContext("2d").drawImage(source, 0, 0, this.#held.width, this.#held.height);
    this.#put(this.#held);
    this.#endLive();
    this.#controls.isPlaying = false;
    this.#say("Live is held. Play goes on with the present.");
  }

  #leaveLive() {
    this.#put(this.#recorded);
    if (!this.#isLive) return;
    this.#isLive = false;
    this.#isHeld = false;
    this.#endLive();
    this.#controls.isLive = false;
  }

  /** Shows a moment; plays on if it played. */
  seek(at, plays = this.#playback.isPlaying) {
    if (at > Date.now() - present) return this.goLive();
    this.#leaveLive();
    this.#playback.seek(at);
    if (plays) this.#playback.play();
    this.#address(at);
  }

  #toggle() {
    if (this.#isLive) return this.#isHeld ? this.goLive() : this.#holdLive();
    if (this.#playback.isPlaying) this.#playback.pause();
    else this.#playback.play();
    this.#controls.isPlaying = this.#playback.isPlaying;
  }

  #go(seconds) {
    const at = this.#isLive ? Date.now() : this.#playback.time;
    if (at !== null) this.seek(at + seconds * 1000, this.#isLive || this.#playback.isPlaying);
  }

  async #step(direction) {
    if (this.#isLive) return;
    await this.#playback.step(direction);
    this.#address(this.#playback.time);
  }

  // MARK: What is wanted, and what is shown

  #listen() {
    const wants = {
      live: () => (this.#isLive && !this.#isHeld ? null : this.goLive()),
      play: () => this.#toggle(),
      back: () => this.#go(-10),
      on: () => this.#go(10),
      "little-back": () => this.#go(-5),
      "little-on": () => this.#go(5),
      "frame-back": () => this.#step(-1),
      "frame-on": () => this.#step(1),
      speed: ({ detail }) => {
        this.#playback.rate = detail;
      },
      sound: () => this.#sound(),
      full: () => toggleFull(player),
      link: () => this.#copyLink(),
      from: () => this.#mark("from"),
      to: () => this.#mark("to"),
    };
    for (const [name, act] of Object.entries(wants)) this.#controls.addEventListener(name, act);
    this.#timeline?.addEventListener("seek", ({ detail }) => this.seek(detail.at));
    this.#timeline?.addEventListener("select", ({ detail }) => detail && this.#setRange(detail.from, detail.to));
    this.#playback.addEventListener("time", ({ detail }) => this.#showTime(detail.at));
    this.#playback.addEventListener("state", ({ detail }) => this.#showState(detail));
    document.addEventListener("click", (event) => this.#openRow(event));
    addEventListener("popstate", () => location.reload());
  }

  #showTime(at) {
    if (this.#isLive) return;
    const isPaused = !this.#playback.isPlaying;
    this.#controls.showTime(show(at, isPaused), toAddress(at));
    if (this.#timeline) this.#timeline.cursor = at;
    this.#snapshotLink(`/api/v1/cameras/${this.#number}/snapshot.jpg?at=${toAddress(at)}`);
    this.#markRow(at);
  }

  #showState({ state, text }) {
    if (this.#isLive) return;
    this.#controls.isPlaying = this.#playback.isPlaying;
    this.#stage.dataset.state = state;
    const words = { loading: "Loading…", failed: "It can't be loaded." };
    const after = state === "gap" && this.#playback.isPlaying ? " Going on behind it." : "";
    this.#say(state === "playing" ? "" : `${text || (words[state] ?? "")}${after}`);
    if (state === "paused") this.#address(this.#playback.time);
  }

  #say(text) {
    this.#state.hidden = !text;
    if (this.#state.textContent !== text) this.#state.textContent = text;
  }

  #snapshotLink(address) {
    const link = player.querySelector("[data-snapshot]");
    if (link && link.getAttribute("href") !== address) link.href = address;
  }

  #address(at) {
    const address = new URL(location.href);
    address.searchParams.delete("segment");
    if (at === null) address.searchParams.delete("at");
    else address.searchParams.set("at", toAddress(at));
    address.hash = "";
    if (address.href !== location.href) history.replaceState(null, "", address);
  }

  async #copyLink() {
    const address = new URL(location.pathname, location.href);
    if (!this.#isLive && this.#playback.time !== null) address.searchParams.set("at", toAddress(this.#playback.time));
    const copied = await copy(address.href);
    if (!copied) this.#address(this.#isLive ? null : this.#playback.time);
    this.#controls.confirm("link", copied ? "Copied" : "It is in the address bar");
  }

  #sound() {
    const heard = !this.#playback.hasSound;
    this.#playback.hasSound = heard;
    this.#live.muted = !heard;
    this.#controls.hasSound = heard;
  }

  // MARK: The list of recordings

  #openRow(event) {
    const link = event.target.closest("a.segment");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    player.scrollIntoView({ block: "nearest" });
    this.seek(Date.parse(link.dataset.start), true);
  }

  #markRow(at) {
    const links = [...document.querySelectorAll("a.segment")];
    const own = links.find((link) => at >= Date.parse(link.dataset.start) && at < Date.parse(link.dataset.start) + Number(link.dataset.duration));
    for (const row of document.querySelectorAll(".segments tr[aria-current]")) if (row !== own?.closest("tr")) row.removeAttribute("aria-current");
    own?.closest("tr").setAttribute("aria-current", "true");
  }

  // MARK: Saving a range

  #listenToRange() {
    if (!this.#form) return;
    const { from, to, zone: field } = this.#form.elements;
    const span = [from, to].map((input) => Date.parse(`${input.value}Z`));
    field.value = zone();
    this.#form.querySelector("[data-size]").textContent = `Times are ${zone()}.`;
    if (span.every(Number.isFinite)) this.#setRange(...span, false);
    for (const input of [from, to]) input.addEventListener("change", () => this.#measure());
  }

  #setRange(from, to, isShown = true) {
    this.#form.elements.from.value = toField(from);
    this.#form.elements.to.value = toField(to);
    if (isShown) this.#measure();
  }

  #mark(name) {
    const at = this.#isLive ? Date.now() : this.#playback.time;
    if (at === null) return;
    this.#form.elements[name].value = toField(at);
    this.#measure();
  }

  async #measure() {
    const output = this.#form.querySelector("[data-size]");
    const [from, to] = ["from", "to"].map((name) => fromField(this.#form.elements[name].value));
    this.#form.elements.to.setCustomValidity(from !== null && to !== null && to <= from ? "The end must be after the beginning." : "");
    if (from === null || to === null || to <= from) return void (output.textContent = "");
    // An hour is looked at; more of it will be like that.
    const looked = Math.min(to, from + 3600e3);
    try {
      const { bytes, milliseconds } = await this.#playback.list.read(from, looked);
      const size = (bytes * (to - from)) / (looked - from);
      const part = milliseconds / (looked - from);
      const amount = size < 1e6 ? `${Math.ceil(size / 1e3)} kB` : size < 1e9 ? `${Math.round(size / 1e6)} MB` : `${(size / 1e9).toFixed(1)} GB`;
      output.textContent = bytes === 0 ? "Nothing was recorded then." : `About ${amount}${part < 0.98 ? ", with gaps" : ""}.`;
    } catch (error) {
      output.textContent = error.message;
    }
  }
}

if (player) {
  await import("./timeline.js").catch(() => null);
  const opened = player.querySelector("video[data-segment]");
  const row = opened && document.querySelector(`a.segment[data-segment="${opened.dataset.segment}"]`);
  const at = Date.parse(player.dataset.at ?? row?.dataset.start ?? "");
  const isAsked = new URLSearchParams(location.search).has("segment");
  const stage = new CameraStage();
  player.stage = stage;
  if (Number.isFinite(at)) stage.seek(at, isAsked);
  else stage.goLive();
}
