// The box with its list of suggestions (a combobox after the ARIA practices), and the dialog that may hold it.
// `on` says what to do: typed, focused, key, composing, clear, submit, open, close; and label, placeholder, value.
function boxParts(ui, on) {
  const input = h("input", {
    id: "box", part: "input", type: "text", role: "combobox", inputmode: "search", enterkeyhint: "search",
    autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 1000,
    "aria-label": say(ui, "label"), "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "list",
    placeholder: on.placeholder || say(ui, "placeholder"),
    oninput: on.typed,
    onfocus: on.focused,
    onkeydown: on.key,
    oncompositionstart: () => on.composing(true),
    oncompositionend: () => on.composing(false),
  });
  input.value = on.value;
  const clear = iconButton("clear", say(ui, "clear"), "close", on.clear);
  const submitted = (event) => {
    event.preventDefault();
    on.submit();
  };
  const form = h("form", { role: "search", "aria-label": on.label, part: "form", class: "box", onsubmit: submitted },
    icon("search"), input, clear,
    h("button", { type: "submit", class: "submit", part: "submit" },
      icon("search"), h("span", { class: "submit-text" }, say(ui, "search"))));
  const list = h("ul", { id: "list", role: "listbox", part: "suggestions", "aria-label": say(ui, "suggestions"), hidden: true });
  return {
    input, clear, form, list,
    search: h("div", { class: "search" }, form, list),
    status: h("p", { class: "unseen", role: "status" }),
    out: h("div", { class: "out", part: "results" }),
  };
}

function dialogParts(ui, on, { search, status, out }) {
  const keys = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K";
  const opener = h("button", {
    type: "button", class: "opener", part: "button", "aria-haspopup": "dialog",
    title: say(ui, "shortcut", { keys }),
    onclick: on.open,
  },
  icon("search"),
  h("span", { class: "opener-text" }, on.placeholder || say(ui, "search")),
  h("kbd", { "aria-hidden": "true" }, keys));
  const dialog = h("dialog", {
    part: "dialog", "aria-label": on.label,
    onclick: (event) => { if (event.target === dialog) on.close(); }, // the backdrop is the dialog's own
    onclose: () => opener.focus(),
  },
  h("div", { class: "sheet" },
    h("div", { class: "sheet-top" }, search, iconButton("close", say(ui, "close"), "close", on.close)),
    status, out));
  return { opener, dialog };
}

function iconButton(part, label, drawn, onclick) {
  return h("button", { type: "button", class: "icon-button", part, "aria-label": label, onclick }, icon(drawn));
}
