// The search box as a combobox with a list of suggestions (ARIA 1.2). Without this file it is a plain search box.

const DELAY_MS = 120;
const KEPT = 60;
const GOES = new Set(["case", "document", "place"]); // these have a page of their own; the rest is searched for

const ICONS = {
  question: "M12 4.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15zM12 8v4.3l2.8 1.7",
  spelling: "M4 17L8.5 6L13 17M5.6 13.2h5.8M14.5 14.5l2.6 2.6L21 12",
  word: "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13zM15.3 15.3L20.5 20.5",
  case: "M4 20h16M6 20V9l6-4.5L18 9v11M10 20v-5h4v5M10 11h4",
  document: "M7 3.5h7l4 4V20.5H7zM14 3.5V8h4M10 12.5h5M10 16h5",
  heading: "M7 5v14M17 5v14M7 12h10",
  place: "M12 21c4-4.6 6-8 6-11a6 6 0 0 0-12 0c0 3 2 6.4 6 11zM12 8a2.2 2.2 0 1 0 0 4.4a2.2 2.2 0 1 0 0-4.4z",
};

// A mark must never lose its consonant: a cut in front of one moves back to the cluster's beginning.
const joins = (char) => char !== undefined && (char === "\u0e33" || /\p{M}/u.test(char));
const whole = (chars, at) => {
  while (at > 0 && at < chars.length && joins(chars[at])) at -= 1;
  return at;
};
const wholeEnd = (chars, at) => {
  while (at < chars.length && joins(chars[at])) at += 1;
  return at;
};

const drawn = (path) => {
  const space = "http://www.w3.org/2000/svg";
  const icon = document.createElementNS(space, "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("class", "icon");
  icon.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  icon.append(line);
  return icon;
};

// Offsets count code points, as everywhere in Karani; JavaScript's own count UTF-16 units.
const marked = (text, spans) => {
  const chars = [...text];
  const out = document.createElement("span");
  out.className = "suggest-text";
  out.lang = "th";
  let at = 0;
  for (const [from, to] of spans ?? []) {
    const start = Math.max(at, whole(chars, from));
    const end = wholeEnd(chars, Math.min(to, chars.length));
    if (end <= start) continue;
    out.append(chars.slice(at, start).join(""));
    const mark = document.createElement("mark");
    mark.textContent = chars.slice(start, end).join("");
    out.append(mark);
    at = end;
  }
  out.append(chars.slice(at).join(""));
  return out;
};

class Suggest {
  constructor(form) {
    this.form = form;
    this.box = form.querySelector("input[name=q]");
    this.names = Object.fromEntries(form.dataset.kinds.split(";").map((pair) => pair.split("=")));
    this.kept = new Map();
    this.found = [];
    this.active = -1;
    this.edited = false;
    this.prepare();
    this.listen();
  }

  prepare() {
    const panel = document.createElement("div");
    panel.className = "suggest";
    panel.hidden = true;
    this.list = document.createElement("ul");
    this.list.id = `${this.box.id}-suggestions`;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", this.form.dataset.list);
    const hint = document.createElement("p");
    hint.className = "suggest-keys";
    hint.setAttribute("aria-hidden", "true");
    hint.textContent = this.form.dataset.keysHint;
    panel.append(this.list, hint);
    this.panel = panel;
    this.status = document.createElement("span");
    this.status.className = "unseen";
    this.status.setAttribute("role", "status");
    this.form.append(panel, this.status);
    const roles = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id };
    this.box.type = "text"; // a search field may not be a combobox, and its own cross would shift the text
    for (const [name, value] of Object.entries(roles)) this.box.setAttribute(name, value);
  }

  listen() {
    const { box, list } = this;
    box.addEventListener("input", (event) => {
      this.edited = true;
      if (!event.isComposing) this.soon();
    });
    box.addEventListener("compositionend", () => this.soon());
    box.addEventListener("keydown", (event) => this.key(event));
    box.addEventListener("blur", () => this.close());
    this.form.addEventListener("submit", () => this.close());
    // The press must not take the focus from the box, or the list would close before the click.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(this.found[[...list.children].indexOf(option)]);
    });
    list.addEventListener("pointermove", (event) => {
      const at = [...list.children].indexOf(event.target.closest("[role=option]"));
      if (at >= 0 && at !== this.active) this.activate(at);
    });
  }

  get open() {
    return !this.panel.hidden;
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), DELAY_MS);
  }

  async ask({ empty = false } = {}) {
    const text = this.box.value.trimStart();
    this.asking?.abort();
    if (!text && !empty) return this.close();
    let found = this.kept.get(text);
    if (!found) {
      this.asking = new AbortController();
      try {
        const address = `${this.form.dataset.suggest}?${new URLSearchParams({ q: text })}`;
        const answer = await fetch(address, { signal: this.asking.signal, headers: { Accept: "application/json" } });
        if (!answer.ok) return this.close();
        found = (await answer.json()).suggestions;
      } catch {
        return; // a newer question took its place, or the network is away: typing goes on
      }
      this.kept.set(text, found);
      if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    }
    if (this.box.value.trimStart() === text && document.activeElement === this.box) this.show(found);
  }

  show(found) {
    this.found = found;
    this.activate(-1);
    if (!found.length) {
      this.close();
      this.status.textContent = this.form.dataset.none;
      return;
    }
    this.list.replaceChildren(...found.map((one, at) => this.option(one, at)));
    this.panel.hidden = false;
    this.box.setAttribute("aria-expanded", "true");
    this.status.textContent = this.form.dataset.count.replace("#", String(found.length));
  }

  option(one, at) {
    const option = document.createElement("li");
    option.id = `${this.list.id}-${at}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const kind = document.createElement("span");
    kind.className = "suggest-kind";
    kind.textContent = this.names[one.kind] ?? one.kind;
    option.append(drawn(ICONS[one.kind] ?? ICONS.question), marked(one.text, one.highlights), kind);
    return option;
  }

  activate(at) {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = at;
    const option = this.list.children[at];
    if (!option) return this.box.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.box.setAttribute("aria-activedescendant", option.id);
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.panel.hidden = true;
    this.activate(-1);
    this.box.setAttribute("aria-expanded", "false");
    this.status.textContent = "";
  }

  choose(one) {
    this.close();
    if (GOES.has(one.kind) && one.url?.startsWith("/") && !one.url.startsWith("//")) return location.assign(one.url);
    this.box.value = one.text;
    this.form.requestSubmit();
  }

  key(event) {
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey) return;
    const act = this.open ? this.keysOpen[event.key] : this.keysClosed[event.key];
    if (act?.call(this, event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  // Each says whether the key was its own; otherwise the box or the page takes it.
  keysOpen = {
    ArrowDown() { return this.move(this.active + 1); },
    ArrowUp() { return this.move(this.active < 0 ? this.found.length - 1 : this.active - 1); },
    Home() { return this.active >= 0 && this.move(0); },
    End() { return this.active >= 0 && this.move(this.found.length - 1); },
    Enter() {
      if (this.active < 0) return false;
      this.choose(this.found[this.active]);
      return true;
    },
    Escape() { this.close(); return true; },
    Tab() { this.close(); return false; },
  };

  keysClosed = {
    // In a box that was not touched, down goes on to the results, as everywhere on the page.
    ArrowDown(event) {
      // An empty one offers what is often asked.
      if (!(this.edited || event.altKey || !this.box.value)) return false;
      this.ask({ empty: true });
      return true;
    },
  };

  move(to) {
    this.activate(to >= this.found.length ? -1 : to);
    return true;
  }
}

for (const form of document.querySelectorAll("form[data-suggest]")) new Suggest(form);
