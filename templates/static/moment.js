// Moments as the player shows them and as forms and addresses have them, in the viewer's zone.

import * as time from "./time.js";

/** The viewer's zone, by its IANA name. */
export const zone = () => time.zone?.() ?? "UTC";

const formats = new Map();

function parts(at) {
  const name = zone();
  if (!formats.has(name)) {
    formats.set(name, new Intl.DateTimeFormat("en-GB", {
      timeZone: name, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
      second: "2-digit", timeZoneName: "short",
    }));
  }
  return Object.fromEntries(formats.get(name).formatToParts(new Date(at)).map(({ type, value }) => [type, value]));
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 27 Nov 2026, 20:01:02 UTC; with `fine` the milliseconds as well. */
export function show(at, fine = false) {
  const { year, month, day, hour, minute, second, timeZoneName } = parts(at);
  const rest = fine ? `.${String(Math.floor(at) % 1000).padStart(3, "0")}` : "";
  return `${Number(day)} ${months[Number(month) - 1]} ${year}, ${hour}:${minute}:${second}${rest} ${timeZoneName}`;
}

/** As a field of a form has it: 2026-11-27T20:01:02, in the viewer's zone. */
export function toField(at) {
  const { year, month, day, hour, minute, second } = parts(at);
  return `${year}-${month}-${day}T${hour}:${minute}:${second}`;
}

/** The moment of such a text in the viewer's zone; null for none. */
export function fromField(text) {
  const naive = Date.parse(`${text}Z`);
  if (!Number.isFinite(naive)) return null;
  // The zone's offset is that of a moment near by; twice, for the hours in which it changes.
  let at = naive;
  for (let round = 0; round < 2; round += 1) at += naive - Date.parse(`${toField(at)}Z`);
  return at;
}

/** As an address has it. */
export const toAddress = (at) => new Date(at).toISOString();
