// What the table and the wall have in common: one small answer says how many cameras do what, and which of them are on this
// page; they come and go as cameras are added and deleted elsewhere.

import { startClock, refreshTimes, now, length } from "./time.js";
import { Poll, background, say } from "./poll.js";
import { find, showState, showSwitch, showTime, setText, backlog, takeSwitches } from "./state.js";

const moment = (milliseconds) => (milliseconds === undefined ? "" : new Date(milliseconds).toISOString());

/** The last picture of a camera that does not record must not look alive: it loses its colour and says how old it is. */
function showAge(item, camera) {
  const place = item.querySelector("[data-picture]");
  const at = Number(place?.dataset.shown || place?.dataset.picture);
  const isOld = camera.state !== "recording" && at > 0;
  (place?.matches(".snapshot") ? place : item).classList.toggle("is-stale", isOld);
  if (!place?.matches(".snapshot")) return;
  let note = place.querySelector(".snapshot-note");
  if (isOld && !note) {
    note = Object.assign(document.createElement("span"), { className: "snapshot-note" });
    place.append(note);
  }
  if (isOld) setText(note, `${length((now() - at) / 1000).split(" ").slice(0, 2).join(" ")} old`);
  else note?.remove();
}

/** Keeps a list of cameras up to date. `items` is the element that holds one child with data-camera for each. */
export class CameraList extends EventTarget {
  #items;
  #settings;
  #coming = new Set();

  /** The facts of each camera in the last answer, by number. */
  facts = new Map();

  constructor(items) {
    super();
    this.#items = items;
    this.#settings = items.closest("[data-states]").dataset;
    startClock();
    this.poll = new Poll({ address: () => this.#address(), show: (answer) => this.#show(answer) });
    // Pictures grow older although nothing changes.
    setInterval(() => document.hidden || this.#age(), 5000);
    takeSwitches((camera) => this.#flipped(camera), (milliseconds) => this.poll.soon(milliseconds));
  }

  item(id) { return this.#items.querySelector(`:scope > [data-camera="${id}"]`); }

  /** With a filter by state, a camera that leaves the state stays on the page and shows its new one. */
  #address() {
    const address = this.#settings.states;
    if (!("keeps" in this.#settings)) return address;
    const shown = [...this.#items.children].map((item) => item.dataset.camera).filter(Boolean);
    return shown.length ? `${address}&keep=${shown.slice(0, 500).join(",")}` : address;
  }

  #show(answer) {
    const changed = [];
    this.facts = new Map(answer.cameras.map((camera) => [camera.id, camera]));
    for (const camera of answer.cameras) {
      const item = this.item(camera.id);
      if (!item) this.#coming.add(camera.id);
      else if (this.showCamera(item, camera)) changed.push(find(item, "name").textContent);
    }
    const gone = [...this.#items.children].filter((item) => item.dataset.camera && !this.facts.has(Number(item.dataset.camera)));
    for (const item of gone) this.#leave(item);
    this.#count(answer);
    this.#tell(answer, changed);
    if (this.#coming.size) this.#fetch();
    this.dispatchEvent(new Event("news"));
  }

  /** Shows the state of a camera; returns true if it is another one. */
  showCamera(item, camera) {
    item.classList.remove("is-gone");
    const changed = showState(find(item, "state"), { state: camera.state, cause: camera.cause, since: moment(camera.since) });
    showSwitch(item, camera.on, camera.version);
    showTime(item, "last", moment(camera.last), camera.state === "recording" ? "now" : "none");
    setText(find(item, "backlog"), backlog(camera.backlog ?? 0));
    showAge(item, camera);
    return changed;
  }

  #age() {
    for (const item of this.#items.children) {
      const camera = this.facts.get(Number(item.dataset.camera));
      if (camera) showAge(item, camera);
    }
  }

  #flipped(camera) {
    const item = this.item(camera.id);
    if (!item) return;
    showSwitch(item, camera.is_active, camera.version);
    showState(find(item, "state"), camera.status);
  }

  /** One that left is marked for a moment, so that nobody wonders where it went. */
  #leave(item) {
    if (item.classList.contains("is-gone")) return;
    item.classList.add("is-gone");
    const state = find(item, "state");
    if (state) {
      state.dataset.tone = "quiet";
      state.querySelector("use").setAttribute("href", "#mark-off");
      setText(find(state, "word"), "No longer in this list");
      state.querySelector(".state-since").hidden = true;
      find(state, "cause").hidden = true;
    }
    for (const control of item.querySelectorAll("button, input")) control.disabled = true;
    setTimeout(() => {
      if (this.facts.has(Number(item.dataset.camera)) && !this.poll.isSilent) return this.#renew(item);
      const neighbour = item.nextElementSibling ?? item.previousElementSibling;
      const hadFocus = item.contains(document.activeElement);
      item.remove();
      this.dispatchEvent(new CustomEvent("left", { detail: { item } }));
      if (hadFocus) neighbour?.querySelector("a, button")?.focus();
      if (![...this.#items.children].some((child) => child.dataset.camera)) location.reload();
    }, 5000);
  }

  /** It is there again: its part of the page is fetched anew. */
  #renew(item) {
    item.remove();
    this.poll.soon(0);
  }

  #count(answer) {
    for (const link of document.querySelectorAll("[data-count]")) {
      const state = link.dataset.count;
      setText(link.querySelector("b"), String(state === "all" ? answer.total : answer.counts[state] ?? 0));
      if (state !== "all") link.hidden = !answer.counts[state] && !link.hasAttribute("aria-current");
    }
  }

  #tell(answer, changed) {
    const trouble = document.getElementById("trouble");
    if (trouble) {
      setText(trouble.querySelector("span"), answer.troubles.join(" "));
      trouble.hidden = !answer.troubles.length;
    }
    if (changed.length === 1) {
      const item = [...this.#items.children].find((child) => find(child, "name")?.textContent === changed[0]);
      say(`${changed[0]}: ${find(item, "word").textContent}`);
    } else if (changed.length > 1) {
      say(`${changed.length} cameras changed their state.`);
    }
  }

  /** Fetches the parts of cameras that are new here, and puts them where they belong: by number. */
  async #fetch() {
    const ids = [...this.#coming].slice(0, 100);
    this.#coming.clear();
    const response = await fetch(`${this.#settings.parts}&ids=${ids.join(",")}`, {
      headers: background,
      signal: AbortSignal.timeout(8000),
      cache: "no-store",
    }).catch(() => null);
    if (!response?.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const part of page.querySelectorAll("[data-camera]")) {
      const id = Number(part.dataset.camera);
      if (this.item(id) || !this.facts.has(id)) continue;
      const next = [...this.#items.children].find((item) => Number(item.dataset.camera) > id);
      this.#items.insertBefore(document.importNode(part, true), next ?? null);
      const item = this.item(id);
      this.showCamera(item, this.facts.get(id));
      this.dispatchEvent(new CustomEvent("came", { detail: { item } }));
    }
    refreshTimes();
  }
}
