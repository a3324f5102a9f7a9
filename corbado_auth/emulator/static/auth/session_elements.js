// Elements for Corbado's own sessions (API notes 4.6 g, h). With the site's own sessions, as in
// corbado_auth, they have little to do: Django's logout view and passkey pages replace them.

import { FrontendApi, addressOf } from "./api.js";
import { Card } from "./card.js";
import { button, h, leaveFor } from "./dom.js";

/** Shows its slot `unauthed`: there are no Corbado sessions. */
export class CorbadoAuthProvider extends HTMLElement {
  constructor() {
    super();
    this.attachShadow({ mode: "open" }).append(h("slot"), h("slot", { name: "unauthed" }));
  }
}

/** Wraps whatever the person clicks to sign out. */
export class CorbadoLogoutHandler extends HTMLElement {
  connectedCallback() {
    this.style.display = "contents";
    this.onclick = () => this.#logOut();
  }

  async #logOut() {
    try {
      await new FrontendApi(addressOf(this)).delete("/v1/sessions/logout");
    } catch (error) {
      console.error("Corbado emulator: signing out failed.", error);
    }
    leaveFor(this.getAttribute("redirect-url") ?? window.location.href);
  }
}

export class CorbadoPasskeyList extends HTMLElement {
  #card = new Card(this);
  #api = null;

  connectedCallback() {
    if (this.#api) return;
    try {
      const address = addressOf(this);
      this.#api = new FrontendApi(address);
      this.#card.addEmulatorMark(address.endpoint);
    } catch (error) {
      this.#card.explainIntegrationError(error.message);
      return;
    }
    this.#load();
  }

  async #load() {
    try {
      const { data } = await this.#api.get("/v1/me/passkeys");
      this.#card.draw([this.#list(data.passkeys)]);
    } catch {
      this.#card.draw([
        h(
          "p",
          { class: "subtitle" },
          "This list needs Corbado's own sessions. Use the site's passkey page.",
        ),
      ]);
    }
  }

  #list(passkeys) {
    if (passkeys.length === 0) return h("p", { class: "subtitle" }, "There is no passkey yet.");
    return h("ul", { class: "passkeys" }, ...passkeys.map((passkey) => this.#row(passkey)));
  }

  #row(passkey) {
    const remove = button("Remove", "delete_passkey", { kind: "secondary" });
    const work = async () => {
      await this.#api.delete(`/v1/me/passkeys/${encodeURIComponent(passkey.id)}`);
      await this.#load();
    };
    const report = () => this.#card.showErrors({ general: "That did not work. Please try again." });
    remove.addEventListener("click", () => this.#card.run(remove, work, report));
    return h("li", {}, h("span", {}, `Created ${passkey.created}`), remove);
  }
}
