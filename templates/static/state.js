// The states of cameras as the page shows them, in the words of the server (partials/words), and their switches.

import { setTime, length } from "./time.js";
import { say } from "./poll.js";

export const words = { state: new Map(), cause: new Map() };
for (const item of document.getElementById("words")?.content.querySelectorAll("i") ?? []) {
  if (item.dataset.state) words.state.set(item.dataset.state, item);
  else words.cause.set(item.dataset.cause, item);
}

export const find = (root, name) => root.querySelector(`[data-live="${name}"]`);

export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

export function setShown(element, text) {
  if (!element) return;
  setText(element, text ?? "");
  element.hidden = !text;
}

/** Shows a state in its box; returns true if it is another one than before. */
export function showState(box, status) {
  const word = words.state.get(status.state);
  if (!box || !word) return false;
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
  if (previous === box.dataset.tone + word.textContent) return false;
  box.classList.remove("changed");
  requestAnimationFrame(() => box.classList.add("changed"));
  return true;
}

export function showSwitch(root, isActive, version) {
  const button = root.querySelector("[role=switch]");
  if (!button) return setText(find(root, "switch"), isActive ? "On" : "Off");
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-checked", String(isActive));
  button.form.elements.is_active.value = String(!isActive);
  button.form.elements.version.value = String(version);
  setText(button.querySelector(".switch-word"), isActive ? "On" : "Off");
}

/** Shows a moment, or a word where there is none. */
export function showTime(root, name, text, otherwise) {
  const place = find(root, name);
  if (!place) return;
  if (!text) {
    if (otherwise !== undefined && (place.childElementCount || place.textContent !== otherwise)) place.textContent = otherwise;
    return;
  }
  let time = place.querySelector("time");
  if (!time) {
    time = Object.assign(document.createElement("time"), { className: "when" });
    place.replaceChildren(time);
  }
  setTime(time, text);
}

export function backlog(seconds) {
  if (seconds <= 0) return "0 s";
  return seconds < 60 && seconds % 1 ? `${seconds.toFixed(1)} s` : length(seconds);
}

async function flip(form, show, again) {
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
      return again(0);
    }
    if (!response.ok) throw new Error(String(response.status));
    const camera = await response.json();
    button.removeAttribute("aria-busy");
    show(camera);
    again(500);
  } catch {
    // Submit the plain form: its page explains every error.
    button.removeAttribute("aria-busy");
    form.dataset.plain = "";
    form.requestSubmit();
  }
}

/** Switches without a reload: `show` gets the camera as it is then, `again` asks for news after so many milliseconds. */
export function takeSwitches(show, again) {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-switch]") || "plain" in form.dataset) return;
    event.preventDefault();
    flip(form, show, again);
  });
}
