// Draws a timeline. No kind is told by its colour alone: each has a pattern or a place of its own.

import { step, ticks } from "./timeline-scale.js";

/** Where things are, in pixels from above. */
export const rows = { label: 4, scale: 20, band: 26, bandEnd: 58, marks: 61, marksEnd: 67, events: 71, eventsEnd: 81, height: 84 };

const camera = new Set(["unreachable", "refused", "unauthorized", "not_found", "no_video", "stalled", "bad_stream", "no_key_frames", "lossy", "dns"]);

function pattern(context, name, colour, paper) {
  const tile = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
  const pen = tile.getContext("2d");
  pen.fillStyle = paper;
  pen.fillRect(0, 0, 16, 16);
  Object.assign(pen, { strokeStyle: colour, fillStyle: colour, lineWidth: 3 });
  pen.beginPath();
  if (name !== "dots" && name !== "lines") for (const x of [-16, 0, 16]) { pen.moveTo(x, 16); pen.lineTo(x + 16, 0); }
  if (name === "cross") for (const x of [-16, 0, 16]) { pen.moveTo(x, 0); pen.lineTo(x + 16, 16); }
  if (name === "lines") { pen.moveTo(4, 0); pen.lineTo(4, 16); pen.moveTo(12, 0); pen.lineTo(12, 16); }
  if (name === "dots") for (const [x, y] of [[4, 4], [12, 12]]) { pen.moveTo(x, y); pen.arc(x, y, 3, 0, 7); }
  if (name === "dots") pen.fill(); else pen.stroke();
  const made = context.createPattern(tile, "repeat");
  made.setTransform(new DOMMatrix().scale(0.5));
  return made;
}

export class TimelineDrawing {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  /** Takes the colours from the style sheet. */
  readColours() {
    const style = getComputedStyle(this.canvas);
    const colour = (name) => style.getPropertyValue(`--timeline-${name}`).trim() || "gray";
    const names = ["paper", "ink", "quiet", "line", "off", "covered", "gap", "unexplained", "waiting", "held", "lost", "expired", "cursor", "selection"];
    this.colours = Object.fromEntries(names.map((name) => [name, colour(name)]));
    this.font = `11px ${style.fontFamily}`;
    const { gap, unexplained, expired, paper } = this.colours;
    this.patterns = {
      camera: pattern(this.context, "hatch", gap, paper), disk: pattern(this.context, "cross", gap, paper),
      recorder: pattern(this.context, "dots", gap, paper), unexplained: pattern(this.context, "lines", unexplained, paper),
      expired: pattern(this.context, "dots", expired, paper),
    };
  }

  resize(width) {
    const scale = window.devicePixelRatio || 1;
    this.width = Math.max(1, width);
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(rows.height * scale);
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
  }

  draw(view, answers, { cursor, selection, now }) {
    if (!this.colours) this.readColours();
    const { context, width, colours } = this;
    this.x = (at) => ((at - view.from) / (view.to - view.from)) * width;
    context.clearRect(0, 0, width, rows.height);
    context.fillStyle = colours.off;
    context.fillRect(0, rows.bandEnd - 3, width, 3);
    for (const answer of answers) this.drawAnswer(answer, view);
    this.drawScale(view);
    if (now > view.from && now < view.to) {
      context.fillStyle = colours.off;
      context.globalAlpha = 0.35;
      context.fillRect(this.x(now), rows.band, width - this.x(now), rows.bandEnd - rows.band);
      context.globalAlpha = 1;
    }
    if (selection) this.drawSelection(selection);
    if (cursor !== null && cursor >= view.from && cursor <= view.to) this.drawCursor(cursor);
  }

  /** Fills stretches; what is short is a pixel wide all the same, so that nothing vanishes. */
  fill(spans, style, top, bottom, bounds, least = 1, narrow = null) {
    const { context } = this;
    for (const span of spans) {
      const [from, to] = [Math.max(span.from, bounds.from), Math.min(span.to, bounds.to)];
      if (from >= to) continue;
      const start = this.x(from);
      const length = Math.max(this.x(to) - start, least);
      // A pattern needs room.
      context.fillStyle = narrow && length < 4 ? narrow : typeof style === "function" ? style(span) : style;
      context.fillRect(start, top, length, bottom - top);
    }
  }

