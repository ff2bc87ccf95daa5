// Copy and share buttons. Without this file, references are text to select.

const status = document.getElementById("status");

const copied = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return byHand(text); // no clipboard on plain http addresses other than this machine's
  }
};

const byHand = (text) => {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  document.body.append(area);
  const before = document.activeElement;
  area.select();
  let done = false;
  try { done = document.execCommand("copy"); } catch { /* told below */ }
  area.remove();
  before?.focus();
  return done;
};

const told = (button, text) => {
  const label = button.querySelector("span:not(.unseen)");
  label.dataset.says ??= label.textContent;
  label.textContent = text;
  status.textContent = text;
  clearTimeout(button.timer);
  button.timer = setTimeout(() => {
    label.textContent = label.dataset.says;
    status.textContent = "";
  }, 2500);
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-value]");
  if (button) {
    const { copyValue } = button.dataset;
    const text = copyValue === undefined
      ? button.closest(".cite-style").querySelector(".cite-text").textContent
      : new URL(copyValue, location.href).href;
    const done = await copied(text);
    button.classList.toggle("done", done);
    told(button, done ? button.dataset.copied : button.dataset.failed);
    return;
  }
  const share = event.target.closest("[data-share]");
  if (!share) return;
  const url = share.closest(".cite-style").querySelector(".cite-text").textContent;
  try { await navigator.share({ title: share.dataset.title, url }); } catch { /* the reader thought better of it */ }
});

// Buttons appear when their fold opens, so that results put in place later have them too.
document.addEventListener("toggle", (event) => {
  if (!navigator.share || !event.target.matches?.("details.cite")) return;
  for (const button of event.target.querySelectorAll("[data-share]")) button.hidden = false;
}, true);
