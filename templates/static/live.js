// Live state: polls the API every few seconds while the page is visible, and switches cameras without a reload.
// Without this script the page shows the state at load time, and every form works.

import { startClock, refreshTimes, setTime, learnClock, length, clock } from "./time.js";

const interval = 4000;
const partsInterval = 15000;
const source = document.querySelector("[data-poll]")?.dataset.poll;
const pulse = document.getElementById("pulse");
const find = (root, name) => root.querySelector(`[data-live="${name}"]`);

const words = { state: new Map(), cause: new Map() };
for (const item of document.getElementById("words")?.content.querySelectorAll("i") ?? []) {
  if (item.dataset.state) words.state.set(item.dataset.state, item);
  else words.cause.set(item.dataset.cause, item);
}

function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

function setShown(element, text) {
  if (!element) return;
  setText(element, text ?? "");
  element.hidden = !text;
}

function showState(box, status) {
  const word = words.state.get(status.state);
  if (!box || !word) return;
  // The state itself already means that no recorder has the camera.
  const cause = status.cause && status.state !== "unassigned" && words.cause.get(status.cause);
  const failing = cause && status.state === "retrying" && "needsPerson" in cause.dataset;
  const previous = box.dataset.tone + box.querySelector("b").textContent;
  box.dataset.tone = failing ? "failing" : word.dataset.tone;
  box.querySelector("use").setAttribute("href", `#mark-${failing ? "failing" : word.dataset.mark}`);
  setText(find(box, "word"), word.textContent);
  setShown(find(box, "cause"), cause ? cause.textContent : "");
  const since = box.querySelector(".state-since");
  since.hidden = !status.since;
  setTime(since.querySelector("time"), status.since ?? "");
  if (previous !== box.dataset.tone + word.textContent) {
    box.classList.remove("changed");
    requestAnimationFrame(() => box.classList.add("changed"));
    return true;
  }
  return false;
}

function showSwitch(root, isActive, version) {
  const button = root.querySelector("[role=switch]");
  if (!button) return setText(find(root, "switch"), isActive ? "On" : "Off");
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-checked", String(isActive));
  button.form.elements.is_active.value = String(!isActive);
  button.form.elements.version.value = String(version);
  setText(button.querySelector(".switch-word"), isActive ? "On" : "Off");
}

function showTime(root, name, text) {
  const place = find(root, name);
  if (!place || !text) return;
  let time = place.querySelector("time");
  if (!time) {
    time = Object.assign(document.createElement("time"), { className: "when" });
    place.replaceChildren(time);
  }
  setTime(time, text);
}

function show(camera) {
  const status = camera.status ?? {};
  for (const root of document.querySelectorAll(`[data-camera="${camera.id}"]`)) {
    const scope = root.matches("tr") ? root : document;
    const changed = showState(find(scope, "state"), status);
    showSwitch(root, camera.is_active, camera.version);
    showTime(scope, "last_frame", status.last_frame_at);
    if (status.backlog_seconds !== undefined) setText(find(scope, "backlog"), backlog(status.backlog_seconds));
    if (scope === document) {
      setShown(find(scope, "detail"), detail(status));
      setText(find(scope, "recorder"), status.recorder ?? "none");
      setText(find(scope, "reconnects"), String(status.reconnects ?? 0));
      if (status.video?.bitrate) setText(find(scope, "bitrate"), `${(status.video.bitrate / 1e6).toFixed(1)} Mbit/s`);
    }
    if (changed) say(`${camera.name}: ${find(scope, "word")?.textContent ?? ""}`);
  }
}

/** The problem and its remedy, in the words of the server's page. */
function detail(status) {
  const cause = words.cause.get(status.cause);
  if (!cause || (status.state !== "retrying" && status.state !== "unassigned")) return "";
  if (!status.detail || status.cause === "no_recorder") return cause.dataset.remedy;
  const text = status.detail[0].toUpperCase() + status.detail.slice(1);
  return `${/[.!?]$/.test(text) ? text : `${text}.`} ${cause.dataset.remedy}`;
}

function backlog(seconds) {
  if (seconds <= 0) return "0 s";
  return seconds < 60 ? `${seconds.toFixed(1)} s` : length(seconds);
}

// One polite line (aria-live): a changed state, or a server that does not answer.
let silentSince = null;

