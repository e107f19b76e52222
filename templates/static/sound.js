// The sound of recordings, in an element of its own beside the picture: sound that starts, ends, has holes or can't be
// decoded never holds up what is seen.

import { isSupported, MediaBuffer, typeOf } from "./media-source.js";

const audible = [0.5, 2];
const offBy = 120;

/** The sound that goes with a video element. */
export class Sound {
  isWanted = false;
  #video;
  #element = document.createElement("audio");
  #buffer;

  constructor(video) {
    this.#video = video;
    this.#buffer = new MediaBuffer(this.#element, "audio");
    this.isWanted = !video.muted;
  }

  /** Adds the sound of a fragment; what can't be heard is left out. */
  async add(track, codec) {
    if (!this.isWanted || !codec || !isSupported(typeOf("audio", codec))) return;
    try {
      if (!this.#buffer.covers(track.start)) await this.#buffer.open(track.start, codec);
      await this.#buffer.add(track, codec, true);
      if (this.#buffer.ledger.spans.length > 120) await this.#buffer.tidy();
    } catch {
      // Silence is no reason to stop.
      this.#buffer.close();
    }
  }

  /** Keeps up with the picture. */
  follow(at, rate) {
    if (this.#buffer.base === null) return;
    const isHeard = this.isWanted && at !== null && !this.#video.paused && !this.#video.seeking
      && rate >= audible[0] && rate <= audible[1] && this.#buffer.covers(at) && this.#buffer.has(at);
    this.#element.volume = this.#video.volume;
    if (!isHeard) return this.#element.pause();
    if (this.#element.playbackRate !== this.#video.playbackRate) this.#element.playbackRate = this.#video.playbackRate;
    if (Math.abs(this.#buffer.time - at) > offBy) this.#buffer.time = at;
    if (this.#element.paused) this.#element.play().catch(() => {});
  }

  close() {
    this.#element.pause();
    this.#buffer.close();
  }
}
