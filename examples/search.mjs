// node search.mjs "ใครใช้ MOU กับโรงพยาบาล"        (Node.js 18 or newer, no packages)
const endpoint = process.env.KARANI_ENDPOINT ?? "https://karani.example";
const key = process.env.KARANI_KEY ?? "krn_YOUR_KEY";
const q = process.argv[2] ?? "ใครใช้ MOU กับโรงพยาบาล";

const response = await fetch(`${endpoint}/v1/search`, {
  method: "POST",
  headers: { "Content-Type": "application/json", "X-API-Key": key },
  body: JSON.stringify({ q, k: 3 }),
  signal: AbortSignal.timeout(10_000),
});
const found = await response.json();
if (!response.ok) {
  console.error(`${response.status} ${found.detail}`);
  process.exit(1);
}
console.log(found.answer ? found.answer.text : "ไม่พบคำตอบ / no answer");
for (const { rank, citation } of found.hits) {
  console.log(`${rank}. ${citation.case?.name ?? citation.title}  ${endpoint}${citation.url}`);
}
