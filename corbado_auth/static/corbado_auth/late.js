// Says that Corbado's script did not load: at once if the browser reports it, else after eight seconds. Without
// JavaScript, the page says that it is needed.
"use strict";

(() => {
  const { dataset, firstElementChild: region } = document.currentScript.previousElementSibling;
  const template = region.firstElementChild;
  const tell = () => {
    region.replaceChildren(template, template.content.cloneNode(true));
    region.querySelector("[data-text]").textContent = dataset.late;
  };
  const timer = setTimeout(tell, 8000);
  // The error of a script does not bubble.
  const fail = (event) => event.target.src === dataset.script && tell();
  window.addEventListener("error", fail, true);
  customElements.whenDefined(dataset.element).then(() => {
    clearTimeout(timer);
    window.removeEventListener("error", fail, true);
    region.replaceChildren(template);
  });
})();
