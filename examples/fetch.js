const ENDPOINT = "https://karani.example";
const KEY = "krn_YOUR_KEY"; // a key for pages: scope search, bound to this site's origin

async function search(q) {
  const response = await fetch(`${ENDPOINT}/v1/search`, {
    method: "POST", // the question stays out of addresses and logs
    headers: { "Content-Type": "application/json", "X-API-Key": KEY },
    body: JSON.stringify({ q, k: 5 }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(`${body.title}: ${body.detail}`); // RFC 9457: says what to do
  return body;
}

// Offsets count code points; JavaScript's strings count UTF-16 units. Text goes in as text, never as HTML.
function marked(text, highlights) {
  const points = Array.from(text);
  const nodes = [];
  let at = 0;
  for (const [start, end] of highlights) {
    const mark = document.createElement("mark");
    mark.textContent = points.slice(start, end).join("");
    nodes.push(points.slice(at, start).join(""), mark);
    at = end;
  }
  return [...nodes, points.slice(at).join("")];
}

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const shown = document.getElementById("answer");
  try {
    const { answer, hits } = await search(new FormData(event.target).get("q"));
    shown.textContent = answer ? answer.text : "ไม่พบคำตอบ";
    document.getElementById("hits").replaceChildren(...hits.map((hit) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `${ENDPOINT}${hit.citation.url}#cite`;
      link.textContent = hit.citation.case?.name ?? hit.citation.title;
      item.append(link, document.createElement("br"), ...marked(hit.text, hit.highlights));
      return item;
    }));
  } catch (error) {
    shown.textContent = error.message;
  }
});
