// A table as one stop of the keyboard: arrows go from cell to cell, Home and End along the row, with Ctrl to the first and the
// last row, Page Up and Page Down by ten. Without this script each link and button is a stop of its own, as ever.

const pressable = "a[href]:not([aria-hidden]), button, input:not([type=hidden])";

export class Grid {
  #table;
  #current = null;

  constructor(table) {
    this.#table = table;
    table.setAttribute("role", "grid");
    if (!table.hasAttribute("aria-multiselectable")) table.setAttribute("aria-readonly", "true");
    for (const row of this.#rows()) this.take(row);
    this.refresh();
    table.addEventListener("keydown", (event) => this.#press(event));
    table.addEventListener("focusin", (event) => {
      const stop = event.target.closest("[data-stop]");
      if (stop && this.#table.tBodies[0].contains(stop)) this.#choose(stop);
    });
  }

  /** Makes a row part of it: each cell has one place for the focus, what is in it or the cell itself. */
  take(row) {
    for (const cell of row.cells) {
      if (cell.getAttribute("role") === "cell") cell.setAttribute("role", "gridcell");
      if (cell.hasAttribute("data-skip")) continue;
      const stop = cell.querySelector(pressable) ?? cell;
      stop.dataset.stop = "";
      stop.tabIndex = -1;
      // A box or a switch in it is reached through the cell alone.
      for (const other of cell.querySelectorAll(pressable)) other.tabIndex = -1;
    }
  }

  /** Sees to it that exactly one place can be reached by Tab. */
  refresh() {
    if (this.#current?.isConnected) return;
    const first = this.#rows()[0]?.querySelector("th [data-stop]") ?? this.#rows()[0]?.querySelector("[data-stop]");
    if (first) this.#choose(first);
  }

  #rows() { return [...this.#table.tBodies[0].rows]; }

  #stops(row) { return [...row.querySelectorAll("[data-stop]")]; }

  #choose(stop) {
    if (this.#current && this.#current !== stop) this.#current.tabIndex = -1;
    stop.tabIndex = 0;
    this.#current = stop;
  }

  #press(event) {
    const stop = event.target.closest?.("[data-stop]");
    const row = stop?.closest("tr");
    if (!row || event.altKey || event.metaKey || event.shiftKey) return;
    const rows = this.#rows();
    const stops = this.#stops(row);
    const [across, down] = [stops.indexOf(stop), rows.indexOf(row)];
    const ltr = getComputedStyle(this.#table).direction !== "rtl" ? 1 : -1;
    const move = {
      ArrowUp: [down - 1, across], ArrowDown: [down + 1, across],
      ArrowLeft: [down, across - ltr], ArrowRight: [down, across + ltr],
      PageUp: [Math.max(0, down - 10), across], PageDown: [Math.min(rows.length - 1, down + 10), across],
      Home: [event.ctrlKey ? 0 : down, 0], End: [event.ctrlKey ? rows.length - 1 : down, Infinity],
    }[event.key];
    if (!move || (event.ctrlKey && !["Home", "End"].includes(event.key))) return;
    event.preventDefault();
    const target = rows[move[0]];
    if (!target) return;
    const others = this.#stops(target);
    const next = others[Math.max(0, Math.min(others.length - 1, move[1]))];
    next?.focus();
    next?.closest("tr").scrollIntoView({ block: "nearest" });
  }
}
