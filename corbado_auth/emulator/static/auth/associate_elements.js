// A passkey for a person who is already signed in at the site (API notes 4.6 f). Events are like
// Corbado's: not bubbling, not composed, with an array as `detail` (4.7).

import { FrontendApi, addressOf } from "./api.js";
import { Card } from "./card.js";
import { button, field, h, leaveFor } from "./dom.js";
import { reactionTo } from "./errors.js";
import { createPasskey, platformAuthenticatorAvailable, usePasskey } from "./passkeys.js";

class AssociateElement extends HTMLElement {
  card = new Card(this);
  api = null;

  connectedCallback() {
    if (this.api) return;
    try {
      const address = addressOf(this);
      this.checkMarkup();
      this.api = new FrontendApi(address, { withSession: false });
      this.card.addEmulatorMark(address.endpoint);
    } catch (error) {
      this.card.explainIntegrationError(error.message);
      return;
    }
    this.card.draw(this.content());
  }

  checkMarkup() {
    if (!this.getAttribute("project-id")) throw new TypeError("project-id is missing.");
  }

  emit(name, ...detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** The page is told about errors by events; here are only those it cannot know about. */
  report(error) {
    const { page, problem, fields } = reactionTo(error);
    if (page)
      this.card.showErrors({ general: "Too many attempts. Please wait a moment, then try again." });
    else if (problem) this.card.showErrors({ general: problem.text });
    else this.card.showErrors({ fields });
  }
}

export class CorbadoPasskeyAssociate extends AssociateElement {
  /** Corbado's element refuses every attribute that it does not know, even `id` and `class`. */
  checkMarkup() {
    super.checkMarkup();
    const known = ["project-id", "endpoint", "association-token"];
    const others = this.getAttributeNames().filter((name) => !known.includes(name));
    if (others.length) throw new TypeError(`Invalid attributes: ${others.join(", ")}`);
    const token = this.getAttribute("association-token") ?? "";
    if (!token.startsWith("ast1_") || token.length !== 35) {
      throw new TypeError("association-token must be ast1_ and 30 more characters.");
    }
  }

  content() {
    const create = button("Create passkey", "sign_up");
    const report = (error) => {
      this.report(error);
      this.emit("PASSKEY_CREATION_FAILED", { data: { err: error } });
    };
    create.addEventListener("click", () => this.card.run(create, () => this.#create(), report));
    return [create];
  }

  async #create() {
    if (!(await platformAuthenticatorAvailable())) {
      this.emit("DEVICE_NOT_PASSKEY_READY");
      return;
    }
    const { data } = await this.api.post("/v1/users/passkey/associate/start", {
      associationToken: this.getAttribute("association-token"),
    });
    const signedChallenge = await createPasskey(data.challenge);
    await this.api.post("/v1/users/passkey/append/finish", { signedChallenge });
    this.card.say("Your passkey is ready.");
    this.emit("PASSKEY_CREATION_SUCCESSFUL");
  }
}

export class CorbadoPasskeyAssociateLogin extends AssociateElement {
  content() {
    const username = field("username", "Email address", {
      type: "email",
      autocomplete: "username webauthn",
    });
    const value = () => username.querySelector("input").value.trim();
    const go = button("Continue", "continue", { type: "submit" });
    const report = (error) => this.report(error);
    const submit = (event) => {
      event.preventDefault();
      if (!this.card.requireValues([{ name: "username", node: username, value }])) return;
      this.card.run(go, () => this.#logIn(value()), report);
    };
    return [h("form", { novalidate: true, on: { submit } }, username, go)];
  }

  async #logIn(username) {
    if (!(await this.#deviceHasPasskey(username))) return;
    try {
      const { data } = await this.api.post("/v1/users/passkey/login/start", { username });
      const signedChallenge = await usePasskey(data.challenge);
      const answer = await this.api.post("/v1/users/passkey/login/finish", { signedChallenge });
      this.emit("PASSKEY_LOGIN_SUCCESSFUL", { data: { redirectURL: answer.data.redirectURL } });
      this.card.leaving();
      leaveFor(answer.data.redirectURL);
    } catch (error) {
      this.emit("PASSKEY_LOGIN_FAILED", { data: { err: error } });
      throw error;
    }
  }

  async #deviceHasPasskey(username) {
    try {
      const { exists } = await this.api.post("/v1/users/device/passkey", {
        loginIdentifier: username,
        loginIdentifierType: "email",
      });
      if (!exists) this.emit("PASSKEY_NOT_EXISTS");
      return exists;
    } catch (error) {
      this.emit("PASSKEY_NOT_EXISTS", { data: { err: error } });
      throw error;
    }
  }
}
