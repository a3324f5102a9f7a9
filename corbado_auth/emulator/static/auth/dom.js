// Helpers to build the shadow tree. Text is inserted as text nodes: nothing is parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

const ICON_PATHS = {
  key: [
    "M15.5 13.5a5 5 0 1 0-4.6-3.1L4 17.3V20h3v-2h2v-2h2l1.6-1.6a5 5 0 0 0 2.9-.9Z",
    "M16.5 7.5h.01",
  ],
  lock: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3", "M12 14.5v2"],
  mail: ["M4 6h16v12H4z", "m4 7 8 6 8-6"],
  clock: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z", "M12 7.5V12l3 2"],
  alert: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z", "M12 7.5v5.5", "M12 16.5h.01"],
  check: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z", "m8 12.5 2.8 2.8L16 9.5"],
  plug: ["M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0Z", "M12 17v4"],
};

/** Build an element: attributes, listeners under `on`, then children (nodes, texts, or nothing). */
export function h(tag, { on = {}, ...attributes } = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    node.setAttribute(name, value === true ? "" : value);
  }
  for (const [type, listener] of Object.entries(on)) node.addEventListener(type, listener);
  node.append(...children.flat().filter(Boolean));
  return node;
}

/** A decorative icon, hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const path of ICON_PATHS[name]) {
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", path);
    svg.append(line);
  }
  return svg;
}

export function button(text, action, { kind = "primary", ...attributes } = {}) {
  return h(
    "button",
    { type: "button", class: `button ${kind}`, "data-action": action, ...attributes },
    h("span", { class: "spinner", "aria-hidden": "true" }),
    h("span", {}, text),
  );
}

/** A labelled input with room for its error message below. */
export function field(name, label, attributes = {}) {
  const errorID = `${name}-error`;
  return h(
    "div",
    { class: "field", "data-field": name },
    h("label", { for: name }, label),
    h("input", {
      id: name,
      name,
      "data-input": name,
      "aria-describedby": errorID,
      required: true,
      ...attributes,
    }),
    h("p", { id: errorID, class: "field-error" }),
  );
}

/** Mark a button as busy. It keeps the focus and ignores further clicks. */
export function setBusy(node, busy) {
  node?.toggleAttribute("data-busy", busy);
  if (busy) node?.setAttribute("aria-disabled", "true");
  else node?.removeAttribute("aria-disabled");
}

/** Navigate to an address from the API; anything but a web address is refused. */
export function leaveFor(url) {
  const target = new URL(url, window.location.href);
  if (!["http:", "https:"].includes(target.protocol)) throw new TypeError("Not a web address.");
  window.location = target.href;
}
