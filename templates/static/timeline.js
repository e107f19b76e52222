// <observer-timeline src name from to>: what was recorded of a camera, from thirty days to ten seconds.
// What the element contains besides stays below it; without this script that is all there is.

import { both, exact, length, now } from "./time.js";
import { TimelineData } from "./timeline-data.js";
import { TimelineDrawing, rows } from "./timeline-draw.js";
import { missing, reason, stretch, summarised, told } from "./timeline-words.js";

const shortest = 10e3;
const longest = 31 * 86400e3;
const lengths = [10e3, 60e3, 600e3, 3600e3, 6 * 3600e3, 86400e3, 7 * 86400e3, 30 * 86400e3];
const names = ["10 s", "1 min", "10 min", "1 h", "6 h", "1 day", "7 days", "30 days"];
const settled = 700;
const running = 5000;
const listed = 50;

const clamp = (value, least, greatest) => Math.min(Math.max(value, least), greatest);

function make(tag, properties = {}, ...children) {
  const { attributes = {}, ...own } = properties;
  const element = Object.assign(document.createElement(tag), own);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function button(text, label, action) {
  return make("button", { type: "button", className: "plain", textContent: text, title: label, onclick: action, attributes: { "aria-label": label } });
}

export class ObserverTimeline extends HTMLElement {
  static observedAttributes = ["src", "from", "to", "name"];

  #view = null;
  #cursor = null;
  #selection = null;
  #data = new TimelineData(() => this.#arrived(), (text) => this.#failed(text));
  #pointers = new Map();
  #parts = null;
  #cleanUp = null;

  connectedCallback() {
    if (!this.#parts) this.#build();
    this.#takeAttributes();
    const control = new AbortController();
    const { signal } = control;
    const resized = new ResizeObserver(() => { this.#parts.drawing.resize(this.#parts.track.clientWidth); this.#changed(false); });
    resized.observe(this.#parts.track);
    this.isVisible = true;
    const seen = new IntersectionObserver(([entry]) => { this.isVisible = entry.isIntersecting; this.#follow(); });
    seen.observe(this);
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-contrast: more)"]) {
      matchMedia(query).addEventListener("change", () => { this.#parts.drawing.colours = null; this.#draw(); }, { signal });
    }
    document.addEventListener("visibilitychange", () => this.#follow(), { signal });
    const timer = setInterval(() => this.#follow(), running);
    this.#cleanUp = () => { control.abort(); resized.disconnect(); seen.disconnect(); clearInterval(timer); this.#data.stop(); };
  }

  disconnectedCallback() {
    this.#cleanUp?.();
    for (const name of ["settle", "report"]) clearTimeout(this[name]);
  }

  attributeChangedCallback() {
    if (this.#parts) this.#takeAttributes();
  }

  #takeAttributes() {
    this.#data.address = this.getAttribute("src");
    this.#parts.track.setAttribute("aria-label", `Position in the recordings${this.getAttribute("name") ? ` of ${this.getAttribute("name")}` : ""}`);
    const to = Date.parse(this.getAttribute("to") ?? "") || now();
    const given = Date.parse(this.getAttribute("from") ?? "") || 0;
    const from = given && given < to ? given : to - 86400e3;
    if (from !== this.given?.from || this.getAttribute("to") !== this.given.to) this.show(from, to);
    this.given = { from, to: this.getAttribute("to") };
  }

  // Parts

  #build() {
    const canvas = make("canvas", { attributes: { "aria-hidden": "true" } });
    const summary = make("p", { className: "timeline-text", id: `timeline-${Math.random().toString(36).slice(2)}`, attributes: { role: "status" } });
    const track = make("div", {
      className: "timeline-track", tabIndex: 0,
      attributes: { role: "slider", "aria-orientation": "horizontal", "aria-describedby": summary.id, "aria-keyshortcuts": "ArrowLeft ArrowRight PageUp PageDown Home End + - [ ] N P" },
    }, canvas);
    const tip = make("div", { className: "timeline-tip", hidden: true, attributes: { "aria-hidden": "true" } });
    const range = make("span", { className: "timeline-range" });
    const size = make("select", { title: "Length of the view", onchange: () => this.#zoomTo(Number(size.value)), attributes: { "aria-label": "Length of the view" } },
      make("option", { value: "", hidden: true }), ...lengths.map((value, index) => make("option", { value: String(value), textContent: names[index] })));
    const bar = make("div", { className: "timeline-bar" }, range, make("span", { className: "timeline-tools" },
      button("‹", "Earlier", () => this.#pan(-0.5)), button("›", "Later", () => this.#pan(0.5)),
      button("−", "Zoom out", () => this.#zoom(2)), size, button("+", "Zoom in", () => this.#zoom(0.5)),
      button("Now", "Show the present", () => this.#showNow()),
      button("[", "Select from the position on", () => this.#mark("from")), button("]", "Select up to the position", () => this.#mark("to"))));
    const list = make("ol");
    const details = make("details", { className: "timeline-list", hidden: true }, make("summary"), list);
    const problem = make("p", { className: "timeline-problem", hidden: true, attributes: { role: "alert" } });
    const chosen = make("p", { className: "timeline-selection", hidden: true }, make("span"), button("Clear", "Clear the selection", () => { this.selection = null; this.#tell("select", null); }));
    this.#parts = { canvas, track, tip, range, size, summary, details, list, problem, chosen, drawing: new TimelineDrawing(canvas) };
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", `Timeline${this.getAttribute("name") ? ` of ${this.getAttribute("name")}` : ""}`);
    this.prepend(bar, make("div", { className: "timeline-frame" }, track, tip), chosen, problem, summary, details, this.#legend());
    this.#listen(track);
  }

  #legend() {
    const entries = [["covered", "Recorded"], ["camera", "Gap: camera"], ["disk", "Gap: disk"], ["recorder", "Gap: recorder"], ["unexplained", "Reason unknown"], ["waiting", "Not yet in the store"], ["held", "Held"], ["lost", "Lost"], ["expired", "Deleted, time over"]];
    return make("ul", { className: "timeline-legend" }, ...entries.map(([kind, text]) => make("li", {}, make("i", { attributes: { "data-kind": kind, "aria-hidden": "true" } }), text)));
  }

  // Properties

  /** The play head in milliseconds since 1970, or null. */
  get cursor() { return this.#cursor; }
  set cursor(at) {
    const next = Number.isFinite(at) ? Math.round(at) : null;
    if (next === this.#cursor) return;
    this.#cursor = next;
    this.#draw();
    this.#describe();
  }

  /** What is selected: {from, to} in milliseconds, or null. */
  get selection() { return this.#selection && { ...this.#selection }; }
  set selection(value) {
    this.#selection = value && value.from < value.to ? { from: Math.round(value.from), to: Math.round(value.to) } : null;
    const { chosen } = this.#parts ?? {};
    if (!chosen) return;
    chosen.hidden = !this.#selection;
    if (this.#selection) {
      const { from, to } = this.#selection;
      chosen.firstChild.textContent = `Selected: ${stretch(from, to)} (${length((to - from) / 1000)}) `;
    }
    this.#draw();
  }

  /** What is shown: {from, to} in milliseconds. */
  get view() { return this.#view && { ...this.#view }; }

  /** Shows a stretch of ten seconds to 31 days, which ends soon after the present at the latest. */
  show(from, to) {
    if (!Number.isFinite(from) || !Number.isFinite(to)) return;
    const span = clamp(to - from, shortest, longest);
    const latest = now() + span * 0.05;
    const end = Math.min((from + to) / 2 + span / 2, Math.max(latest, 0));
    this.#view = { from: Math.max(end - span, 946684800000), to: Math.max(end, 946684800000 + span) };
    this.#changed(true);
  }

  // Changes of the view

  #changed(isNews) {
    const { from, to } = this.#view ?? {};
    if (!this.#parts || from === undefined) return;
    this.#parts.range.textContent = stretch(from, to);
    const index = lengths.indexOf(Math.round(to - from));
    this.#parts.size.value = index < 0 ? "" : String(lengths[index]);
    if (index < 0) this.#parts.size.options[0].textContent = length((to - from) / 1000);
    this.#draw();
    this.#data.need(from, to, this.#parts.track.clientWidth, now());
    if (!isNews) return;
    clearTimeout(this.report);
    this.report = setTimeout(() => this.#tell("view", { from: Math.round(from), to: Math.round(to) }), 150);
    this.#settle();
  }

  #zoom(factor, centre = this.#anchor()) {
    const { from, to } = this.#view;
    const span = clamp((to - from) * factor, shortest, longest);
    const start = centre - ((centre - from) / (to - from)) * span;
    this.show(start, start + span);
  }

  #zoomTo(span) {
    const centre = this.#anchor();
    this.show(centre - span / 2, centre + span / 2);
  }

  /** The play head where it is in sight, else the middle. */
  #anchor() {
    const { from, to } = this.#view;
    return this.#cursor !== null && this.#cursor >= from && this.#cursor <= to ? this.#cursor : (from + to) / 2;
  }

  #pan(share) {
    const { from, to } = this.#view;
    this.show(from + (to - from) * share, to + (to - from) * share);
  }

  #showNow() {
    const span = this.#view.to - this.#view.from;
    this.show(now() - span * 0.98, now() + span * 0.02);
  }

  /** Keeps up with the present while the element can be seen. */
  #follow() {
    if (document.hidden || !this.isVisible || !this.#view) return;
    const { from, to } = this.#view;
    // A view that shows the present moves on with it.
    const lag = now() - to;
    if (lag > 0 && lag < 2 * running) this.#view = { from: from + lag, to: to + lag };
    this.#changed(false);
  }

  // Keyboard and pointers

  #listen(track) {
    track.addEventListener("keydown", (event) => this.#pressed(event));
    track.addEventListener("wheel", (event) => this.#turned(event), { passive: false });
    track.addEventListener("pointerdown", (event) => this.#touched(event));
    track.addEventListener("pointermove", (event) => this.#moved(event));
    for (const name of ["pointerup", "pointercancel"]) track.addEventListener(name, (event) => this.#released(event));
    track.addEventListener("pointerleave", () => this.#hideTip());
    track.addEventListener("focus", () => track.matches(":focus-visible") && this.#tipAt(this.#cursor ?? this.#anchor()));
    track.addEventListener("blur", () => this.#hideTip());
  }

  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { from, to } = this.#view;
    const span = to - from;
    const at = this.#cursor !== null && this.#cursor >= from && this.#cursor <= to ? this.#cursor : (from + to) / 2;
    const small = span / (event.shiftKey ? 10 : 100);
    const actions = {
      ArrowLeft: () => this.#step(at - small), ArrowRight: () => this.#step(at + small),
      ArrowDown: () => this.#step(at - small), ArrowUp: () => this.#step(at + small),
      Home: () => this.#step(from), End: () => this.#step(Math.min(to, now())),
      PageUp: () => this.#pan(-1), PageDown: () => this.#pan(1),
      "+": () => this.#zoom(0.5), "=": () => this.#zoom(0.5), "-": () => this.#zoom(2), "_": () => this.#zoom(2),
      Enter: () => this.#seek(at), " ": () => this.#seek(at),
      "[": () => this.#mark("from"), "]": () => this.#mark("to"),
      n: () => this.#toGap(at, 1), p: () => this.#toGap(at, -1),
      Escape: () => this.#escape(),
    };
    const action = actions[event.key] ?? actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  }

  /** Moves the play head, and the view along with it. */
  #step(at) {
    const { from, to } = this.#view;
    const place = clamp(at, 946684800000, now());
    if (place < from || place > to) this.show(place - (to - from) / 2, place + (to - from) / 2);
    this.cursor = place;
    this.#tipAt(place);
  }

  #seek(at) {
    this.cursor = Math.min(at, now());
    this.#tell("seek", { at: this.#cursor });
  }

  #toGap(at, direction) {
    const { from, to } = this.#view;
    const gaps = missing(this.#data.best(from, to), from, to);
    const next = direction > 0 ? gaps.find((span) => span.from > at) : gaps.findLast((span) => span.from < at - 1);
    if (next) this.#step(next.from);
  }

  #escape() {
    if (!this.#parts.tip.hidden) return this.#hideTip();
    if (this.#selection) { this.selection = null; this.#tell("select", null); }
  }

  /** Selects from the play head on, or up to it. */
  #mark(side) {
    const { from, to } = this.#view;
    const at = this.#anchor();
    const other = this.#selection ?? { from: side === "to" ? from : at, to: side === "from" ? to : at };
    const next = { ...other, [side]: at };
    if (next.from >= next.to) next[side === "from" ? "to" : "from"] = side === "from" ? Math.max(to, at + 1000) : Math.min(from, at - 1000);
    this.selection = next;
    this.#tell("select", this.selection);
  }

  #turned(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return this.#pan((event.deltaX || event.deltaY) * lines / this.#parts.track.clientWidth);
    this.#zoom(clamp(Math.exp(event.deltaY * lines * 0.0015), 0.2, 5), this.#at(event));
  }

  #at(event) {
    const box = this.#parts.track.getBoundingClientRect();
    return this.#view.from + ((event.clientX - box.left) / box.width) * (this.#view.to - this.#view.from);
  }

  #touched(event) {
    if (event.button > 0) return;
    this.#parts.track.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, { x: event.clientX, start: event.clientX, at: this.#at(event) });
    this.drag = { kind: event.shiftKey ? "select" : this.#handle(event), moved: false };
    this.#parts.track.focus({ preventScroll: true, focusVisible: false });
  }

  /** The edge of the selection below a pointer, or "pan". */
  #handle(event) {
    const near = (this.#view.to - this.#view.from) * 8 / this.#parts.track.clientWidth;
    const at = this.#at(event);
    for (const side of ["from", "to"]) if (this.#selection && Math.abs(this.#selection[side] - at) < near) return side;
    return "pan";
  }

  #moved(event) {
    const pointer = this.#pointers.get(event.pointerId);
    if (!pointer) return this.#tipAt(this.#at(event));
    if (Math.abs(event.clientX - pointer.start) > 4) this.drag.moved = true;
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, other]) => other);
    const at = this.#at(event);
    if (others.length) this.#pinch(pointer, others[0], event.clientX);
    else if (this.drag.moved && this.drag.kind === "pan") this.#pan((pointer.x - event.clientX) / this.#parts.track.clientWidth);
    else if (this.drag.moved && this.drag.kind === "select") this.selection = { from: Math.min(pointer.at, at), to: Math.max(pointer.at, at) };
    else if (this.drag.moved) this.#drag(at);
    pointer.x = event.clientX;
    this.#hideTip();
  }

  #drag(at) {
    const other = this.#selection[this.drag.kind === "from" ? "to" : "from"];
    this.selection = { from: Math.min(at, other), to: Math.max(at, other) };
    this.drag.kind = at < other ? "from" : "to";
  }

  /** Two fingers: what lies below each stays there. */
  #pinch(pointer, other, x) {
    const before = Math.abs(pointer.x - other.x);
    const after = Math.abs(x - other.x);
    if (before < 8 || after < 8) return;
    const box = this.#parts.track.getBoundingClientRect();
    const { from, to } = this.#view;
    this.#zoom(before / after, from + ((other.x - box.left) / box.width) * (to - from));
  }

  #released(event) {
    const pointer = this.#pointers.get(event.pointerId);
    this.#pointers.delete(event.pointerId);
    if (!pointer || event.type === "pointercancel") return;
    if (this.drag.kind !== "pan" && this.drag.moved) return this.#tell("select", this.selection);
    if (!this.drag.moved && !this.#pointers.size) this.#seek(this.#at(event));
  }

  // Words

  #told(at) { return at > now() ? "Not yet" : told(this.#data.parts(at, at + 1).at(-1), at); }

  #tipAt(at) {
    const { tip, track } = this.#parts;
    const share = (at - this.#view.from) / (this.#view.to - this.#view.from);
    tip.replaceChildren(make("b", { textContent: this.#told(at) }), make("span", { textContent: both(new Date(at)) }));
    tip.hidden = share < 0 || share > 1;
    tip.style.setProperty("inset-inline-start", `${clamp(share * track.clientWidth - tip.offsetWidth / 2, 0, Math.max(track.clientWidth - tip.offsetWidth, 0))}px`);
  }

  #hideTip() { this.#parts.tip.hidden = true; }

  #describe() {
    const { track } = this.#parts;
    const { from, to } = this.#view;
    const at = this.#cursor ?? (from + to) / 2;
    track.setAttribute("aria-valuemin", Math.round(from / 1000));
    track.setAttribute("aria-valuemax", Math.round(to / 1000));
    track.setAttribute("aria-valuenow", Math.round(clamp(at, from, to) / 1000));
    track.setAttribute("aria-valuetext", `${exact(new Date(at))}: ${this.#told(at)}`);
  }

  /** Says what is in view when it has stood still for a while. */
  #settle() {
    clearTimeout(this.settle);
    this.settle = setTimeout(() => {
      const { from, to } = this.#view;
      const answer = this.#data.best(from, to);
      if (!answer) return;
      const summary = summarised(answer, from, to);
      if (this.#parts.summary.textContent !== summary) this.#parts.summary.textContent = summary;
      this.#listMissing(missing(answer, from, to));
    }, settled);
  }

  #listMissing(gaps) {
    const { details, list } = this.#parts;
    details.hidden = !gaps.length;
    details.firstChild.textContent = `${gaps.length} ${gaps.length === 1 ? "gap" : "gaps"} in view`;
    const longestFirst = [...gaps].sort((one, other) => other.to - other.from - one.to + one.from);
    const shown = longestFirst.slice(0, listed).sort((one, other) => one.from - other.from);
    list.replaceChildren(...shown.map((span) => {
      const show = () => {
        const margin = Math.max(span.to - span.from, 5000);
        this.show(span.from - margin, span.to + margin);
        this.#step(span.from);
      };
      return make("li", {}, button(stretch(span.from, span.to), `Show ${stretch(span.from, span.to)}`, show), ` ${reason(span)}`);
    }));
  }

  // Results

  #arrived() {
    this.#draw();
    this.#describe();
    this.#settle();
  }

  #failed(text) {
    if (!this.#parts) return;
    this.#parts.problem.hidden = !text;
    if (this.#parts.problem.textContent !== (text ?? "")) this.#parts.problem.textContent = text ?? "";
  }

  #draw() {
    if (!this.#parts || !this.#view || this.drawn) return;
    this.drawn = requestAnimationFrame(() => {
      this.drawn = 0;
      const { drawing, track } = this.#parts;
      if (drawing.width !== track.clientWidth) drawing.resize(track.clientWidth);
      drawing.draw(this.#view, this.#data.parts(this.#view.from, this.#view.to), { cursor: this.#cursor, selection: this.#selection, now: now() });
      this.#describe();
    });
  }

  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail })); }

  /** The strip for events, in pixels from above the track, and the moment of a place in it. */
  get eventStrip() { return { top: rows.events, bottom: rows.eventsEnd, x: (at) => this.#parts.drawing.x(at) }; }
}

customElements.define("observer-timeline", ObserverTimeline);
