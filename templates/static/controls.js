// The bar of buttons below a picture, the same for one camera and for several: it shows a state and says what is wanted.

const marks = { play: "#mark-play", pause: "#mark-pause", sound: "#mark-sound", silent: "#mark-silent" };
const keys = {
  " ": "play", k: "play", j: "back", l: "on", ",": "frame-back", ".": "frame-on", ArrowLeft: "little-back", ArrowRight: "little-on",
  f: "full", m: "sound", i: "from", o: "to",
};
// Elements that have an own use for a key.
const ownUse = "input, select, textarea, observer-timeline, [contenteditable]";

/** The buttons, and the keys that do the same while the focus is inside of the player. */
export class Controls extends EventTarget {
  #root;
  #time;

  /** Events are named as what is wanted: `play`, `back`, `frame-on`, `speed` with `detail`. */
  constructor(player, root) {
    super();
    this.#root = root;
    this.#time = root.querySelector("[data-time]");
    root.hidden = false;
    root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-act]");
      if (button) this.#want(button.dataset.act);
    });
    root.querySelector("[data-speed]").addEventListener("change", (event) => this.#want("speed", Number(event.target.value)));
    player.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Shows whether it plays. */
  set isPlaying(plays) {
    const button = this.#button("play");
    const word = plays ? "Pause" : "Play";
    button.querySelector("use").setAttribute("href", plays ? marks.pause : marks.play);
    button.querySelector("[data-word]").textContent = word;
    button.title = `${word} (K)`;
  }

  set isLive(live) {
    this.#button("live")?.setAttribute("aria-pressed", String(live));
    for (const name of ["frame-back", "frame-on"]) this.#button(name)?.toggleAttribute("disabled", live);
    this.#root.querySelector("[data-speed]").disabled = live;
  }

  set hasSound(heard) {
    const button = this.#button("sound");
    button?.setAttribute("aria-pressed", String(heard));
    button?.querySelector("use").setAttribute("href", heard ? marks.sound : marks.silent);
  }

  set rate(rate) {
    this.#root.querySelector("[data-speed]").value = String(rate);
  }

  /** Shows a time, with the exact one in UTC on hover. */
  showTime(text, title = "") {
    if (this.#time.textContent !== text) this.#time.textContent = text;
    if (this.#time.title !== title) this.#time.title = title;
  }

  /** Says for a moment on a button that it was done. */
  confirm(name, text) {
    const button = this.#button(name);
    const before = button.dataset.before ?? button.textContent;
    button.dataset.before = before;
    button.textContent = text;
    setTimeout(() => {
      button.textContent = before;
    }, 2000);
  }

  #button(name) {
    return this.#root.querySelector(`[data-act="${name}"]`);
  }

  #want(name, detail) {
    if (this.#button(name)?.hasAttribute("disabled")) return;
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const name = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!name || event.target.closest(ownUse)) return;
    // A blank presses the button that has the focus.
    if (event.key === " " && event.target.closest("button, a, summary")) return;
    event.preventDefault();
    this.#want(name);
  }
}

/** Fills the screen with an element, or no longer. */
export function toggleFull(element) {
  if (document.fullscreenElement) document.exitFullscreen();
  else element.requestFullscreen?.().catch(() => {});
}

/** Copies a text; true if the browser let it. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The names of causes, as the server has them. */
export function causeWords() {
  const items = document.getElementById("words")?.content.querySelectorAll("i[data-cause]") ?? [];
  return new Map([...items].map((item) => [item.dataset.cause, item.textContent]));
}
