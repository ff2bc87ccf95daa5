// Small comforts only: every page is complete without this file.
"use strict";

const KEYS = "karani-keys";
const box = () => document.querySelector("main .search input, .top .search input");
const keysOn = () => {
  try { return localStorage.getItem(KEYS) !== "off"; } catch { return true; }
};

// The shortcut "/" can be turned off: speech input types it unasked (WCAG 2.1.4).
const button = document.querySelector("[data-keys]");
if (button) {
  const show = () => {
    button.textContent = keysOn() ? button.dataset.on : button.dataset.off;
    button.setAttribute("aria-pressed", String(keysOn()));
  };
  button.addEventListener("click", () => {
    try { localStorage.setItem(KEYS, keysOn() ? "off" : "on"); } catch { /* private window: nothing to keep it in */ }
    show();
  });
  button.hidden = false;
  show();
}

// Up and down walk through the hits' links; from the box, down goes to the first.
const step = (by) => {
  const links = [...document.querySelectorAll(".answer .button, .hit-link, .cards a, .passages a")];
  if (!links.length) return false;
  const at = links.indexOf(document.activeElement);
  const to = at < 0 ? (by > 0 ? 0 : -1) : at + by;
  if (to < 0) {
    if (at !== 0) return false;
    box()?.focus();
  } else links[Math.min(to, links.length - 1)].focus();
  return true;
};

// Menus close when the reader goes elsewhere.
const help = document.getElementById("keys");
const openMenu = () => document.querySelector("details[data-menu][open]");
for (const kind of ["click", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const menu = openMenu();
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && keysOn() && box()) {
    box().focus();
    box().select();
  } else if (event.key === "?" && !typing && keysOn() && help) {
    help.open = !help.open;
    if (help.open) help.querySelector("summary").focus();
  } else if (event.key === "Escape" && openMenu()) {
    const menu = openMenu();
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (event.key === "Escape" && box()) {
    if (typing) typing.blur();
    else { box().focus(); box().select(); }
  } else if (event.key === "ArrowDown" && (!typing || typing === box())) {
    if (!step(1)) return;
  } else if (event.key === "ArrowUp" && !typing && document.activeElement?.matches(".answer .button, .hit-link, .cards a, .passages a")) {
    if (!step(-1)) return;
  } else return;
  event.preventDefault();
});

// On narrow screens the filters start folded.
if (matchMedia("(max-width: 62rem)").matches) {
  for (const fold of document.querySelectorAll("details[data-fold]")) fold.open = false;
}

// Colours are remembered, thanks are said: neither belongs into an address that is passed on.
const address = new URL(location.href);
for (const name of ["theme", "thanks"]) address.searchParams.delete(name);
if (address.searchParams.size !== new URLSearchParams(location.search).size) history.replaceState(history.state, "", address);

// An address without #cite still opens at the cited text.
if (!location.hash) document.getElementById("cite")?.scrollIntoView({ block: "center", behavior: "instant" });
