// The answer in sentences: asked for by a button, read as it comes. Text only ever becomes text.
"use strict";

(() => {
  const section = document.querySelector("[data-written]");
  if (!section || !window.ReadableStream) return;
  const part = (name) => section.querySelector(`[data-${name}]`);
  const [ask, status, text, more, sources] = ["ask", "status", "text", "more", "sources"].map(part);
  const FILTERS = ["province", "year_be", "kind", "award", "document_id", "case_id"];
  let passages = new Map();

  // The search that the address states, as the interface takes it.
  const search = () => {
    const asked = new URLSearchParams(location.search);
    const body = { q: asked.get("q") };
    for (const name of FILTERS) {
      const values = asked.getAll(name).filter(Boolean);
      if (values.length) body[name] = name === "year_be" ? values.map(Number) : values;
    }
    if (asked.get("exact")) body.exact = true;
    return body;
  };

  const link = (number) => {
    const found = passages.get(number);
    const anchor = document.createElement("a");
    anchor.href = `${found.citation.url}#cite`;
    anchor.textContent = number;
    anchor.setAttribute("aria-label", section.dataset.source.replace("{n}", number));
    return anchor;
  };

  const source = (number) => {
    const { citation, text: words } = passages.get(number);
    const item = document.createElement("li");
    const mark = document.createElement("b");
    mark.textContent = number;
    mark.setAttribute("aria-hidden", "true");
    const anchor = link(number);
    const named = citation.case && !citation.title.includes(citation.case.name) ? [citation.case.name] : [];
    anchor.textContent = [...named, citation.title, section.dataset.page.replace("{n}", citation.page)].join(", ");
    anchor.removeAttribute("aria-label");
    const quote = document.createElement("span");
    quote.className = "muted";
    quote.textContent = words.replace(/\s+/g, " ").slice(0, 300);
    const cell = document.createElement("div");
    cell.lang = "th";
    cell.append(anchor, quote);
    item.append(mark, cell);
    return item;
  };

  const events = {
    meta(data) {
      passages = new Map(data.passages.map((passage) => [passage.number, passage]));
    },
    sentence(data) {
      const line = document.createElement("span");
      line.textContent = data.text;
      line.append(...data.citations.map(link), " ");
      line.dataset.cites = data.citations.join(" ");
      text.append(line);
    },
    done(data) {
      if (data.mode !== "written") return fail();
      const cited = new Set([...text.children].flatMap((line) => line.dataset.cites.split(" ").map(Number)));
      sources.replaceChildren(...[...cited].sort((a, b) => a - b).map(source));
      more.hidden = false;
      say("");
    },
  };

  const say = (words, busy = false) => {
    status.textContent = words;
    status.toggleAttribute("data-busy", busy);
    text.setAttribute("aria-busy", String(busy));
  };

  const fail = () => {
    text.replaceChildren();
    say(section.dataset.none);
  };

  // One event: lines "event: NAME" and "data: JSON"; lines that begin with a colon are comments.
  const take = (block) => {
    const fields = Object.fromEntries(
      block.split("\n").filter((line) => line && line[0] !== ":").map((line) => line.split(/: (.*)/s))
    );
    events[fields.event]?.(JSON.parse(fields.data));
    return fields.event === "done";
  };

  const read = async () => {
    const answer = await fetch("/answer", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify(search()),
    });
    if (!answer.ok) return false;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let left = "";
    let ended = false;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return ended;
      const blocks = (left + value).split("\n\n");
      left = blocks.pop();
      for (const block of blocks) ended = take(block) || ended;
    }
  };

  ask.addEventListener("click", async () => {
    section.toggleAttribute("data-begun", true);
    ask.closest("p").hidden = true;
    section.querySelector("h2").focus({ preventScroll: true });
    say(section.dataset.busy, true);
    try {
      if (!(await read())) fail();
    } catch {
      fail();
    }
  });
  section.hidden = false;
})();
