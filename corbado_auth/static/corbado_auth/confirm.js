// On the confirm page: another tab may sign this person in meanwhile (the one that waited for the mailed link). Then
// this one goes on, too, and nobody has to guess which tab counts. Without this script the buttons say so.
"use strict";

(() => {
  const page = document.querySelector("[data-corbado-settled]");
  if (!page) return;
  const EVERY_MS = 2000;
  const UNTIL_MS = Date.now() + 5 * 60 * 1000;

  const look = async () => {
    if (Date.now() > UNTIL_MS) return;
    if (!document.hidden) {
      try {
        const answer = await fetch(page.dataset.corbadoSettled, { headers: { Accept: "application/json" } });
        const { url } = answer.ok ? await answer.json() : {};
        if (url) {
          location.replace(url);
          return;
        }
      } catch {
        // Offline, or forbidden by a policy of the site: the buttons still work.
        return;
      }
    }
    setTimeout(look, EVERY_MS);
  };
  setTimeout(look, EVERY_MS);
})();
