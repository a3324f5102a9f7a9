// <corbado-checkbox> in the slot `signupFields`, for example for terms: required for the sign-up.

import { h } from "./dom.js";
import { stylesheet } from "./style.js";

export class CorbadoCheckbox extends HTMLElement {
  #box = h("input", {
    type: "checkbox",
    id: "box",
    "aria-describedby": "error",
    on: { change: () => this.#tell("") },
  });
  #error = h("p", { id: "error", class: "field-error", role: "alert" });

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [stylesheet];
    root.append(
      h("div", { class: "check" }, this.#box, h("label", { for: "box" }, h("slot"))),
      this.#error,
    );
  }

  connectedCallback() {
    this.#box.name = this.getAttribute("name") ?? "";
  }

  /** Return whether it is checked; if not, show what is missing. */
  validate() {
    this.#tell(
      this.#box.checked ? "" : (this.getAttribute("error-message") ?? "Please check this box."),
    );
    return this.#box.checked;
  }

  #tell(error) {
    this.#error.textContent = error;
    this.#box.ariaInvalid = String(error !== "");
  }
}
