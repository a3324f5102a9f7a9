// The card that every element draws itself on: shadow root, style, errors, the live region.

import { h, icon, setBusy } from "./dom.js";
import { stylesheet } from "./style.js";

const WORKING = "One moment …";
const MISSING = {
  username: "Please enter your email address.",
  name: "Please enter your name.",
  password: "Please enter your password.",
};

export class Card {
  #page = h("div", { class: "page" });
  #error = h("p", { class: "form-error", role: "alert" });
  #status = h("p", { class: "visually-hidden", role: "status" });
  #frame = h("section", { class: "card" }, this.#error, this.#page, this.#status);
  #drawnBefore = false;
  #isLeaving = false;

  constructor(host) {
    const root = host.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [stylesheet];
    root.append(this.#frame);
  }

  /** Show content. The first time, the focus stays where it is. */
  draw(content) {
    this.#isLeaving = false;
    this.#frame.hidden = false;
    this.clearErrors();
    this.#page.replaceChildren(...content.filter(Boolean));
    const heading = this.#page.querySelector("h1, h2");
    if (this.#drawnBefore) {
      (this.#page.querySelector("input:not([hidden])") ?? heading)?.focus();
      if (heading) this.say(heading.textContent);
    }
    this.#drawnBefore = true;
  }

  /** Hide the card until something is drawn again. */
  hide() {
    this.#frame.hidden = true;
  }

  /** Add a dialog to the card. */
  overlay(dialog) {
    this.#frame.append(dialog);
  }

  addEmulatorMark(endpoint) {
    const link = h(
      "a",
      { href: `${endpoint}/_emulator/`, target: "_blank", rel: "noopener" },
      "Corbado emulator",
    );
    this.#frame.append(
      h("footer", { class: "mark" }, link, h("span", {}, "No real account is used")),
    );
  }

  /** Show developers, on the page itself, what is wrong with their integration. */
  explainIntegrationError(text) {
    this.#page.replaceChildren(
      h(
        "header",
        { class: "heading" },
        h("span", { class: "symbol" }, icon("alert")),
        h("h1", {}, "Integration error"),
        h("p", { class: "subtitle" }, text),
      ),
    );
  }

  say(text) {
    this.#status.textContent = text;
  }

  /** Announce that the browser is about to leave the page: busy buttons stay busy. */
  leaving() {
    this.#isLeaving = true;
    this.say("Signing you in …");
  }

  async run(node, work, report) {
    if (node.hasAttribute("aria-disabled")) return;
    this.clearErrors();
    setBusy(node, true);
    this.say(WORKING);
    try {
      await work();
    } catch (error) {
      this.say("");
      report(error);
    } finally {
      if (!this.#isLeaving) setBusy(node, false);
      if (this.#status.textContent === WORKING) this.say("");
    }
  }

  requireValues(fields) {
    const missing = fields.filter(({ value }) => value() === "");
    this.showErrors({
      fields: Object.fromEntries(missing.map(({ name }) => [name, MISSING[name]])),
    });
    return missing.length === 0;
  }

  showErrors({ fields = {}, general = "" }) {
    this.clearErrors();
    this.#error.textContent = general;
    for (const [name, text] of Object.entries(fields).reverse()) this.#showFieldError(name, text);
  }

  clearErrors() {
    this.#error.textContent = "";
    for (const node of this.#page.querySelectorAll(".field-error")) node.textContent = "";
    for (const input of this.#inputs()) {
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-description");
    }
  }

  #showFieldError(name, text) {
    const place = this.#page.querySelector(`[data-field="${name}"]`);
    if (!place) {
      this.#error.textContent = text;
      return;
    }
    place.querySelector(".field-error").textContent = text;
    const input = this.#inputIn(place);
    input.setAttribute("aria-invalid", "true");
    // An id does not reach across the shadow boundary to an input of the page itself.
    if (input.getRootNode() !== place.getRootNode()) input.setAttribute("aria-description", text);
    input.focus();
  }

  #inputIn(place) {
    return place.querySelector("input") ?? place.querySelector("slot").assignedElements()[0];
  }

  #inputs() {
    return [...this.#page.querySelectorAll("[data-field]")]
      .map((place) => this.#inputIn(place))
      .filter(Boolean);
  }
}
