// The scale of a timeline: where its ticks are, in the zone of the page, on days of 23 and 25 hours too.

import { abbreviation, offset } from "./time.js";

const second = 1000, minute = 60e3, hour = 3600e3, day = 86400e3, quarter = 900e3;
const steps = [
  second, 2 * second, 5 * second, 10 * second, 30 * second, minute, 2 * minute, 5 * minute, 10 * minute, 30 * minute, hour,
  2 * hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 5 * day, 10 * day,
];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number) => String(number).padStart(2, "0");
const local = (at) => new Date(at + offset(at));

/** The least step whose ticks are so many pixels apart. */
export function step(span, width, pixels) {
  return steps.find((size) => (size / span) * width >= pixels) ?? steps.at(-1);
}

const date = (shown) => `${shown.getUTCDate()} ${months[shown.getUTCMonth()]}`;

function label(at, size, before) {
  const shown = local(at);
  const isDay = size >= day || (before !== null && local(before).getUTCDate() !== shown.getUTCDate() && shown.getTime() % day < quarter);
  if (isDay) return date(shown);
  const clock = `${two(shown.getUTCHours())}:${two(shown.getUTCMinutes())}`;
  // Where clocks change, an hour comes twice or not at all.
  const changed = before !== null && offset(before) !== offset(at) ? ` ${abbreviation(new Date(at))}` : "";
  return (size < minute ? `${clock}:${two(shown.getUTCSeconds())}` : clock) + changed;
}

/** Ticks between two moments: when, the text, and whether a day begins. */
export function ticks(from, to, size) {
  const found = [];
  const add = (at) => {
    const text = label(at, size, found.at(-1)?.at ?? null);
    found.push({ at, text, isDay: !text.includes(":") });
  };
  if (size < quarter) {
    // Clocks are ahead by whole quarters of an hour.
    for (let at = Math.ceil(from / size) * size; at <= to; at += size) add(at);
    return found;
  }
  let before = local(Math.floor(from / quarter) * quarter - quarter);
  for (let at = Math.floor(from / quarter) * quarter; at <= to; at += quarter) {
    const shown = local(at);
    const isNewDay = Math.floor(shown / day) !== Math.floor(before / day);
    const isFull = size >= day
      ? isNewDay && (size === day || (shown.getUTCDate() - 1) % (size / day) === 0)
      : shown % size === 0 || (size >= hour && isNewDay);
    before = shown;
    if (isFull && at >= from) add(at);
  }
  return found;
}
