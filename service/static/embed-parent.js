// For pages that frame /embed: makes each frame as high as its content. Load it once, anywhere in the page:
//   <script src="https://karani.example/static/embed-parent.js" async></script>
// Strict policies: it sets one property (height) of the iframe and loads nothing.
(() => {
  "use strict";
  const MAX_HEIGHT_PX = 20000;
  addEventListener("message", (event) => {
    if (event.data?.type !== "karani-embed-height") return;
    const height = Number(event.data.height);
    if (!(height > 0 && height <= MAX_HEIGHT_PX)) return;
    for (const frame of document.querySelectorAll("iframe[src]")) {
      // The message must come from this very frame, and the frame must still show the site that its src names.
      const { origin, pathname } = new URL(frame.src, document.baseURI);
      if (frame.contentWindow === event.source && origin === event.origin && pathname.endsWith("/embed")) {
        frame.style.height = `${Math.ceil(height)}px`;
      }
    }
  });
})();
