// Times: the server writes exact ones in UTC; this script makes them relative, with the exact one on hover and focus.

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

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number) => String(number).padStart(2, "0");

/** 23 Nov 2026, 20:01:02 UTC */
export function exact(date) {
  const day = `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return `${day}, ${clock(date)} UTC`;
}

/** 20:01:02 */
export function clock(date) {
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
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
  if (text) element.dataset.exact = exact(new Date(text));
  refresh(element);
}

function refresh(element) {
  const at = Date.parse(element.dateTime);
  if (!Number.isFinite(at)) return;
  element.tabIndex = 0;
  const seconds = (now() - at) / 1000;
  const lead = element.closest(".state-since") ? "" : " ago";
  const text = seconds < 1 ? "now" : length(seconds) + lead;
  if (element.textContent !== text) element.textContent = text;
  element.setAttribute("aria-label", `${text}, ${element.dataset.exact}`);
  element.setAttribute("role", "text");
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
