// What the components share on screen.

import { h } from "../auth/dom.js";
import { heading } from "../auth/page_parts.js";

/** Show a heading, a sentence and buttons. */
export function screen(card, { symbol, title, text }, ...actions) {
  card.draw([
    heading(title, { symbol, subtitle: text, level: 2 }),
    h("div", { class: "actions" }, ...actions),
  ]);
}

/** Whether the authenticator already has a passkey for this account. */
export function alreadyThere(error) {
  return error instanceof DOMException && error.name === "InvalidStateError";
}
