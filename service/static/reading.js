// Comforts for the pages one reads: print, turn pages and walk the map by keys. All works without it.
"use strict";

const readingKeys = () => {
  try { return localStorage.getItem("karani-keys") !== "off"; } catch { return true; }
};

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// On the map an arrow goes to the nearest province with cases in its direction.
const nearest = (from, across, down) => {
  const at = (tile) => [Number(tile.dataset.column), Number(tile.dataset.row)];
  const [column, row] = at(from);
  let best = null, least = Infinity;
  for (const tile of document.querySelectorAll("[data-map] a")) {
    const [x, y] = at(tile);
    const along = (x - column) * across + (y - row) * down;
    const aside = Math.abs((x - column) * down) + Math.abs((y - row) * across);
    if (along > 0 && along + 2 * aside < least) { best = tile; least = along + 2 * aside; }
  }
  return best;
};
const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const tile = event.target.closest?.("[data-map] a");
  if (tile && arrows[event.key]) {
    event.preventDefault();
    event.stopPropagation();
    nearest(tile, ...arrows[event.key])?.focus();
    return;
  }
  if (event.target.closest?.("input, textarea, select, [contenteditable], [role=group][tabindex]") || !readingKeys()) return;
  const turn = { ArrowLeft: "[data-previous]", ArrowRight: "[data-next]", k: "[data-previous]", j: "[data-next]" }[event.key];
  const link = turn && document.querySelector(turn);
  if (link) link.click();
}, true);
