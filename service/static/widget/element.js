// <karani-search>: the box, its suggestions, the results; inline or behind a button as a dialog.
const ATTRIBUTES = [
  "endpoint", "key", "placeholder", "label", "k", "system", "province", "year-be", "kind", "award", "document-id",
  "theme", "mode", "open-in", "suggestions", "feedback",
];
const OWN_ORIGIN = document.currentScript?.src ? new URL(".", document.currentScript.src).href : "";
const TYPING_PAUSE_MS = 120;
const DEFAULT_K = 5;
const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
let sheet = null;
let widgets = 0;

class KaraniSearch extends HTMLElement {
  static observedAttributes = [...ATTRIBUTES, "lang"];

  #number = (widgets += 1);
  #root = null;
  #parts = {};
  #stops = { search: null, suggest: null, life: null };
  #timers = new Set();
  #shown = { query: "", response: null, hits: [], error: null, options: {} };
  #suggestions = [];
  #active = -1;
  #known = new Map();
  #typing = 0;
  #composing = false;

  constructor() {
    super();
    // Before the shadow, which hides what stands inside for browsers too old for either.
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
    }
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
  }

  connectedCallback() {
    // Properties that a script set before this file had loaded hide the accessors: set them again.
    for (const name of [...ATTRIBUTES.map(camel), "filters"]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    const life = (this.#stops.life = new AbortController());
    const heard = { signal: life.signal };
    document.addEventListener("keydown", (event) => this.#shortcut(event), heard);
    document.addEventListener("pointerdown", (event) => {
      if (!event.composedPath().includes(this)) this.#closeList();
    }, heard);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#paint(), heard);
    const repainted = new MutationObserver(() => this.#paint());
    for (const part of [document.documentElement, document.body]) {
      if (part) repainted.observe(part, { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-color-mode", "data-bs-theme"] });
    }
    life.signal.addEventListener("abort", () => repainted.disconnect());
    this.#build();
    if (this.hasAttribute("autofocus") && !this.#modal) this.focus();
    if (this.#shown.waiting) this.#ask(this.#shown.query, this.#shown.options); // moved in the page meanwhile
  }

  disconnectedCallback() {
    for (const stop of Object.values(this.#stops)) stop?.abort();
    clearTimeout(this.#typing);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  attributeChangedCallback(name, before, after) {
    if (!this.#root || before === after) return;
    if (name === "theme") this.#paint();
    else if (["lang", "mode", "placeholder", "label", "feedback", "open-in", "suggestions"].includes(name)) this.#build();
    if (["endpoint", "key"].includes(name)) this.#known.clear();
  }

  // -- what pages call ----------------------------------------------------------

  // Searches `text`; gives the service's response, or null when it failed or was overtaken.
  async search(text, options = {}) {
    const query = String(text ?? "").trim();
    if (!query) return null;
    if (this.#modal) this.open();
    if (this.#parts.input) this.#parts.input.value = query;
    this.#mind();
    this.#closeList();
    return this.#ask(query, { source: "method", ...options, offset: 0 });
  }

  focus(options) {
    if (this.#modal && !this.#parts.dialog?.open) this.#parts.opener?.focus(options);
    else this.#parts.input?.focus(options);
  }

  clear() {
    this.#stops.search?.abort();
    this.#stops.suggest?.abort();
    this.#shown = { query: "", response: null, hits: [], error: null, options: {} };
    if (this.#parts.input) this.#parts.input.value = "";
    this.#mind();
    this.#closeList();
    this.#draw();
  }

  open() {
    const { dialog, input } = this.#parts;
    if (!dialog || dialog.open) return;
    dialog.showModal();
    input.focus();
    input.select();
  }

  close() {
    this.#closeList();
    this.#parts.dialog?.close();
  }

  // The exact filters as an object; members may be single values or arrays.
  get filters() {
    const found = {};
    for (const name of ["province", "year-be", "kind", "award", "document-id"]) {
      const values = (this.getAttribute(name) || "").split("|").map((one) => one.trim()).filter(Boolean);
      const typed = name === "year-be" ? values.map(Number) : values;
      if (typed.length) found[name.replace("-", "_")] = typed.length > 1 ? typed : typed[0];
    }
    return found;
  }

  set filters(values) {
    for (const name of ["province", "year-be", "kind", "award", "document-id"]) {
      const value = values?.[name.replace("-", "_")];
      if (value === undefined || value === null || value === "") this.removeAttribute(name);
      else this.setAttribute(name, [value].flat().join("|"));
    }
  }

  get response() {
    return this.#shown.response;
  }

  // -- inside -------------------------------------------------------------------

  get #modal() {
    return this.getAttribute("mode") === "modal";
  }

  get #base() {
    return baseOf(this.getAttribute("endpoint") || OWN_ORIGIN);
  }

  get #ui() {
    return {
      language: languageOf(this),
      level: this.#modal ? 2 : headingLevel(this),
      base: this.#base,
      newTab: this.getAttribute("open-in") !== "page",
      feedback: this.getAttribute("feedback") !== "off",
      select: (detail, event) => {
        if (!this.#tell("karani-select", { ...detail, query: this.#shown.query }, true)) event?.preventDefault();
      },
      rate: (detail) => this.#rate(detail),
    };
  }

  #tell(name, detail, cancelable = false) {
    return this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, cancelable, detail }));
  }

  #build() {
    const ui = this.#ui;
    const asked = {
      label: this.getAttribute("label") || say(ui, "search") + (this.#number > 1 ? ` ${this.#number}` : ""),
      placeholder: this.getAttribute("placeholder"),
      value: this.#parts.input?.value ?? this.#shown.query,
      typed: () => this.#typed(),
      focused: () => this.#suggestions.length || this.#typed(),
      key: (event) => this.#key(event),
      composing: (on) => {
        this.#composing = on;
        if (!on) this.#typed();
      },
      clear: () => {
        this.clear();
        this.#parts.input.focus();
      },
      submit: () => this.#submit(),
      open: () => this.open(),
      close: () => this.close(),
    };
    const root = h("div", { class: "root", part: "root", lang: ui.language, dir: "ltr" });
    this.#parts = boxParts(ui, asked);
    if (this.#modal) Object.assign(this.#parts, dialogParts(ui, asked, this.#parts));
    const { search, status, out, opener, dialog } = this.#parts;
    root.append(...(this.#modal ? [opener, dialog] : [search, status, out]));
    this.#root?.remove();
    this.#root = root;
    this.shadowRoot.append(root);
    this.#paint();
    this.#mind();
    this.#draw();
  }

  #paint() {
    const theme = this.getAttribute("theme");
    const dark = theme === "dark" || (theme !== "light" && pageIsDark(this));
    this.#root?.setAttribute("data-theme", dark ? "dark" : "light");
  }

  // The clear button is there while there is something to clear.
  #mind() {
    if (this.#parts.clear) this.#parts.clear.hidden = !this.#parts.input.value && !this.#shown.response;
  }

  #shortcut(event) {
    if (!this.#modal || event.defaultPrevented || event.isComposing || event.altKey || event.shiftKey) return;
    if (!(event.ctrlKey || event.metaKey) || event.code !== "KeyK") return; // by its place: the layout may be Thai
    event.preventDefault();
    if (this.#parts.dialog.open) this.close();
    else this.open();
  }

  // -- suggestions --------------------------------------------------------------

  // An empty box has suggestions too, the questions asked most, for those who ask by the down arrow.
  #typed(asked = false) {
    this.#mind();
    clearTimeout(this.#typing);
    const text = this.#parts.input.value.trim();
    if (this.#composing || this.getAttribute("suggestions") === "off") return;
    if (text === this.#shown.query && !asked) {
      this.#closeList();
      return;
    }
    this.#typing = setTimeout(() => this.#suggest(text), TYPING_PAUSE_MS);
  }

  async #suggest(text) {
    this.#stops.suggest?.abort();
    const stop = (this.#stops.suggest = new AbortController());
    try {
      if (!this.#known.has(text)) {
        const found = await call(this.#base, this.getAttribute("key"), `/v1/suggest?${new URLSearchParams({ q: text })}`, null, stop.signal);
        if (this.#known.size > 50) this.#known.clear();
        this.#known.set(text, found.suggestions);
      }
    } catch {
      return; // suggestions are a comfort: the search itself will say what is wrong
    }
    if (!stop.signal.aborted && this.#parts.input.value.trim() === text && this.shadowRoot.activeElement === this.#parts.input) {
      this.#list(this.#known.get(text));
    }
  }

  #list(suggestions) {
    const { list, input, status } = this.#parts;
    const ui = this.#ui;
    this.#suggestions = suggestions;
    this.#active = -1;
    list.replaceChildren(...suggestions.map((one, number) => optionPart(ui, one, number, () => this.#choose(one))));
    list.hidden = !suggestions.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    input.removeAttribute("aria-activedescendant");
    if (suggestions.length) status.textContent = say(ui, "suggestions_n", { n: suggestions.length });
  }

  #closeList() {
    clearTimeout(this.#typing);
    this.#stops.suggest?.abort();
    if (this.#parts.list && !this.#parts.list.hidden) this.#list([]);
  }

  #move(by) {
    const { list, input } = this.#parts;
    const count = this.#suggestions.length;
    list.children[this.#active]?.setAttribute("aria-selected", "false");
    // One place more than there are suggestions: the box itself.
    this.#active = ((this.#active + 1 + by + count + 1) % (count + 1)) - 1;
    const option = list.children[this.#active];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  #choose(suggestion) {
    const url = suggestion.url ? this.#base + suggestion.url : null;
    const detail = { kind: "suggestion", url, title: suggestion.text, suggestion: suggestion.kind, query: this.#parts.input.value };
    this.#closeList();
    if (!this.#tell("karani-select", detail, true)) return;
    this.#parts.input.value = suggestion.text;
    this.#ask(suggestion.text, { source: "suggestion", offset: 0 });
  }

  #key(event) {
    if (event.isComposing || event.keyCode === 229) return; // an input method has the keys
    const listed = !this.#parts.list.hidden;
    if (event.key === "Escape" && listed) this.#closeList();
    else if (event.key === "Escape" && !this.#modal && this.#parts.input.value) this.clear();
    else if (event.key === "ArrowDown" && listed) this.#move(1);
    else if (event.key === "ArrowUp" && listed) this.#move(-1);
    else if (event.key === "ArrowDown" && !this.#suggestions.length) this.#typed(true);
    else if (event.key === "Enter" && listed && this.#active >= 0) this.#choose(this.#suggestions[this.#active]);
    else {
      if (event.key === "Tab") this.#closeList();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  // -- searching ----------------------------------------------------------------

  #submit() {
    const query = this.#parts.input.value.trim();
    this.#closeList();
    if (!query || this.#composing) return;
    if (matchMedia("(pointer: coarse)").matches) this.#parts.input.blur(); // the keyboard covers the results
    this.#ask(query, { source: "input", offset: 0 });
  }

  async #ask(query, options) {
    const body = { q: query, ...this.filters };
    const k = Number(this.getAttribute("k"));
    body.k = Number.isInteger(k) && k > 0 ? k : DEFAULT_K;
    if (this.getAttribute("system")) body.system = this.getAttribute("system");
    if (options.exact) body.exact = true;
    if (options.offset) body.offset = options.offset;
    if (!this.#tell("karani-search", { query, filters: this.filters, offset: options.offset, source: options.source }, true)) return null;
    this.#stops.search?.abort();
    const stop = (this.#stops.search = new AbortController());
    const before = options.offset ? this.#shown : null;
    this.#shown = { query, options, response: before?.response ?? null, hits: before?.hits ?? [], error: null, waiting: true };
    this.#draw();
    try {
      const response = await call(this.#base, this.getAttribute("key"), "/v1/search", body, stop.signal);
      if (stop.signal.aborted) return null;
      this.#arrived(response, before, options);
      return response;
    } catch (error) {
      if (!stop.signal.aborted) this.#failed(error, before);
      return null;
    }
  }

  #arrived(response, before, options) {
    const hits = [...(before?.hits ?? []), ...response.hits];
    const shown = { ...this.#shown, response: before ? { ...response, answer: before.response.answer } : response, hits, waiting: false };
    this.#shown = shown;
    this.#draw();
    const ui = this.#ui;
    const { answer, query } = response;
    if (before) this.#parts.out?.querySelectorAll(".hit a")[before.hits.length]?.focus();
    const said = { n: hits.length, text: answer?.text };
    if (this.#root) this.#parts.status.textContent = say(ui, answer && !before ? "announced_answer" : "announced", said);
    this.#tell("karani-results", {
      query, suggestion: response.suggestion, count: hits.length, total: response.total ?? hits.length,
      offset: options.offset, answered: Boolean(answer), took_ms: response.took_ms, generation: response.generation,
    });
    if (answer && !before) this.#tell("karani-answer", { query, answer });
  }

  #failed(error, before) {
    const refusal = error instanceof Refusal ? error : new Refusal("broken", { detail: String(error) });
    this.#shown = { ...this.#shown, response: before?.response ?? null, hits: before?.hits ?? [], error: refusal, waiting: false };
    this.#draw();
    const { kind, status, detail, retryAfter } = refusal;
    this.#tell("karani-error", { query: this.#shown.query, kind, status, detail, retry_after: retryAfter });
  }

  // The service's receipt, which lets this reader change their mind; null when it was not kept.
  async #rate({ passage_id, document_id, relevant, rank, receipt }) {
    const { query } = this.#shown;
    const said = { query, passage_id, document_id, relevant, rank };
    if (!this.#tell("karani-feedback", said, true)) return "";
    try {
      const body = receipt ? { ...said, receipt } : said;
      return (await call(this.#base, this.getAttribute("key"), "/v1/feedback", body, this.#stops.life.signal)).receipt;
    } catch {
      return null;
    }
  }

  // -- showing ------------------------------------------------------------------

  #draw() {
    const { out } = this.#parts;
    if (!out) return;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#mind();
    const ui = this.#ui;
    const { query, response, hits, error, waiting, options } = this.#shown;
    out.setAttribute("aria-busy", String(Boolean(waiting)));
    const parts = [];
    if (waiting && !hits.length) parts.push(waitingPart(ui));
    if (error && !hits.length) parts.push(this.#errorPart(ui, error, query, options));
    if (response && !error && (!waiting || hits.length)) parts.push(...this.#resultParts(ui, response, hits, query));
    if (error && hits.length) parts.push(...this.#resultParts(ui, response, hits, query), this.#errorPart(ui, error, query, options));
    out.replaceChildren(...parts.filter(Boolean));
  }

  #errorPart(ui, error, query, options) {
    return errorPart(ui, error, () => this.#ask(query, options), this.#timers);
  }

  #resultParts(ui, response, hits, query) {
    const total = response.total ?? 0;
    const more = total > hits.length && !this.#shown.error
      ? h("button", { type: "button", class: "quiet more", part: "more", disabled: Boolean(this.#shown.waiting), onclick: () => this.#ask(query, { ...this.#shown.options, source: "more", offset: hits.length }) }, say(ui, this.#shown.waiting ? "loading" : "more"))
      : null;
    const all = { kind: "all", url: `${ui.base}/?${new URLSearchParams({ q: query })}`, title: query };
    return [
      correctionPart(ui, response, () => this.#ask(response.query, { source: "exact", exact: true, offset: 0 })),
      answerPart(ui, response, hits),
      countPart(ui, response, hits),
      hits.length ? h("ol", { class: "hits", part: "hits" }, hits.map((hit) => hitPart(ui, hit))) : null,
      more,
      h("p", { class: "end", part: "footer" }, link(ui, all, { part: "link" }, say(ui, "all"))),
    ];
  }
}

for (const name of ATTRIBUTES) {
  Object.defineProperty(KaraniSearch.prototype, camel(name), {
    configurable: true,
    enumerable: true,
    get() { return this.getAttribute(name) ?? ""; },
    set(value) {
      if (value === null || value === undefined) this.removeAttribute(name);
      else this.setAttribute(name, String(value));
    },
  });
}

if (!customElements.get("karani-search")) customElements.define("karani-search", KaraniSearch);
