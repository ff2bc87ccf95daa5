// Votes without leaving the results. Without this file the same forms lead to a page that asks for the reason.

const status = document.getElementById("status");

const send = async (form, extra = {}) => {
  const fields = new URLSearchParams(new FormData(form));
  for (const [name, value] of Object.entries(extra)) fields.set(name, value);
  const answer = await fetch("/feedback", { method: "POST", body: fields, headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).receipt;
};

const press = (form, button) => {
  for (const one of form.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === button));
};

const closed = (form) => {
  form.parentElement.querySelector(":scope > .why, :scope > .vote-thanks")?.remove();
};

const askWhy = (form, relevant) => {
  closed(form);
  const why = document.getElementById(`why-${relevant}`).content.cloneNode(true).firstElementChild;
  why.vote = form;
  form.parentElement.append(why);
};

const thank = (form) => {
  closed(form);
  const thanks = document.getElementById("thanks").content.cloneNode(true).firstElementChild;
  form.parentElement.append(thanks);
  status.textContent = thanks.textContent;
  thanks.focus();
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const vote = form.matches("[data-vote]") ? form : form.vote;
  if (!vote) return;
  event.preventDefault();
  try {
    if (form === vote) {
      const { value } = event.submitter;
      press(form, event.submitter);
      vote.given = { relevant: value, receipt: await send(form, { relevant: value, ...(vote.given && { receipt: vote.given.receipt }) }) };
      askWhy(form, value);
      status.textContent = document.getElementById("thanks").content.textContent;
    } else {
      const said = Object.fromEntries(new FormData(form));
      await send(vote, { ...vote.given, ...said });
      thank(vote);
    }
  } catch {
    press(vote, null);
    status.textContent = vote.dataset.failed;
  }
});

document.addEventListener("click", (event) => {
  const close = event.target.closest("[data-why-close]");
  if (!close) return;
  const { vote } = close.closest(".why");
  closed(vote);
  vote.querySelector("[aria-pressed=true]")?.focus();
});
