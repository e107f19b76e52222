// The state of one camera, kept up to date; its switch. Without this script the page shows the state at load time.

import { startClock, refreshTimes } from "./time.js";
import { Poll, background, say } from "./poll.js";
import { find, showState, showSwitch, showTime, setText, setShown, backlog, words, takeSwitches } from "./state.js";

const partsInterval = 15000;
const root = document.querySelector("[data-camera][data-poll]");

function show(camera) {
  const status = camera.status ?? {};
  const changed = showState(find(document, "state"), status);
  showSwitch(root, camera.is_active, camera.version);
  showTime(document, "last_frame", status.last_frame_at);
  if (status.backlog_seconds !== undefined) setText(find(document, "backlog"), backlog(status.backlog_seconds));
  setShown(find(document, "detail"), detail(status));
  setText(find(document, "recorder"), status.recorder ?? "none");
  setText(find(document, "reconnects"), String(status.reconnects ?? 0));
  if (status.video?.bitrate) setText(find(document, "bitrate"), `${(status.video.bitrate / 1e6).toFixed(1)} Mbit/s`);
  if (changed) say(`${camera.name}: ${find(document, "word")?.textContent ?? ""}`);
}

/** The problem and its remedy, in the words of the server's page. */
function detail(status) {
  const cause = words.cause.get(status.cause);
  if (!cause || (status.state !== "retrying" && status.state !== "unassigned")) return "";
  if (!status.detail || status.cause === "no_recorder") return cause.dataset.remedy;
  const text = status.detail[0].toUpperCase() + status.detail.slice(1);
  return `${/[.!?]$/.test(text) ? text : `${text}.`} ${cause.dataset.remedy}`;
}

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

async function refreshParts(poll) {
  if (document.hidden || poll.isSilent) return;
  const response = await fetch(location.href, { headers: background, signal: AbortSignal.timeout(8000), cache: "no-store" });
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

if (root) {
  for (const part of document.querySelectorAll("[data-fresh]")) part.cameAs = part.innerHTML;
  startClock();
  const poll = new Poll({
    address: () => root.dataset.poll,
    interval: 4000,
    show,
    missing: () => say("This camera was deleted.", "failing"),
  });
  takeSwitches(show, (milliseconds) => poll.soon(milliseconds));
  setInterval(() => refreshParts(poll).catch(() => {}), partsInterval);
}
