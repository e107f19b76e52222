// Several cameras at one moment: one clock, and a player for each camera that is kept in step with it, over gaps and whatever
// else happens to one of them. Without this script the page has a picture and a link of each.

import { causeWords, Controls, copy, toggleFull } from "./controls.js";
import { show, toAddress } from "./moment.js";
import { Playback } from "./playback.js";
import { correction, MasterClock, spread } from "./step.js";

const beat = 100;
const readyWithin = 3000;
const again = 3000;

/** One camera of the page. */
class Tile {
  #state;
  #asked = 0;
  #lead = 150;
  #tried = 0;

  constructor(element, words) {
    const picture = element.querySelector(".tile-picture");
    this.name = element.dataset.name;
    this.element = element;
    this.video = document.createElement("video");
    Object.assign(this.video, { playsInline: true, muted: true });
    this.video.setAttribute("aria-label", `Recording of ${this.name}`);
    picture.querySelector("img, .no-snapshot")?.remove();
    picture.prepend(this.video);
    this.#state = picture.querySelector("[data-state]");
    this.playback = new Playback(this.video, { camera: element.dataset.number, skipsGaps: false, words });
    this.playback.addEventListener("state", ({ detail }) => this.#show(detail));
  }

  /** True if it shows the moment, or has said why there is nothing to show. */
  get isReady() {
    const { state, position } = this.playback;
    return position !== null ? !this.video.seeking && this.video.readyState > 2 : state !== "loading";
  }

  /** Where it is, if it is to be compared. */
  get position() {
    return this.playback.position !== null && !this.video.seeking && this.video.readyState > 2 ? this.playback.position : null;
  }

  seek(at) {
    this.#asked = performance.now();
    this.playback.seek(at);
  }

  /** Keeps in step with the clock. */
  follow(at, rate) {
    const { gap } = this.playback;
    const now = performance.now();
    if (gap) {
      const isOver = gap.to !== null ? at >= gap.to : now - this.#tried > again;
      if (!isOver) return;
      this.#tried = now;
      return this.seek(at);
    }
    const { position } = this;
    if (position === null) return;
    if (this.#asked) {
      // How far ahead to aim, when it has to be moved again.
      this.#lead = Math.min(2000, 0.5 * this.#lead + 0.5 * (now - this.#asked));
      this.#asked = 0;
    }
    const { pace, isFar } = correction(position - at, rate);
    if (isFar) this.seek(at + this.#lead * rate);
    else this.playback.pace = pace;
  }

  #show({ state, text }) {
    const isShown = state !== "playing" && state !== "paused";
    this.element.dataset.state = state;
    this.#state.hidden = !isShown;
    this.#state.textContent = isShown ? text : "";
  }
}

class Together {
  #root;
  #tiles;
  #strips;
  #controls;
  #clock = new MasterClock();
  #wantsPlay = true;
  #waitsSince = null;
  #spreads = [];
  #rate = 1;

  constructor(root) {
    this.#root = root;
    const words = causeWords();
    this.#tiles = [...root.querySelectorAll("[data-number]")].map((element) => new Tile(element, words));
    this.#strips = [...root.querySelectorAll("observer-timeline")];
    this.#controls = new Controls(root, root.querySelector("[data-controls]"));
    root.querySelector("[data-strips]").hidden = false;
    const wants = {
      play: () => this.#toggle(),
      back: () => this.seek(this.#clock.at - 10e3),
      on: () => this.seek(this.#clock.at + 10e3),
      "little-back": () => this.seek(this.#clock.at - 5e3),
      "little-on": () => this.seek(this.#clock.at + 5e3),
      speed: ({ detail }) => this.#hurry(detail),
      full: () => toggleFull(root),
      link: () => this.#copyLink(),
    };
    for (const [name, act] of Object.entries(wants)) this.#controls.addEventListener(name, act);
    for (const strip of this.#strips) {
      strip.addEventListener("seek", ({ detail }) => this.seek(detail.at));
      strip.addEventListener("view", ({ detail }) => this.#showStretch(strip, detail));
    }
    setInterval(() => this.#tick(), beat);
  }

  /** How far apart the pictures were in the last half minute: the 95th of a hundred, in milliseconds. */
  get spread() {
    const sorted = [...this.#spreads].sort((one, other) => one - other);
    return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] : null;
  }

  get time() {
    return this.#clock.at;
  }

  get tiles() {
    return this.#tiles;
  }

  /** Forgets what was measured of the spread. */
  measureAnew() {
    this.#spreads = [];
  }

  /** All go to a moment; the clock waits until they are there, but not for ever. */
  seek(at) {
    const wanted = Math.min(at, Date.now() - 1000);
    this.#clock.set(wanted);
    this.#waitsSince = performance.now();
    for (const tile of this.#tiles) {
      tile.playback.pause();
      tile.seek(wanted);
    }
    this.#address(wanted);
    this.#show();
  }

  #tick() {
    if (this.#waitsSince !== null) {
      const isLate = performance.now() - this.#waitsSince > readyWithin;
      if (!isLate && !this.#tiles.every((tile) => tile.isReady)) return;
      this.#waitsSince = null;
      if (this.#wantsPlay) this.#run();
    }
    const at = this.#clock.at;
    if (this.#clock.isRunning) {
      for (const tile of this.#tiles) tile.follow(at, this.#rate);
      const apart = spread(this.#tiles.map((tile) => tile.position));
      if (apart !== null) this.#spreads.push(apart / this.#rate);
      if (this.#spreads.length > 300) this.#spreads.shift();
      // The present is not overtaken.
      if (at > Date.now() - 1000) {
        this.#clock.set(Date.now() - 1000);
        this.#clock.run(Math.min(1, this.#rate));
      }
    }
    this.#show();
  }

  #run() {
    this.#clock.run(this.#rate);
    for (const tile of this.#tiles) tile.playback.play();
    this.#controls.isPlaying = true;
  }

  #toggle() {
    this.#wantsPlay = !this.#wantsPlay;
    this.#controls.isPlaying = this.#wantsPlay;
    if (this.#wantsPlay) return this.seek(this.#clock.at);
    this.#clock.stop();
    // All stop at one moment, and not each where it is.
    this.seek(this.#clock.at);
  }

  #hurry(rate) {
    this.#rate = rate;
    for (const tile of this.#tiles) tile.playback.rate = rate;
    if (this.#clock.isRunning) this.#clock.run(rate);
  }

  #show() {
    const at = Math.round(this.#clock.at);
    this.#controls.showTime(show(at, !this.#clock.isRunning), toAddress(at));
    for (const strip of this.#strips) strip.cursor = at;
  }

  #showStretch(from, stretch) {
    for (const strip of this.#strips) if (strip !== from) strip.show?.(stretch.from, stretch.to);
  }

  #address(at) {
    const address = new URL(location.href);
    address.searchParams.set("at", toAddress(at));
    history.replaceState(null, "", address);
  }

  async #copyLink() {
    this.#address(this.#clock.at);
    this.#controls.confirm("link", (await copy(location.href)) ? "Copied" : "It is in the address bar");
  }
}

const root = document.querySelector("[data-together]");
if (root) {
  await import("./timeline.js").catch(() => null);
  root.together = new Together(root);
  const at = Date.parse(root.dataset.at ?? "");
  root.together.seek(Number.isFinite(at) ? at : Date.now() - 60e3);
}
