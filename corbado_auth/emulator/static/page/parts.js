// Building blocks of rows. Text is inserted as text nodes only, and only web addresses become links,
// because all of it is untrusted input.

import { h } from "../auth/dom.js";

const TONES = {
  good: ["active", "unused", "confirmed", "open", "exists", "on"],
  bad: ["expired", "disabled", "deleted", "blocked", "no answer"],
};

export function badge(text) {
  const tone = Object.keys(TONES).find((name) => TONES[name].includes(text)) ?? "plain";
  return h("span", { class: `badge ${tone}` }, text);
}

export function statusBadge(status) {
  if (status === null) return h("span", { class: "badge bad" }, "dropped");
  const tone = status < 400 ? "good" : status < 500 ? "warn" : "bad";
  return h("span", { class: `badge ${tone}` }, String(status));
}

export function time(stamp) {
  return h("time", { class: "quiet", datetime: `${stamp}Z` }, stamp.replace("T", " "));
}

/** Time left, counted down in place by `countDown` without drawing the row again. */
export function timeLeft(seconds) {
  return h(
    "span",
    { class: "left", "data-ends": String(Date.now() + seconds * 1000) },
    words(seconds),
  );
}

export function countDown(root) {
  for (const node of root.querySelectorAll("[data-ends]")) {
    const text = words((Number(node.dataset.ends) - Date.now()) / 1000);
    if (node.textContent !== text) node.textContent = text;
  }
}

export function words(seconds) {
  const left = Math.max(0, Math.round(seconds));
  if (left === 0) return "no time left";
  if (left < 60) return `${left} s left`;
  if (left < 3600)
    return `${Math.floor(left / 60)} min ${String(left % 60).padStart(2, "0")} s left`;
  return `${Math.floor(left / 3600)} h ${String(Math.floor((left % 3600) / 60)).padStart(2, "0")} min left`;
}

export function link(address, text = address) {
  const isWeb = /^https?:\/\//i.test(address);
  if (!isWeb) return h("span", {}, text);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text);
}

export function action(text, work, attributes = {}) {
  return h("button", { type: "button", ...attributes, on: { click: work } }, text);
}

export function copyButton(value, what) {
  const node = action("Copy", async () => {
    await navigator.clipboard.writeText(value);
    node.textContent = "Copied";
    setTimeout(() => (node.textContent = "Copy"), 1500);
  });
  node.setAttribute("aria-label", `Copy ${what}`);
  return node;
}

export function facts(pairs) {
  const shown = Object.entries(pairs).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  return h(
    "dl",
    { class: "facts" },
    shown.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}

export function source(value) {
  if (value === null || value === undefined || value === "")
    return h("p", { class: "quiet" }, "Nothing");
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return h("pre", { tabindex: "0" }, text);
}

export function section(title, ...content) {
  return h("section", {}, h("h2", {}, title), ...content);
}

/** A form control with its label. */
export function labelled(label, control) {
  return h("label", { class: "labelled" }, h("span", {}, label), control);
}

/**
 * A form that passes its values to `work` and is emptied if that succeeds. `work` also gets an
 * element for its outcome.
 */
export function toolForm(title, text, work, ...children) {
  const outcome = h("div", { class: "outcome", role: "status" });
  const submit = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    if (await work(Object.fromEntries(new FormData(form)), outcome)) form.reset();
  };
  return h(
    "details",
    { class: "tool" },
    h("summary", {}, title),
    h(
      "form",
      { on: { submit } },
      ...children,
      h("button", { type: "submit", class: "primary" }, text),
      outcome,
    ),
  );
}

export function lines(rows) {
  return h("ul", { class: "lines" }, ...rows.map((row) => h("li", {}, ...row)));
}

/** A passkey in the list of its user. */
export function passkeyLine({ ID, status, created, lastUsed }) {
  const used = lastUsed ? `last used ${lastUsed.replace("T", " ")}` : "not used yet";
  return [
    h("code", {}, ID),
    badge(status),
    h("span", { class: "quiet" }, `created ${created.replace("T", " ")}, ${used}`),
  ];
}
