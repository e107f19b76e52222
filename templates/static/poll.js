// Asks the server again and again while the page is seen. Such questions are marked, so that the session they carry is not
// used by them: it ends after its time although a page stands open, and the page then says so instead of counting on.

import { learnClock, length } from "./time.js";

/** The mark of a question that nobody asked by hand. */
export const background = { "x-observer-background": "1" };

const pulse = document.getElementById("pulse");

/** Says a sentence in the page's polite line; with a tone, it is about trouble. Nodes may follow the text. */
export function say(text, tone, ...more) {
  if (!pulse) return;
  pulse.toggleAttribute("data-tone", Boolean(tone));
  if (pulse.firstChild?.data !== text || more.length || pulse.childNodes.length > 1) pulse.replaceChildren(text, ...more);
}

function signInLink() {
  const back = location.pathname + location.search;
  const address = `/api/v1/controller/sign-in?back=${encodeURIComponent(back)}`;
  return Object.assign(document.createElement("a"), { href: address, textContent: "Sign in again" });
}

/** A question that is asked every few seconds; `show` gets each answer that is new. */
export class Poll {
  #timer = 0;
  #asking = false;
  #tag = null;
  #address = "";
  #silentSince = null;
  #hasEnded = false;

  /** `address` returns where to ask, as it is then; `missing` is told of a 404. */
  constructor({ address, interval = 3000, show, missing }) {
    Object.assign(this, { address, interval, show, missing });
    document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(this.#timer) : this.now()));
    this.now();
  }

  /** True while nobody knows whether what the page shows is still so. */
  get isSilent() { return this.#silentSince !== null || this.#hasEnded; }

  /** Asks now, and goes on from here. */
  async now() {
    clearTimeout(this.#timer);
    if (document.hidden || this.#asking) return;
    this.#asking = true;
    let answer;
    try {
      answer = await this.#ask();
    } catch {
      this.#fall();
    }
    this.#asking = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), this.#hasEnded ? 15000 : this.interval);
    if (answer) this.show(answer);
  }

  /** Asks soon, for news that a person waits for. */
  soon(milliseconds = 400) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), milliseconds);
  }

  async #ask() {
    const address = this.address();
    if (address !== this.#address) this.#tag = null;
    this.#address = address;
    const response = await fetch(address, {
      headers: { accept: "application/json", ...background, ...(this.#tag ? { "if-none-match": this.#tag } : {}) },
      signal: AbortSignal.timeout(8000),
      cache: "no-store",
    });
    if (response.status === 401) return this.#end();
    if (response.status === 404 && this.missing) return this.missing();
    if (!response.ok && response.status !== 304) throw new Error(String(response.status));
    // Somebody signed in again elsewhere: the forms of this page still carry the old session's token.
    if (this.#hasEnded) return location.reload();
    learnClock(response);
    if (this.#silentSince !== null) say("The server answers again.");
    this.#silentSince = null;
    document.body.classList.remove("silent");
    if (response.status === 304) return undefined;
    const answer = await response.json();
    this.#tag = response.headers.get("etag");
    return answer;
  }

  #fall() {
    if (this.#hasEnded) return;
    this.#silentSince ??= performance.now();
    document.body.classList.add("silent");
    const seconds = (performance.now() - this.#silentSince) / 1000;
    const since = seconds < 1 ? "" : ` for ${length(seconds)}`;
    say(`No answer from the server${since}. The states below are from before; trying again.`, "failing");
  }

  #end() {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    document.body.classList.add("silent", "ended");
    say("Your session has ended, so this page is no longer kept up to date. ", "failing", signInLink());
  }
}