  drawAnswer(answer, view) {
    const bounds = { from: Math.max(view.from, answer.asked.from), to: Math.min(view.to, answer.to) };
    if (bounds.from >= bounds.to) return;
    const { context, colours, patterns } = this;
    const [left, right] = [this.x(bounds.from), this.x(bounds.to)];
    context.clearRect(left, rows.band - 2, right - left, rows.marksEnd - rows.band + 2);
    context.fillStyle = colours.off;
    context.fillRect(left, rows.bandEnd - 3, right - left, 3);
    this.fill(answer.expired, patterns.expired, rows.band + 10, rows.bandEnd, bounds);
    this.fill(answer.covered, colours.covered, rows.band, rows.bandEnd, bounds);
    const style = ({ cause }) => camera.has(cause) ? patterns.camera : cause === "no_recorder" ? patterns.recorder : patterns.disk;
    for (const [spans, fill, edge] of [[answer.gaps, style, colours.gap], [answer.unexplained, patterns.unexplained, colours.unexplained]]) {
      this.fill(spans, fill, rows.band, rows.bandEnd, bounds, 2, edge);
      // An edge above and below holds a short one together.
      this.fill(spans, edge, rows.band - 2, rows.band + 1, bounds, 2);
      this.fill(spans, edge, rows.bandEnd - 1, rows.bandEnd + 1, bounds, 2);
    }
    this.fill(answer.waiting, colours.waiting, rows.marks, rows.marks + 2, bounds);
    this.fill(answer.held, colours.held, rows.marks + 3, rows.marksEnd, bounds);
    this.fill(answer.lost, colours.lost, rows.marks, rows.marksEnd, bounds);
  }

  drawScale(view) {
    const { context, width, colours } = this;
    const span = view.to - view.from;
    context.font = this.font;
    context.textBaseline = "top";
    const size = step(span, width, 64);
    context.fillStyle = colours.line;
    for (const tick of ticks(view.from, view.to, step(span, width, 12))) {
      context.fillRect(Math.round(this.x(tick.at)), rows.scale, 1, rows.band - rows.scale - 2);
    }
    let end = -8;
    for (const tick of ticks(view.from, view.to, size)) {
      const x = Math.round(this.x(tick.at));
      context.fillStyle = colours.quiet;
      context.fillRect(x, rows.scale - 4, 1, rows.band - rows.scale + 2);
      if (tick.isDay) context.fillRect(x, rows.scale - 4, 1, rows.eventsEnd - rows.scale + 4);
      context.fillStyle = tick.isDay ? colours.ink : colours.quiet;
      const place = Math.min(Math.max(x + 3, 0), width - context.measureText(tick.text).width);
      if (place <= end + 6) continue;
      context.fillText(tick.text, place, rows.label);
      end = place + context.measureText(tick.text).width;
    }
  }

  drawSelection({ from, to }) {
    const { context, colours } = this;
    const [left, right] = [this.x(from), Math.max(this.x(to), this.x(from) + 1)];
    context.globalAlpha = 0.2;
    context.fillStyle = colours.selection;
    context.fillRect(left, rows.scale, right - left, rows.eventsEnd - rows.scale);
    context.globalAlpha = 1;
    for (const x of [left, right]) {
      context.fillRect(x - 1, rows.scale, 2, rows.eventsEnd - rows.scale);
      context.fillRect(x - 3, rows.scale, 6, 5);
    }
  }

  drawCursor(cursor) {
    const { context, colours } = this;
    const x = Math.round(this.x(cursor));
    context.fillStyle = colours.paper;
    context.fillRect(x - 2, rows.scale - 2, 5, rows.height - rows.scale);
    context.fillStyle = colours.cursor;
    context.fillRect(x - 1, rows.scale - 2, 3, rows.height - rows.scale);
    context.beginPath();
    context.moveTo(x - 5.5, rows.scale - 3);
    context.lineTo(x + 6.5, rows.scale - 3);
    context.lineTo(x + 0.5, rows.scale + 5);
    context.fill();
  }
}
