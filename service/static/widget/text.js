// Offsets from the service count Unicode code points, JavaScript's strings count UTF-16 units:
// texts are cut as arrays of code points, so that 𝟚 or 😀 before a mark does not move it.
const COMBINING = /^[\p{M}\u0e33]/u;
const WHITE = /^\s$/u;

const codePoints = (text) => Array.from(text);

// A span that cuts no vowel or tone mark off its consonant.
function wholeClusters(points, start, end) {
  while (start > 0 && start < points.length && COMBINING.test(points[start])) start -= 1;
  while (end < points.length && COMBINING.test(points[end])) end += 1;
  return [start, end];
}

// The part, about `size` code points long, that holds most of the spans; it prefers to begin and end at white space.
function densest(points, spans, size) {
  if (points.length <= size * 1.25) return [0, points.length];
  let low = 0;
  let most = -1;
  for (const at of [0, ...spans.map(([start]) => Math.max(0, start - (size >> 2)))]) {
    let held = 0;
    for (const [start, end] of spans) if (start >= at && start < at + size) held += Math.min(end, at + size) - start;
    if (held > most) [low, most] = [at, held];
  }
  let high = Math.min(points.length, low + size);
  low = Math.max(0, high - size);
  const first = Math.min(low + 60, ...spans.map(([start]) => start).filter((start) => start >= low));
  const last = Math.max(high - 60, ...spans.map(([, end]) => end).filter((end) => end <= high));
  if (low > 0) for (let i = low; i < first; i += 1) if (WHITE.test(points[i])) { low = i + 1; break; }
  if (high < points.length) for (let i = high; i > last; i -= 1) if (WHITE.test(points[i])) { high = i; break; }
  return wholeClusters(points, low, high);
}

// "# Heading" lines of a Markdown source: the marks vanish, the title is set apart.
function headings(points) {
  const found = [];
  for (let i = 0; i < points.length; i += 1) {
    if (points[i] !== "#" || (i > 0 && points[i - 1] !== "\n")) continue;
    let title = i;
    while (points[title] === "#") title += 1;
    if (title - i > 6 || points[title] !== " ") continue;
    let end = title;
    while (end < points.length && points[end] !== "\n") end += 1;
    found.push({ start: i, title: title + 1, end });
  }
  return found;
}

// The text nodes and <mark>s of points[low..high): nothing in a text can ever become markup.
function markedNodes(points, low, high, spans, markClass = "") {
  const titles = headings(points);
  const cuts = new Set([low, high]);
  for (const edge of [...spans.flat(), ...titles.flatMap((t) => [t.start, t.title, t.end])]) {
    if (edge > low && edge < high) cuts.add(edge);
  }
  const edges = [...cuts].sort((a, b) => a - b);
  const nodes = [];
  for (let i = 0; i + 1 < edges.length; i += 1) {
    const [start, end] = [edges[i], edges[i + 1]];
    const title = titles.find((t) => start >= t.start && end <= t.end);
    if (title && end <= title.title) continue;
    let node = document.createTextNode(points.slice(start, end).join(""));
    if (spans.some(([a, b]) => a <= start && end <= b)) node = h("mark", { class: markClass, part: "mark" }, node);
    if (title) node = h("strong", {}, node);
    nodes.push(node);
  }
  if (low > 0) nodes.unshift("… ");
  if (high < points.length) nodes.push(" …");
  return nodes;
}

function snippet(text, spans, size) {
  const points = codePoints(text);
  return markedNodes(points, ...densest(points, spans, size), spans);
}

// The answer's evidence with a little of its passage around it, where a hit brought that passage along.
function evidenceNodes(answer, hits) {
  const passage = hits.flatMap((hit) => [hit, ...(hit.more || [])]).find((one) => one.passage_id === answer.passage_id);
  const points = codePoints(passage ? passage.text : answer.evidence);
  let [start, end] = [0, points.length];
  if (passage) {
    start = answer.citation.start - passage.citation.start;
    end = answer.citation.end - passage.citation.start;
    if (!(start >= 0 && start < end && end <= points.length)) return evidenceNodes(answer, []);
  }
  let low = start;
  let high = end;
  while (low > 0 && start - low < 140 && points[low - 1] !== "\n") low -= 1;
  while (high < points.length && high - end < 140 && points[high] !== "\n") high += 1;
  if (start - low >= 140) while (low < start && !WHITE.test(points[low])) low += 1;
  if (high - end >= 140) while (high > end && !WHITE.test(points[high - 1])) high -= 1;
  return markedNodes(points.slice(low, high), 0, high - low, [[start - low, end - low]], "evidence");
}
