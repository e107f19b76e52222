// Times: the server writes exact ones; this script makes them relative, with the exact one in the viewer's zone and in UTC as
// their title. They are no stops of the tab key: a list of a hundred cameras has two hundred of them.

const steps = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [Infinity, 86400, "d"]];

/** A length of time in one or two units: 7 s, 3 min 12 s, 2 h 5 min, 4 d. */
export function length(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [, size, unit] = steps.find(([limit]) => whole < limit);
  const count = Math.floor(whole / size);
  const rest = whole - count * size;
  if (unit === "min" && count < 10 && rest > 0) return `${count} min ${rest} s`;
  if (unit === "h" && count < 10 && rest >= 60) return `${count} h ${Math.floor(rest / 60)} min`;
  return `${count} ${unit}`;
}

const two = (number) => String(number).padStart(2, "0");

// The zone in which the page is written; without one of the account's, that of the browser. The cookie tells the server.
const chosen = document.documentElement.dataset.zone;
const own = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
if (/^[A-Za-z0-9_+/-]{1,64}$/.test(own) && !document.cookie.split("; ").includes(`zone=${own}`)) {
  document.cookie = `zone=${own}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
}

function known(name) {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone && name;
  } catch {
    return null;
  }
}

const shown = (chosen && known(chosen)) || own;
const numbers = new Intl.DateTimeFormat("en-GB", {
  timeZone: shown, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric",
});
const letters = new Intl.DateTimeFormat("en-GB", { timeZone: shown, timeZoneName: "short" });
const read = (format, date) => Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]));

/** The name of the zone in which times are shown. */
export const zone = () => shown;

// Clocks change at quarters of an hour, and scales ask for the same moments again and again.
const offsets = new Map();
const quarter = 900e3;

/** How far clocks are ahead of UTC at a moment, in milliseconds. */
export function offset(at) {
  const key = Math.floor(at / quarter);
  let found = offsets.get(key);
  if (found === undefined) {
    if (offsets.size > 20000) offsets.clear();
    const date = read(numbers, new Date(key * quarter));
    found = Date.UTC(date.year, date.month - 1, date.day, date.hour, date.minute) - key * quarter;
    offsets.set(key, found);
  }
  return found;
}

/** CET, UTC+5:30 */
export function abbreviation(date) {
  return read(letters, date).timeZoneName.replace("GMT", "UTC");
}

const inUTC = (date) => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 23 Nov 2026 */
export function day(date) {
  const local = new Date(date.getTime() + offset(date.getTime()));
  return `${local.getUTCDate()} ${months[local.getUTCMonth()]} ${local.getUTCFullYear()}`;
}

/** 20:01:02, in the zone of the page */
export function clock(date) {
  return inUTC(new Date(date.getTime() + offset(date.getTime())));
}

/** 23 Nov 2026, 21:01:02 CET */
export function exact(date) {
  return `${day(date)}, ${clock(date)} ${abbreviation(date)}`;
}

/** 23 Nov 2026, 20:01:02 UTC */
export function utc(date) {
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${inUTC(date)} UTC`;
}

/** The exact time, and what it is in UTC. */
export function both(date) {
  return offset(date.getTime()) === 0 ? exact(date) : `${exact(date)} (${utc(date)})`;
}

// The offset of the server's clock, so a wrong local clock does not make a camera look silent.
let skew = 0;

/** Takes the time from an answer's Date header, which has whole seconds. */
export function learnClock(response) {
  const date = Date.parse(response.headers.get("date") ?? "");
  if (Number.isFinite(date) && Math.abs(date - Date.now()) > 2000) skew = date - Date.now();
}

export const now = () => Date.now() + skew;

/** Sets the time of an element; "" for none. */
export function setTime(element, text) {
  if (element.dateTime === text) return;
  element.dateTime = text;
  element.titled = false;
  refresh(element);
}

function refresh(element) {
  const at = Date.parse(element.dateTime);
  if (!Number.isFinite(at)) return;
  if (!element.titled) {
    element.title = both(new Date(at));
    element.dataset.exact = exact(new Date(at));
    element.titled = true;
  }
  const seconds = (now() - at) / 1000;
  const lead = element.closest(".state-since") ? "" : " ago";
  const text = seconds < 1 ? "now" : length(seconds) + lead;
  if (element.textContent !== text) element.textContent = text;
}

/** Updates all relative times of the page. */
export function refreshTimes() {
  document.querySelectorAll("time.when").forEach(refresh);
}

/** Updates them every second. */
export function startClock() {
  for (const since of document.querySelectorAll(".state-since")) {
    if (since.firstChild?.nodeType === Node.TEXT_NODE) since.firstChild.data = "for ";
  }
  refreshTimes();
  setInterval(() => document.hidden || refreshTimes(), 1000);
}
