// Pictures of cameras: only those that are seen are fetched again, by the address that each picture has for itself, and no
// faster than so many bytes a second in all.

import { background } from "./poll.js";

export class Pictures {
  #seen = new Set();
  #shown = new Map();
  #rate;
  #timer = 0;
  #nextAt = 0;
  #newest;

  /** `rate` is in bytes a second; `newest` returns when the newest picture of a camera was taken, in milliseconds. */
  constructor(rate, newest) {
    this.#rate = rate;
    this.#newest = newest;
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.#seen.add(target);
        else this.#seen.delete(target);
      }
      this.look();
    });
    document.addEventListener("visibilitychange", () => this.look());
  }

  /** Takes the picture of a camera's row or tile: the element with data-picture in it. */
  add(item) {
    const place = item.querySelector("[data-picture]");
    if (!place) return;
    this.#shown.set(place, Number(place.dataset.picture) || 0);
    place.dataset.shown = place.dataset.picture ?? "";
    place.camera = Number(item.dataset.camera);
    this.observer.observe(place);
  }

  remove(item) {
    const place = item.querySelector("[data-picture]");
    if (!place) return;
    this.observer.unobserve(place);
    this.#seen.delete(place);
    this.#shown.delete(place);
    free(place.querySelector("img"));
  }

  /** Fetches the picture that is behind for the longest time, if its turn has come. */
  look() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const due = [...this.#seen].filter((place) => (this.#newest(place.camera) ?? 0) > this.#shown.get(place));
    if (!due.length) return;
    const wait = this.#nextAt - performance.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => this.look(), wait);
      return;
    }
    due.sort((left, right) => this.#shown.get(left) - this.#shown.get(right));
    this.#fetch(due[0]);
  }

  async #fetch(place) {
    const at = this.#newest(place.camera);
    this.#nextAt = Infinity;
    let bytes = 2000;
    try {
      const response = await fetch(`/api/v1/cameras/${place.camera}/snapshot.jpg?t=${at}`, {
        headers: background,
        signal: AbortSignal.timeout(8000),
      });
      if (response.ok) {
        const picture = await response.blob();
        bytes = picture.size + 1000;
        if (this.#shown.has(place)) await show(place, picture);
        place.dataset.shown = String(at);
      }
    } catch {
      // The poll tells of a server that does not answer.
    }
    if (this.#shown.has(place)) this.#shown.set(place, at);
    place.dispatchEvent(new Event("picture", { bubbles: true }));
    this.#nextAt = performance.now() + (bytes / this.#rate) * 1000;
    this.look();
  }
}

function free(image) {
  if (image?.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
}

async function show(place, picture) {
  const next = Object.assign(new Image(), { alt: "", decoding: "async", src: URL.createObjectURL(picture) });
  try {
    await next.decode();
  } catch {
    return free(next);
  }
  const image = place.querySelector("img");
  if (image) {
    free(image);
    image.removeAttribute("srcset");
    image.src = next.src;
  } else {
    place.querySelector(".no-snapshot")?.remove();
    place.prepend(next);
  }
}
