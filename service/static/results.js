// Filters, sort and paging at once: the next state's page is fetched and its <main> put in place of this one's.
// Each state keeps its address; Back, links and reloads work as without this file.

const main = document.querySelector("main");
const status = document.getElementById("status");
const WAIT_MS = 250; // shorter waits show no sign of waiting

let asking;

// What the reader did to the page that its address does not say.
const remembered = () => ({
  open: [...main.querySelectorAll("details[id]")].map((one) => [one.id, one.open]),
  finds: [...main.querySelectorAll("[data-find]")].map((one) => [one.closest("[data-facet]").dataset.facet, one.value]),
  focus: focusOf(document.activeElement),
});

const focusOf = (element) => {
  if (!element || !main.contains(element)) return null;
  if (element.name && element.type === "checkbox") return `input[name="${element.name}"][value="${CSS.escape(element.value)}"]`;
  if (element.name) return `[name="${element.name}"]`;
  return element.id ? `#${CSS.escape(element.id)}` : null;
};

const restored = ({ open, finds, focus }) => {
  for (const [id, wasOpen] of open) {
    const fold = document.getElementById(id);
    // References and further passages belong to hits that may have gone.
    if (fold && (id === "fold-filters" || id.startsWith("rest-"))) fold.open = wasOpen;
  }
  for (const [facet, value] of finds) {
    const find = main.querySelector(`[data-facet="${facet}"] [data-find]`);
    if (find && value) { find.value = value; narrow(find); }
  }
  if (focus) main.querySelector(focus)?.focus({ preventScroll: true });
};

const swap = (next) => {
  const state = remembered();
  main.replaceChildren(...next.querySelector("main").childNodes);
  document.title = next.title;
  // The box keeps what is being typed; what it sends along, and the menu's links, follow the new state.
  const form = document.querySelector(".top .search");
  const fields = (root) => [...root.querySelectorAll("input[type=hidden]")];
  fields(form).forEach((field) => field.remove());
  form.append(...fields(next.querySelector(".top .search")));
  document.querySelector(".menu").replaceWith(next.querySelector(".menu"));
  document.querySelector("link[rel=canonical]").href = next.querySelector("link[rel=canonical]").href;
  restored(state);
};

const go = async (address, { push = true, top = false, scroll = null } = {}) => {
  asking?.abort();
  const mine = (asking = new AbortController());
  const busy = setTimeout(() => {
    main.setAttribute("aria-busy", "true");
    status.textContent = document.getElementById("refine")?.dataset.loading ?? "";
  }, WAIT_MS);
  try {
    const answer = await fetch(address, { signal: mine.signal, headers: { Accept: "text/html" } });
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asking) return;
    if (!answer.ok || !next.getElementById("refine")) return location.assign(address);
    if (push) {
      history.replaceState({ scroll: scrollY }, "");
      history.pushState({}, "", address);
    }
    swap(next);
    if (top) toTop();
    else if (scroll !== null) scrollTo({ top: scroll, behavior: "instant" });
    status.textContent = document.querySelector("main [data-say]")?.textContent ?? document.querySelector(".answer h2")?.textContent ?? "";
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
  } finally {
    clearTimeout(busy);
    if (mine === asking) main.removeAttribute("aria-busy");
  }
};

const toTop = () => {
  const heading = document.getElementById("hits") ?? main;
  heading.focus({ preventScroll: true });
  scrollTo({ top: 0, behavior: "instant" });
};

const addressOf = (form) => {
  const values = new URLSearchParams(new FormData(form));
  // What goes without saying stays out of the address.
  for (const [name, value] of [...values]) {
    if (!value || (name === "k" && value === form.dataset.k)) values.delete(name);
  }
  return `/?${values}`;
};

// A facet's values that hold what was typed; those folded away too.
const narrow = (find) => {
  const facet = find.closest("[data-facet]");
  const typed = find.value.trim().toLocaleLowerCase();
  const rest = facet.querySelector("details");
  if (rest && typed) rest.open = true;
  for (const item of facet.querySelectorAll("li")) {
    item.hidden = typed !== "" && !item.textContent.toLocaleLowerCase().includes(typed);
  }
};

main.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.hasAttribute("data-refine")) go(addressOf(form));
});
main.addEventListener("submit", (event) => {
  if (!event.target.hasAttribute("data-refine")) return;
  event.preventDefault();
  go(addressOf(event.target));
});
main.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.href, { top: link.dataset.swap === "top" });
});
main.addEventListener("input", (event) => {
  if (event.target.matches("[data-find]")) narrow(event.target);
});
main.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("[data-find]")) event.preventDefault();
});
addEventListener("popstate", (event) => {
  if (location.pathname === "/" && new URLSearchParams(location.search).get("q")) go(location.href, { push: false, scroll: event.state?.scroll ?? null });
  else location.reload();
});
