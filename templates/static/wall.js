// The wall: tiles that are seen play live, the others rest on their last picture. Where nothing can be played live, and while
// somebody has paused it, the pictures are fetched again as they come.

import { CameraList } from "./list.js";
import { Pictures } from "./pictures.js";
import { find, setText } from "./state.js";
import { now, length } from "./time.js";
import { background } from "./poll.js";

const tiles = document.querySelector(".wall");
const pause = document.getElementById("pause");
const kept = "observer-wall-paused";

/** The class of live views; null where there is none. */
async function liveViews() {
  const address = new URL("./live-view.js", import.meta.url);
  const found = await fetch(address, { method: "HEAD", headers: background }).catch(() => null);
  if (!found?.ok) return null;
  return import(address).then((module) => module.LiveView ?? null, () => null);
}

/** One tile: a still, and over it a live picture while it is seen. */
class Tile {
  isSeen = false;
  #item;
  #view = null;
  #video = null;
  #text = "";

  constructor(item) {
    this.#item = item;
    item.tile = this;
  }

  get isLive() { return this.#item.classList.contains("is-live"); }

  /** Plays or rests. */
  settle(LiveView, wanted) {
    const recording = find(this.#item, "state")?.dataset.tone === "recording";
    const address = this.#item.dataset.live;
    if (LiveView && wanted && this.isSeen && recording && address && !this.#item.classList.contains("is-gone")) this.#play(LiveView, address);
    else this.#rest();
  }

  #play(LiveView, address) {
    if (this.#view) return;
    const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, hidden: true });
    video.setAttribute("aria-hidden", "true");
    video.tabIndex = -1;
    this.#item.querySelector(".tile-picture").append(video);
    const view = new LiveView(video, address);
    view.addEventListener("state", ({ detail }) => {
      if (this.#view !== view) return;
      const playing = detail.state === "playing";
      video.hidden = !playing;
      this.#item.classList.toggle("is-live", playing);
      this.#text = playing ? "" : detail.text;
      this.tell();
    });
    this.#view = view;
    this.#video = video;
    view.start();
  }

  #rest() {
    if (!this.#view) return;
    const view = this.#view;
    this.#view = null;
    view.stop();
    this.#video.remove();
    this.#video = null;
    this.#text = "";
    this.#item.classList.remove("is-live");
    this.tell();
  }

  /** Says in words what the picture is: live, or from when. */
  tell() {
    const mode = this.#item.querySelector(".tile-mode");
    const at = Number(this.#item.querySelector("[data-picture]")?.dataset.shown) || 0;
    const age = at ? `picture of ${length((now() - at) / 1000)} ago` : "";
    setText(mode, this.isLive ? "live" : age);
    mode.title = this.isLive ? "" : this.#text;
    const note = this.#item.querySelector(".tile-note");
    if (note) {
      const text = this.isLive ? "" : this.#text;
      setText(note, text ?? "");
      note.hidden = !text;
    }
  }
}

if (tiles) {
  const list = new CameraList(tiles);
  const pictures = new Pictures(60_000, (id) => (tileOf(id)?.isLive ? 0 : list.facts.get(id)?.picture));
  let LiveView = null;
  let wanted = localStorage.getItem(kept) === null;

  function tileOf(id) { return list.item(id)?.tile; }

  function settle() {
    for (const item of tiles.children) {
      item.tile?.settle(LiveView, wanted && !document.hidden && !list.poll.isSilent);
      item.tile?.tell();
    }
    pictures.look();
  }

  const sight = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) if (target.tile) target.tile.isSeen = isIntersecting;
      settle();
    },
    { threshold: 0.1 },
  );

  function take(item) {
    new Tile(item);
    pictures.add(item);
    sight.observe(item);
  }

  for (const item of tiles.children) if (item.dataset.camera) take(item);
  tiles.addEventListener("picture", ({ target }) => target.closest(".tile")?.tile?.tell());
  list.addEventListener("news", settle);
  list.addEventListener("came", ({ detail }) => take(detail.item));
  list.addEventListener("left", ({ detail }) => {
    sight.unobserve(detail.item);
    pictures.remove(detail.item);
    detail.item.tile?.settle(null, false);
  });
  document.addEventListener("visibilitychange", settle);
  window.addEventListener("pagehide", () => {
    for (const item of tiles.children) item.tile?.settle(null, false);
  });
  setInterval(() => document.hidden || settle(), 1000);
  liveViews().then((found) => {
    LiveView = found;
    if (pause && found) pause.hidden = false;
    settle();
  });

  if (pause) {
    const show = () => {
      setText(pause, wanted ? "Pause all" : "Play all");
    };
    pause.addEventListener("click", () => {
      wanted = !wanted;
      if (wanted) localStorage.removeItem(kept);
      else localStorage.setItem(kept, "1");
      show();
      settle();
    });
    show();
  }
}
