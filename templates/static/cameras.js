// The table of cameras: live states, rows that come and go, a choice of rows, and one stop of the keyboard for all of it.

import { CameraList } from "./list.js";
import { Pictures } from "./pictures.js";
import { Grid } from "./grid.js";

const rows = document.querySelector(".cameras tbody");

if (rows) {
  const list = new CameraList(rows);
  // A picture in the table is for knowing a camera again: together they cost about a kilobyte a second.
  const pictures = new Pictures(700, (id) => list.facts.get(id)?.picture);
  const grid = new Grid(rows.closest("table"));
  for (const row of rows.children) pictures.add(row);
  list.addEventListener("news", () => pictures.look());
  list.addEventListener("came", ({ detail }) => {
    pictures.add(detail.item);
    grid.take(detail.item);
  });
  list.addEventListener("left", ({ detail }) => {
    pictures.remove(detail.item);
    grid.refresh();
    count();
  });

  const bulk = document.getElementById("bulk");
  const all = document.getElementById("select-all");
  const chosen = () => [...rows.querySelectorAll("input[name=camera]:checked:not(:disabled)")];

  function count() {
    if (!bulk) return;
    const number = chosen().length;
    bulk.parentElement.classList.toggle("is-idle", number === 0);
    document.getElementById("bulk-count").textContent = number ? `${number} selected` : "None selected";
    for (const button of bulk.querySelectorAll("button")) {
      const together = button.dataset.least;
      button.disabled = number < Number(together ?? 1) || (together !== undefined && number > 9);
    }
    if (all) {
      const boxes = rows.querySelectorAll("input[name=camera]").length;
      all.checked = number > 0 && number === boxes;
      all.indeterminate = number > 0 && number < boxes;
    }
  }

  if (all) {
    all.closest("label").hidden = false;
    all.addEventListener("change", () => {
      for (const box of rows.querySelectorAll("input[name=camera]:not(:disabled)")) box.checked = all.checked;
      count();
    });
  }
  rows.addEventListener("change", count);
  window.addEventListener("pageshow", count);
  count();
}
