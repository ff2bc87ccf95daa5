// What a search's result looks like. Every function gives elements; `ui` is the widget's own context:
// {language, level, base, newTab, feedback, query, select(detail, event), rate(detail)}.
const say = (ui, key, values) => translate(ui.language, key, values);

// The nearest heading before the widget decides how deep its own are, so that the page's outline stays whole.
function headingLevel(element) {
  let level = 1;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    if (heading.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING) level = Number(heading.tagName[1]);
  }
  return Math.min(5, level + 1);
}

function link(ui, detail, properties, ...children) {
  return h("a", {
    href: detail.url,
    target: ui.newTab ? "_blank" : null,
    rel: ui.newTab ? "noopener" : null,
    onclick: (event) => ui.select(detail, event),
    ...properties,
  }, ...children, ui.newTab ? h("span", { class: "unseen" }, ` (${say(ui, "new_tab")})`) : null);
}

// The page viewer at the cited text; the service's addresses begin with a slash.
const placeUrl = (ui, citation) => `${ui.base}${citation.url}#cite`;

const titleOf = (found) => found.citation.case?.name || found.citation.title;

function facts(ui, story) {
  if (!story) return null;
  const known = [
    story.province && say(ui, "province", { name: story.province }),
    story.kind && !story.name.startsWith(story.kind) && story.kind,
    story.year_be && say(ui, "year", { n: story.year_be }),
    story.award,
  ].filter(Boolean);
  return known.length ? h("ul", { class: "facts", part: "facts" }, known.map((one) => h("li", {}, one))) : null;
}

function thumbs(ui, detail) {
  if (!ui.feedback) return null;
  const group = h("span", { class: "thumbs", part: "feedback", role: "group" });
  const note = h("span", { class: "thanks", role: "status" });
  let receipt = "";
  const rate = async (relevant, pressed) => {
    for (const other of group.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === pressed));
    const given = await ui.rate({ ...detail, relevant, receipt });
    const kept = given !== null;
    note.textContent = say(ui, kept ? "thanks" : "feedback_failed");
    if (kept) receipt = given;
    else pressed.setAttribute("aria-pressed", "false");
  };
  const thumb = (name, key, relevant) => h("button", {
    type: "button",
    "aria-label": `${say(ui, key)}: ${detail.title}`,
    title: say(ui, key),
    "aria-pressed": "false",
    onclick: (event) => rate(relevant, event.currentTarget),
  }, icon(name));
  group.append(thumb("up", "helpful", true), thumb("down", "unhelpful", false), note);
  return group;
}

function answerPart(ui, response, hits) {
  const { answer } = response;
  const heading = { role: "heading", "aria-level": ui.level, part: "label" };
  if (!answer) {
    return h("section", { class: "answer none", part: "answer no-answer" },
      h("p", { ...heading, class: "none-title" }, say(ui, "no_answer")),
      h("p", {}, say(ui, hits.length ? "no_answer_near" : "no_hits")));
  }
  const short = answer.text !== answer.evidence;
  const story = answer.citation.case;
  const detail = {
    kind: "answer",
    url: placeUrl(ui, answer.citation),
    title: answer.text,
    passage_id: answer.passage_id,
    document_id: answer.citation.document_id,
    rank: 0,
  };
  return h("section", { class: "answer", part: "answer" },
    h("p", { ...heading, class: "label" }, say(ui, "answer")),
    short ? h("p", { class: "answer-text", part: "answer-text", lang: "th" }, answer.text) : null,
    h("blockquote", { class: short ? "" : "alone", part: "evidence", lang: "th" }, evidenceNodes(answer, hits)),
    story && !answer.text.includes(story.name) ? h("p", { class: "told-by", lang: "th" }, story.name) : null,
    facts(ui, story),
    h("div", { class: "foot" },
      h("cite", { part: "source", lang: "th" }, `${answer.citation.title}, ${say(ui, "page", { n: answer.citation.page })}`),
      thumbs(ui, detail),
      link(ui, detail, { class: "action", part: "link answer-link" }, icon("page"), say(ui, "open_page"))));
}

