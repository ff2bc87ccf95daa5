"use strict";
// One judge, one question at a time. The server keeps every grade as it is given, so a reload loses nothing.
const byId = (id) => document.getElementById(id);
const state = { queries: [], place: 0, documents: [], current: 0 };
const labels = { 2: "2 ตอบได้ · answers", 1: "1 ช่วยได้บ้าง · helps", 0: "0 ไม่ตอบ · does not" };

// Actions run one after the other: a fast typist's second key must find the next document current.
let last = Promise.resolve();
function inTurn(action) { last = last.then(action, action); }

function judge() { return byId("judge").value.trim(); }

function say(text) { byId("message").textContent = text; }

async function call(path, options) {
  try {
    const response = await fetch(path, options);
    const value = await response.json();
    if (!response.ok) { say(value.title); return null; }
    say("");
    return value;
  } catch {
    say("ติดต่อเซิร์ฟเวอร์ไม่ได้ คำตัดสินล่าสุดยังไม่ถูกบันทึก · no connection: the last grade was not kept");
    return null;
  }
}

function marked(parts) {
  const all = document.createDocumentFragment();
  for (const [text, isMarked] of parts) {
    if (isMarked) { const mark = document.createElement("mark"); mark.textContent = text; all.append(mark); }
    else { all.append(text); }
  }
  return all;
}

function element(name, className, content) {
  const made = document.createElement(name);
  if (className) { made.className = className; }
  if (content) { made.append(content); }
  return made;
}

async function loadPool() {
  const pool = await call("api/pool?judge=" + encodeURIComponent(judge()));
  if (!pool) { return; }
  state.queries = pool.queries;
  byId("guidelines").textContent = pool.guidelines;
  await agreement();
  const open = state.queries.findIndex((query) => query.done < query.documents);
  await show(open < 0 ? 0 : open);
}

// How far judges agree tells nothing of anybody's grades, so every judge may see it.
async function agreement() {
  const found = await call("api/agreement");
  if (!found) { return; }
  const said = found.pairs.filter((pair) => pair.documents).map((pair) =>
    pair.judges.join(" – ") + ": " + pair.documents + " เอกสาร · documents, Cohen κ " + pair.kappa.toFixed(2));
  if (found.fleiss !== null) { said.push(found.judges + " คน · judges, Fleiss κ " + found.fleiss.toFixed(2)); }
  byId("agreement").textContent = said.length ? "ความเห็นพ้อง · agreement: " + said.join("; ") : "";
}

async function show(place) {
  if (!state.queries.length) { return; }
  state.place = Math.max(0, Math.min(place, state.queries.length - 1));
  const query = state.queries[state.place];
  const address = "api/query?id=" + encodeURIComponent(query.query_id) + "&judge=" + encodeURIComponent(judge());
  const found = await call(address);
  if (!found) { return; }
  state.documents = found.documents;
  byId("question").textContent = found.text;
  byId("documents").replaceChildren(...found.documents.map(card));
  const open = found.documents.findIndex((one) => one.grade === null);
  point(open < 0 ? 0 : open);
  progress();
}

function card(one, index) {
  const article = element("article");
  article.append(element("h2", "", one.title.length ? marked(one.title) : one.document_id));
  for (const passage of one.passages) { article.append(element("div", "passage", marked(passage))); }
  if (one.text.length) {
    const all = element("details");
    all.open = !one.passages.length;
    all.append(element("summary", "soft", "ทั้งเอกสาร · the document"), element("div", "text", marked(one.text)));
    article.append(all);
  }
  const grades = element("div", "grades");
  for (const grade of [2, 1, 0]) {
    const button = element("button", "", labels[grade]);
    button.type = "button";
    button.dataset.grade = grade;
    button.addEventListener("click", () => inTurn(() => { point(index); return give(grade); }));
    grades.append(button);
  }
  const note = element("input");
  note.placeholder = "หมายเหตุ · note";
  note.setAttribute("aria-label", "หมายเหตุ · note");
  note.value = one.note;
  note.maxLength = 2000;
  note.addEventListener("change", () => { one.note = note.value; if (one.grade !== null) { inTurn(() => send(one, one.grade)); } });
  grades.append(note);
  article.append(grades);
  article.addEventListener("focusin", () => point(index, false));
  press(article, one);
  return article;
}

function press(article, one) {
  for (const button of article.querySelectorAll("button[data-grade]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.grade) === one.grade));
  }
}

function point(index, scroll = true) {
  state.current = Math.max(0, Math.min(index, state.documents.length - 1));
  const articles = byId("documents").children;
  for (let i = 0; i < articles.length; i += 1) { articles[i].setAttribute("aria-current", String(i === state.current)); }
  if (scroll && articles[state.current]) { articles[state.current].scrollIntoView({ block: "nearest" }); }
}

async function send(one, grade) {
  const body = {
    judge: judge(), query_id: state.queries[state.place].query_id, document_id: one.document_id, grade, note: one.note,
  };
  return call("api/grade", { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

async function give(grade) {
  if (!judge()) { byId("judge").focus(); say("ใส่ชื่อผู้ตัดสินก่อน · your name first, please"); return; }
  const index = state.current;
  const one = state.documents[index];
  if (!one || !(await send(one, grade))) { return; }
  const query = state.queries[state.place];
  query.done += (grade !== null) - (one.grade !== null);
  one.grade = grade;
  press(byId("documents").children[index], one);
  progress();
  if (grade === null) { return; }
  const open = state.documents.findIndex((other) => other.grade === null);
  if (open >= 0) { point(open); }
}

function progress() {
  const all = state.queries.reduce((sum, query) => sum + query.documents, 0);
  const done = state.queries.reduce((sum, query) => sum + query.done, 0);
  byId("progress").max = all;
  byId("progress").value = done;
  const query = state.queries[state.place];
  const finished = query.done >= query.documents ? " ✓ ครบแล้ว · complete" : "";
  byId("count").textContent = done + " / " + all;
  byId("place").textContent = "คำถาม " + (state.place + 1) + " / " + state.queries.length + " · " + query.query_id + finished;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "INPUT") { return; }
  const actions = {
    0: () => give(0), 1: () => give(1), 2: () => give(2), u: () => give(null),
    j: () => point(state.current + 1), k: () => point(state.current - 1),
    n: () => show(state.place + 1), p: () => show(state.place - 1),
  };
  // The same keys on a Thai keyboard, where letters differ but places do not.
  const places = { Digit0: "0", Digit1: "1", Digit2: "2", Numpad0: "0", Numpad1: "1", Numpad2: "2", KeyU: "u", KeyJ: "j", KeyK: "k", KeyN: "n", KeyP: "p" };
  const action = actions[places[event.code]];
  if (action) { event.preventDefault(); inTurn(action); }
}

byId("judge").value = localStorage.getItem("karani-judge") || "";
byId("judge").addEventListener("change", () => { localStorage.setItem("karani-judge", judge()); inTurn(loadPool); });
byId("judge").addEventListener("keydown", (event) => { if (event.key === "Enter") { byId("judge").blur(); } });
byId("next").addEventListener("click", () => inTurn(() => show(state.place + 1)));
byId("previous").addEventListener("click", () => inTurn(() => show(state.place - 1)));
byId("help").addEventListener("toggle", () => { if (byId("help").open) { inTurn(agreement); } });
document.addEventListener("keydown", onKey);
inTurn(loadPool);
