// What a timeline says, for people and for screen readers.

import { clock, day, length } from "./time.js";

const words = new Map();
for (const item of document.getElementById("words")?.content.querySelectorAll("[data-cause]") ?? []) words.set(item.dataset.cause, item.textContent);
const word = (cause) => words.get(cause) ?? cause.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());
const within = (spans, at) => spans.find((span) => span.from <= at && at < span.to) ?? null;
const text = (milliseconds) => milliseconds > 0 && milliseconds < 1000 ? "less than 1 s" : length(milliseconds / 1000);

/** A day and two times, or two days where they differ. */
export function stretch(from, to) {
  const [start, end] = [new Date(from), new Date(to)];
  const isSameDay = day(start) === day(end);
  return `${day(start)}, ${clock(start)} to ${isSameDay ? "" : `${day(end)}, `}${clock(end)}`;
}

/** What a moment is by an answer of the API. */
export function told(answer, at) {
  if (!answer || at >= answer.to) return answer ? "Not yet told" : "Loading";
  const lost = within(answer.lost, at) ? ", recording lost" : "";
  const gap = within(answer.gaps, at);
  if (gap) return `${word(gap.cause)}${gap.detail ? `: ${gap.detail}` : ""}${lost}`;
  if (within(answer.unexplained, at)) return lost ? "Recording lost" : "Nothing recorded, reason unknown";
  if (within(answer.expired, at)) return "Deleted, its time was over";
  if (!within(answer.covered, at)) return "Switched off";
  return `Recorded${within(answer.waiting, at) ? ", not yet in the store" : ""}${within(answer.held, at) ? ", held" : ""}`;
}

function cut(spans, from, to) {
  const parts = spans.map((span) => ({ ...span, from: Math.max(span.from, from), to: Math.min(span.to, to) }));
  return parts.filter((span) => span.from < span.to);
}

/** What is missing in a view, in order. */
export function missing(answer, from, to) {
  if (!answer) return [];
  return cut([...answer.gaps, ...answer.unexplained], from, to).sort((one, other) => one.from - other.from);
}

/** How long something is missing, and why. */
export function reason(span) {
  return `${text(span.to - span.from)} · ${span.cause ? word(span.cause) : "Reason unknown"}${span.detail ? ` · ${span.detail}` : ""}`;
}

/** A view in a sentence. */
export function summarised(answer, from, to) {
  const sum = (spans) => cut(spans, from, to).reduce((total, span) => total + span.to - span.from, 0);
  const parts = [sum(answer.covered) ? `${text(sum(answer.covered))} recorded` : "nothing recorded"];
  const gaps = missing(answer, from, to);
  const totals = new Map();
  for (const span of gaps) {
    const name = span.cause ? word(span.cause) : "reason unknown";
    totals.set(name, (totals.get(name) ?? 0) + span.to - span.from);
  }
  const causes = [...totals].map(([name, total]) => `${name} (${text(total)})`).join(", ");
  if (gaps.length) parts.push(`${gaps.length} ${gaps.length === 1 ? "gap" : "gaps"}: ${causes}`);
  const marks = { waiting: "not yet in the store", held: "held", lost: "lost", expired: "deleted as its time was over" };
  for (const [name, mark] of Object.entries(marks)) if (sum(answer[name])) parts.push(`${text(sum(answer[name]))} ${mark}`);
  return `${stretch(from, to)}: ${parts.join("; ")}.`;
}
