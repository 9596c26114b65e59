// Asks before unsaved changes are left behind: by closing the tab, by a link, or by the back button.
(() => {
  const QUESTION = "Leave without saving? What you changed will be lost.";
  const unsaved = () => document.querySelector('[data-unsaved="true"]') !== null;
  let allowed = false;
  window.addEventListener("beforeunload", (event) => {
    if (unsaved() && !allowed) event.preventDefault();
  });
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
      if (!link || !unsaved() || event.ctrlKey || event.metaKey || link.target === "_blank") return;
      const target = new URL(link.href, location.href);
      if (target.pathname === location.pathname) return;
      if (window.confirm(QUESTION)) {
        allowed = true;
        setTimeout(() => (allowed = false), 1000);
      } else {
        event.preventDefault();
        event.stopPropagation();
      }
    },
    true,
  );
  window.navigation?.addEventListener("navigate", (event) => {
    if (event.navigationType !== "traverse" || !event.cancelable || !unsaved()) return;
    if (new URL(event.destination.url).pathname !== location.pathname && !window.confirm(QUESTION)) event.preventDefault();
  });
})();
