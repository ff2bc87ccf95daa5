// The page renews itself while one chooses: the server writes the lines, this puts them in place.

const form = document.querySelector(".portal-form");
const key = document.getElementById("key");
const PLACEHOLDER = key.placeholder;
let asking = new AbortController();

// The key is said to the preview and written into the lines here; it goes into no address.
const filled = () => {
  const given = key.value.trim();
  for (const code of document.querySelectorAll("#lines code")) {
    code.dataset.text ??= code.textContent;
    code.textContent = given ? code.dataset.text.replaceAll(PLACEHOLDER, given) : code.dataset.text;
  }
  const preview = document.getElementById("preview");
  const widget = preview.querySelector("karani-search");
  widget.setAttribute("key", given);
  const { light, dark } = preview.dataset;
  for (const [name, colour] of [["--karani-accent", light], ["--karani-accent-dark", dark]]) {
    if (colour) widget.style.setProperty(name, colour);
    else widget.style.removeProperty(name);
  }
};

const renew = async () => {
  asking.abort();
  asking = new AbortController();
  const query = new URLSearchParams(new FormData(form));
  // The colour box always has a colour: the usual one is said by leaving it out.
  if (query.get("accent") === "#0e5c55") query.delete("accent");
  try {
    const answer = await fetch(`/portal?${query}`, { signal: asking.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const open = document.querySelector("#lines details").open;
    for (const id of ["preview", "lines"]) document.getElementById(id).replaceWith(page.getElementById(id));
    document.querySelector("#lines details").open = open;
    history.replaceState(null, "", `/portal?${query}`);
    filled();
  } catch (error) {
    if (error.name !== "AbortError") form.submit();
  }
};

let pause = 0;
form.addEventListener("input", (event) => {
  if (event.target === key) { filled(); return; }
  clearTimeout(pause);
  pause = setTimeout(renew, 250);
});
form.addEventListener("submit", (event) => { event.preventDefault(); renew(); });
filled();