function say(text, tone) {
  if (!pulse) return;
  pulse.hidden = !text;
  pulse.toggleAttribute("data-tone", Boolean(tone));
  setText(pulse, text);
}

async function ask() {
  const response = await fetch(source, {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(8000),
    cache: "no-store",
  });
  if (response.status === 401) return location.reload();
  if (response.status === 404) return say("This camera was deleted.", "failing");
  if (!response.ok) throw new Error(String(response.status));
  learnClock(response);
  const answer = await response.json();
  if (silentSince) say("The server answers again.");
  silentSince = null;
  document.body.classList.remove("silent");
  for (const camera of Array.isArray(answer) ? answer : [answer]) show(camera);
}

let timer = 0;
let asking = false;

async function poll() {
  clearTimeout(timer);
  if (document.hidden || asking) return;
  asking = true;
  try {
    await ask();
  } catch {
    silentSince ??= new Date();
    document.body.classList.add("silent");
    say(`No answer from the server since ${clock(silentSince)}. The states below are from then; trying again.`, "failing");
  } finally {
    asking = false;
    timer = setTimeout(poll, interval);
  }
}

async function flip(form) {
  const button = form.querySelector("button");
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  const id = form.action.match(/cameras\/(\d+)\//)[1];
  const wanted = form.elements.is_active.value === "true";
  try {
    const response = await fetch(`/api/v1/cameras/${id}/${wanted ? "on" : "off"}`, {
      method: "POST",
      headers: {
        accept: "application/json",
        "if-match": `"${form.elements.version.value}"`,
        "x-csrf-token": form.elements.csrf.value,
      },
      signal: AbortSignal.timeout(8000),
    });
    if (response.status === 412) {
      button.removeAttribute("aria-busy");
      say("Somebody else changed this camera meanwhile. Look again, and repeat it.", "failing");
      return poll();
    }
    if (!response.ok) throw new Error(String(response.status));
    const camera = await response.json();
    button.removeAttribute("aria-busy");
    show(camera);
    timer = setTimeout(poll, 500);
  } catch {
    // Submit the plain form: its page explains every error.
    button.removeAttribute("aria-busy");
    form.dataset.plain = "";
    form.requestSubmit();
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-switch]") || "plain" in form.dataset) return;
  event.preventDefault();
  flip(form);
});

// The page itself has what the API lacks, such as snapshots and the last recording: it is fetched again, and the parts
// marked with data-fresh replace the old ones.
const marked = new URLSearchParams(location.search);
const isElsewhere = ["day", "hour", "older", "newer", "segment"].some((name) => marked.has(name));

function mayChange(part) {
  if (part.contains(document.activeElement) && document.activeElement !== document.body) return false;
  const isPlaying = document.querySelector("[data-player] video") !== null;
  if (isPlaying && ["stage", "recordings"].includes(part.dataset.fresh)) return false;
  return part.dataset.fresh !== "recordings" || !isElsewhere;
}

async function arrived(part) {
  const snapshots = [...part.querySelectorAll("img")].map((image) => {
    const next = new Image();
    next.src = image.getAttribute("src");
    return next.decode().catch(() => {});
  });
  await Promise.all(snapshots);
}

async function refreshParts() {
  if (document.hidden || silentSince) return;
  const response = await fetch(location.href, { signal: AbortSignal.timeout(8000), cache: "no-store" });
  if (!response.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-fresh]")) {
    const fresh = page.querySelector(`[data-fresh="${part.dataset.fresh}"]`);
    if (!fresh || fresh.innerHTML === part.cameAs) continue;
    const html = fresh.innerHTML;
    await arrived(fresh);
    if (!mayChange(part)) continue;
    part.className = fresh.className;
    part.replaceChildren(...fresh.childNodes);
    part.cameAs = html;
  }
  refreshTimes();
}

for (const part of document.querySelectorAll("[data-fresh]")) part.cameAs = part.innerHTML;
startClock();
if (source) {
  document.addEventListener("visibilitychange", () => document.hidden ? clearTimeout(timer) : poll());
  poll();
  setInterval(() => refreshParts().catch(() => {}), partsInterval);
}

// A reload must not repeat the notice.
if (new URLSearchParams(location.search).has("done")) {
  const address = new URL(location.href);
  address.searchParams.delete("done");
  history.replaceState(null, "", address);
}
