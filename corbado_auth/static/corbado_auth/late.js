// Says that Corbado's script did not load: at once if the browser reports it, else after eight seconds. It needs no
// stylesheet, so that it works on a site's own page; without JavaScript, the page says that it is needed.
"use strict";

(() => {
  // A live region that is on the page from the start, and empty, is read out when it gets its text.
  const note = document.currentScript.previousElementSibling;
  const say = (text) => (note.textContent = text);
  const timer = setTimeout(() => say(note.dataset.late), 8000);
  // The error of a script does not bubble.
  const fail = (event) => {
    if (event.target.src === note.dataset.script) say(note.dataset.late);
  };
  window.addEventListener("error", fail, true);
  customElements.whenDefined("corbado-auth").then(() => {
    clearTimeout(timer);
    window.removeEventListener("error", fail, true);
    say("");
  });
})();
