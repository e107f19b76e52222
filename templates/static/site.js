// What every page has: a notice that a reload does not repeat, and forms that keep what was typed when the session ended
// before they were sent. Passwords are never kept.

const place = "observer-typed";
const user = document.body.dataset.user;

const marked = new URL(location.href);
if (marked.searchParams.has("done")) {
  marked.searchParams.delete("done");
  history.replaceState(null, "", marked);
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? "null");
  } catch {
    return null;
  }
}

const keeps = (field) => field.name && !["hidden", "password", "submit", "button", "file"].includes(field.type);

/** Keeps what a form holds at the moment it is sent; the page that follows throws it away, or a later one puts it back. */
document.addEventListener("submit", ({ target, submitter }) => {
  if (!target.matches("form.form") || target.method !== "post" || !user) return;
  const fields = [...target.elements].filter(keeps).map((field) =>
    field.type === "checkbox" ? [field.name, field.checked] : [field.name, field.value]);
  const action = new URL(submitter?.getAttribute("formaction") ?? target.action, location.href).pathname;
  try {
    sessionStorage.setItem(place, JSON.stringify({ user, page: location.pathname, action, fields, at: Date.now() }));
  } catch {
    // Without storage the form works as it does without this script.
  }
});

function putBack(typed) {
  const form = [...document.querySelectorAll("form.form")].find((each) =>
    [...each.elements].some((field) => keeps(field) && typed.fields.some(([name]) => name === field.name)));
  if (!form) return;
  for (const [name, value] of typed.fields) {
    const field = form.elements[name];
    if (!field || !keeps(field)) continue;
    if (field.type === "checkbox") field.checked = value;
    else field.value = value;
  }
  const note = Object.assign(document.createElement("p"), {
    className: "notice",
    textContent: "Your session had ended, so nothing was saved. What you typed is here again; passwords must be typed again.",
    tabIndex: -1,
  });
  note.setAttribute("role", "status");
  form.before(note);
  note.focus();
}

// The sign-in page lies between; a page with the form's errors has what was typed already.
if (user) {
  const typed = read();
  const isFresh = typed && typed.user === user && Date.now() - typed.at < 12 * 3600_000;
  if (isFresh && typed.page === location.pathname && !document.getElementById("problems") && marked.searchParams.has("again")) putBack(typed);
  sessionStorage.removeItem(place);
}
if (marked.searchParams.has("again")) {
  marked.searchParams.delete("again");
  history.replaceState(null, "", marked);
}