function hitPart(ui, hit) {
  const detail = {
    kind: "hit",
    url: placeUrl(ui, hit.citation),
    title: titleOf(hit),
    passage_id: hit.passage_id,
    document_id: hit.citation.document_id,
    rank: hit.rank,
  };
  const source = [hit.citation.case ? hit.citation.title : "", say(ui, "page", { n: hit.citation.page })];
  return h("li", { class: "hit", part: "hit" },
    h("p", { role: "heading", "aria-level": ui.level + 1, class: "hit-title" },
      link(ui, detail, { part: "link hit-title", lang: "th" }, detail.title)),
    facts(ui, hit.citation.case),
    h("p", { class: "text", part: "hit-text", lang: "th" }, snippet(hit.text, hit.highlights, hit.rank === 1 ? 340 : 240)),
    h("div", { class: "source" },
      h("cite", { part: "source", lang: "th" }, source.filter(Boolean).join(" · ")), thumbs(ui, detail)));
}

function correctionPart(ui, response, exactly) {
  if (!response.suggestion) return null;
  return h("p", { class: "correction", part: "correction" },
    `${say(ui, "showing_for")} `, h("strong", { lang: "th" }, response.suggestion), " · ",
    h("button", { type: "button", class: "plain", onclick: exactly }, `${say(ui, "search_exactly")} `, h("span", { lang: "th" }, response.query)));
}

function countPart(ui, response, hits) {
  if (!hits.length) return null;
  const total = Math.max(response.total ?? 0, hits.length);
  return h("div", { class: "hits-head" },
    h("p", { role: "heading", "aria-level": ui.level, class: "label", part: "label" }, say(ui, response.answer ? "hits" : "nearest")),
    h("span", { class: "muted" }, total > hits.length ? say(ui, "shown", { n: hits.length, total }) : say(ui, "shown_n", { n: hits.length })));
}

function waitingPart(ui) {
  const line = (width) => h("span", { class: `line ${width}` });
  return h("div", { class: "waiting", part: "loading" },
    h("div", { class: "answer" }, line("short"), line("tall"), line("long"), line("middle")),
    h("p", { class: "unseen" }, say(ui, "loading")));
}

// `retry` is offered once the wait that the service asked for is over.
function errorPart(ui, error, retry, timers) {
  const { title, todo, webmaster, wait } = explain(error, ui.language);
  const again = h("button", { type: "button", class: "quiet", part: "retry", onclick: retry }, say(ui, "retry"));
  let left = wait;
  const tick = () => {
    again.disabled = left > 0;
    again.textContent = left > 0 ? say(ui, "retry_in", { n: left }) : say(ui, "retry");
    if (left > 0) timers.add(setTimeout(tick, 1000));
    left -= 1;
  };
  tick();
  const help = webmaster
    ? h("details", {}, h("summary", {}, say(ui, "for_webmaster")), h("p", {}, todo), error.detail ? h("p", { class: "muted" }, error.detail) : null)
    : h("p", {}, todo);
  // The alert holds the words alone: a countdown inside would be read out every second.
  return h("div", { class: "error", part: "error" }, icon("alert"),
    h("div", {}, h("div", { role: "alert" }, h("p", { class: "error-title" }, title), todo ? help : null), webmaster ? null : again));
}

function optionPart(ui, suggestion, number, choose) {
  const points = codePoints(suggestion.text);
  return h("li", {
    id: `option-${number}`,
    role: "option",
    part: "suggestion",
    "aria-selected": "false",
    // Not click: the box must keep the focus, and with it the list.
    onpointerdown: (event) => event.preventDefault(),
    onclick: choose,
  },
  icon("search"),
  h("span", { class: "option-text", lang: "th" }, markedNodes(points, 0, points.length, suggestion.highlights || [])),
  !["question", "word"].includes(suggestion.kind) && TEXTS[`kind_${suggestion.kind}`]
    ? h("span", { class: "option-kind" }, say(ui, `kind_${suggestion.kind}`)) : null);
}
