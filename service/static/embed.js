// Inside the frame of /embed: tells the page around it how high its content is. The page is complete without it.
"use strict";

// Only sites that may frame this page are told, each by its own origin; a wildcard names a site's subdomains.
const allowed = [location.origin, ...(document.documentElement.dataset.parents || "").split(" ").filter(Boolean)];

const originOf = (address) => {
  try { return new URL(address).origin; } catch { return ""; }
};

const fits = (origin) => allowed.some((one) => {
  const [scheme, host] = one.split("*");
  return one === "*" || one === origin || (host !== undefined && origin.startsWith(scheme) && origin.endsWith(host));
});

// Browsers that hide the outer page's address leave only the exact origins to try.
const parents = () => {
  const outer = location.ancestorOrigins?.[0] || originOf(document.referrer);
  // After a search in the frame its own address is the referrer.
  if (outer && (location.ancestorOrigins || outer !== location.origin)) return fits(outer) ? [outer] : [];
  return allowed.filter((one) => !one.includes("*"));
};

if (window.parent !== window) {
  let told = 0;
  const tell = () => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height === told) return;
    told = height;
    for (const origin of parents()) window.parent.postMessage({ type: "karani-embed-height", height }, origin);
  };
  new ResizeObserver(tell).observe(document.body);
  tell();
}
