// Adding a passkey ends with an event of the element, not with a redirect (Corbado's component, 4.6 f).
"use strict";

for (const wrapper of document.querySelectorAll("[data-corbado-associate]")) {
  const element = wrapper.querySelector("corbado-passkey-associate");
  const region = wrapper.querySelector("[data-note]");
  const template = region.firstElementChild;
  // Emptied first, so that a second failure is read out like the first.
  const say = (text) => {
    region.replaceChildren(template);
    setTimeout(() => {
      region.replaceChildren(template, template.content.cloneNode(true));
      region.querySelector("[data-text]").textContent = text;
    });
  };
  // The events do not bubble: listen on the element itself.
  element.addEventListener("PASSKEY_CREATION_SUCCESSFUL", () => {
    window.location.assign(wrapper.dataset.doneUrl);
  });
  element.addEventListener("PASSKEY_CREATION_FAILED", () => say(wrapper.dataset.failed));
  element.addEventListener("DEVICE_NOT_PASSKEY_READY", () => say(wrapper.dataset.notReady));
}
