// Requests to the service. No cookies, no referrer; the key travels in a header, the question in a body.
const TIMEOUT_MS = 20000;

class Refusal extends Error {
  // kind: the problem type's last part, or offline, unreachable, origin-not-allowed, slow, endpoint
  constructor(kind, { status = 0, detail = "", retryAfter = null } = {}) {
    super(detail || kind);
    Object.assign(this, { kind, status, detail, retryAfter });
  }
}

// The service's base address without a slash at its end, or "".
function baseOf(value) {
  try {
    const url = new URL(value, document.baseURI);
    return /^https?:$/.test(url.protocol) ? (url.origin + url.pathname).replace(/\/+$/, "") : "";
  } catch {
    return "";
  }
}

async function call(base, key, path, body, signal) {
  if (!base) throw new Refusal("endpoint");
  const headers = { Accept: "application/json" };
  if (key) headers["X-API-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  const stop = new AbortController();
  const abort = () => stop.abort();
  signal.addEventListener("abort", abort);
  const timer = setTimeout(abort, TIMEOUT_MS);
  try {
    const answer = await fetch(base + path, {
      method: body ? "POST" : "GET",
      headers,
      body: body ? JSON.stringify(body) : undefined,
      signal: stop.signal,
      mode: "cors",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
    });
    if (!answer.ok) throw await refusalOf(answer);
    return answer.status === 204 ? null : await answer.json();
  } catch (error) {
    if (error instanceof Refusal || signal.aborted) throw error;
    if (stop.signal.aborted) throw new Refusal("slow");
    throw await unreachable(base);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

async function refusalOf(answer) {
  const problem = await answer.json().catch(() => ({}));
  const kind = String(problem.type || "").split(":").pop() || "broken";
  const wait = Number(answer.headers.get("Retry-After") ?? NaN);
  const retryAfter = Number.isFinite(wait) ? Math.max(1, Math.ceil(wait)) : null;
  return new Refusal(kind, { status: answer.status, detail: String(problem.detail || ""), retryAfter });
}

// A browser does not say why a request failed. Every page may read /widget.js, so whoever can reach that
// and not the search was refused by its origin.
async function unreachable(base) {
  if (navigator.onLine === false) return new Refusal("offline");
  try {
    const probe = await fetch(base + "/widget.js", { method: "HEAD", mode: "cors", credentials: "omit", cache: "no-store" });
    if (probe.ok) return new Refusal("origin-not-allowed", { status: 403 });
  } catch {
    // not reachable at all
  }
  return new Refusal("unreachable");
}

// What people read about a refusal: a title, what to do, whether only the webmaster can, and seconds to wait.
function explain(error, language) {
  const say = (title, todo = "", webmaster = false) => ({
    title: translate(language, title),
    todo: TEXTS[todo] ? translate(language, todo, { origin: location.origin }) : todo,
    webmaster,
    wait: [429, 503].includes(error.status) ? error.retryAfter ?? 5 : 0,
  });
  const own = error.detail.split(" · ")[language === "th" ? 0 : 1] || error.detail;
  if (error.kind === "offline") return say("offline", "offline_do");
  if (error.kind === "unreachable") return say("unreachable", "unreachable_do");
  if (error.kind === "slow") return say("slow", "unreachable_do");
  if (error.kind === "endpoint") return say("endpoint", "endpoint_do", true);
  if (error.kind === "origin-not-allowed") return say("origin", "origin_do", true);
  if (error.status === 401) return say("key", "key_do", true);
  if (error.status === 403) return say("key", "scope_do", true);
  if (error.status === 429) return say("limited");
  if (error.status === 503) return say("busy", own);
  if (error.status >= 400 && error.status < 500) return say("refused", own);
  return say("broken", "broken_do");
}
