// What visitors do, for your own analytics. Nothing is sent anywhere unless you do it here.
document.addEventListener("karani-results", (event) => {
  document.getElementById("last").textContent = `${event.detail.query} (${event.detail.total})`;
});
document.addEventListener("karani-select", (event) => {
  console.log("opened", event.detail.kind, event.detail.rank, event.detail.url);
});
document.addEventListener("karani-error", (event) => {
  console.log("failed", event.detail.kind, event.detail.status);
});
