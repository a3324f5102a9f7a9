// Building blocks of pages. A page is a function that takes the view (what the element offers its
// pages) and returns `{ content, start }`; `start`, if any, runs once the page is shown and may
// return a function that stops what it started.

import { button, h, icon } from "./dom.js";

/** `level` 2 is for a card on a page that has its own h1. */
export function heading(title, { subtitle, symbol, image, level = 1 } = {}) {
  return h(
    "header",
    { class: "heading" },
    image && h("img", { src: image, alt: "", class: "logo" }),
    symbol && h("span", { class: "symbol" }, icon(symbol)),
    h(`h${level}`, { tabindex: "-1" }, title),
    subtitle && h("p", { class: "subtitle" }, subtitle),
  );
}

export function switchLink(view, question, text, page, action) {
  const link = h("button", { type: "button", class: "link", "data-action": action }, text);
  link.addEventListener("click", () => view.show(page));
  return h("p", { class: "switch" }, `${question} `, link);
}

export function form(submit, ...children) {
  return h("form", { novalidate: true, on: { submit } }, ...children);
}

/** A button that runs its work through `view.run`, which shows progress and reports errors. */
export function working(view, text, action, work, attributes) {
  const node = button(text, action, attributes);
  node.addEventListener("click", () => view.run(node, work));
  return node;
}

export function backButton(view, text = "Back", { kind = "quiet" } = {}) {
  return working(view, text, "back", () => view.show("login"), { kind });
}

export function message({ symbol, title, text }, ...actions) {
  return {
    content: [
      heading(title, { symbol, subtitle: text }),
      h("div", { class: "actions" }, ...actions),
    ],
  };
}
