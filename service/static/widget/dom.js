// Elements made one by one: no markup is ever parsed, so the widget lives under Trusted Types and any CSP.
const SVG = "http://www.w3.org/2000/svg";

// h("button", {class: "x", onclick: f, hidden: true}, "text", node …)
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false || value === "") continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const ICONS = {
  search: "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13zM15.3 15.3L20.5 20.5",
  close: "M6 6L18 18M18 6L6 18",
  up: "M7 11v9H4v-9zM7 11l4-8c1.6 0 2.4 1 2.2 2.6L12.7 9H18c1.4 0 2.3 1.2 2 2.5l-1.5 6.6c-.3 1.2-1.1 1.9-2.3 1.9H7",
  down: "M7 13V4H4v9zM7 13l4 8c1.6 0 2.4-1 2.2-2.6l-.5-3.4H18c1.4 0 2.3-1.2 2-2.5l-1.5-6.6C18.2 4.7 17.4 4 16.2 4H7",
  page: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  alert: "M12 8v5M12 16.5v.01M12 3.5L21.5 20h-19z",
};

function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon", focusable: "false" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

// Dark or light as the page around the element is: by the first painted background behind it, since a page
// that ignores the reader's dark setting would show a black box on white otherwise.
function pageIsDark(element) {
  for (let at = element; at; at = at.assignedSlot || at.parentNode || at.host) {
    if (!(at instanceof Element)) continue;
    const [r, g, b, alpha = 1] = (getComputedStyle(at).backgroundColor.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    if (alpha > 0.5) return (0.299 * r + 0.587 * g + 0.114 * b) < 128;
  }
  const declared = getComputedStyle(document.documentElement).colorScheme
    + " " + (document.querySelector("meta[name=color-scheme]")?.content || "");
  return /\bdark\b/.test(declared) && (!/\blight\b/.test(declared) || matchMedia("(prefers-color-scheme: dark)").matches);
}
