// What the components have in common on screen.

import { h } from "../auth/dom.js";
import { heading } from "../auth/page_parts.js";

/** Show a heading, a sentence and what one can do about it. */
export function screen(card, { symbol, title, text }, ...actions) {
  card.draw([
    heading(title, { symbol, subtitle: text, level: 2 }),
    h("div", { class: "actions" }, ...actions),
  ]);
}

/** Whether the authenticator says that it has a passkey for this account already. */
export function alreadyThere(error) {
  return error instanceof DOMException && error.name === "InvalidStateError";
}
