// The passkeys of a signed-in person: list, add, delete.

import { alreadyThere } from "./screens.js";
import { button, h, icon } from "../auth/dom.js";
import { heading } from "../auth/page_parts.js";
import { createPasskey, wasCancelled } from "../auth/passkeys.js";

const FAILED = "That did not work. Please try again.";
const NOT_AVAILABLE = "Your passkeys cannot be shown right now. Please try again later.";
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export class PasskeyList {
  #element;
  #card;
  #api;
  #state;
  #options;
  #signal;
  #listToken = "";

  constructor({ element, card, api, state, options, signal }) {
    this.#element = element;
    this.#card = card;
    this.#api = api;
    this.#state = state;
    this.#options = options;
    this.#signal = signal;
  }

  async start() {
    try {
      const { manageAllowed } = await this.#api.init("manage");
      if (!manageAllowed) throw new Error("manageAllowed is false");
      await this.#show();
    } catch (error) {
      this.#api.report("manage-error", String(error.message ?? error));
      this.#draw(h("p", { class: "subtitle" }, NOT_AVAILABLE));
    }
  }

  /** Load the list, with the same token each time: it is not used up. */
  async #show() {
    this.#listToken ||= await this.#options.connectTokenProvider("passkey-list");
    const passkeys = await this.#fetch();
    if (this.#signal.aborted) return;
    const add = button("Add a passkey", "add_passkey");
    this.#onClick(add, () => this.#add());
    this.#draw(
      passkeys.length
        ? h("ul", { class: "passkeys" }, ...passkeys.map((passkey) => this.#row(passkey)))
        : h("p", { class: "subtitle" }, "You have no passkey yet."),
      h("div", { class: "actions" }, add),
    );
  }

  async #fetch() {
    let answer;
    try {
      answer = await this.#api.list(this.#listToken);
    } catch (error) {
      // The person has no passkey yet. This is not a list, so the browser is not told about it.
      if (error.status === 404) return [];
      throw error;
    }
    if (answer.passkeys.length === 0) this.#state.lastLogin = null;
    await tellBrowser(answer);
    return answer.passkeys;
  }

  #draw(...content) {
    this.#card.draw([heading("Your passkeys", { level: 2 }), ...content]);
  }

  #row(passkey) {
    const name = passkey.aaguidDetails?.name || "Passkey";
    const place = [passkey.sourceBrowser, passkey.sourceOS].filter(Boolean).join(" on ");
    const facts = [
      `Created ${dateFormat.format(passkey.createdMs)}${place ? ` with ${place}` : ""}`,
      `Last used ${dateFormat.format(passkey.lastUsedMs)}`,
    ];
    const remove = button("Delete", "delete_passkey", {
      kind: "secondary small",
      "aria-label": `Delete ${name}, created ${dateFormat.format(passkey.createdMs)}`,
    });
    remove.addEventListener("click", () => this.#confirm(passkey, name));
    return h(
      "li",
      { class: "passkey" },
      h("span", { class: "symbol small" }, icon("key")),
      h(
        "div",
        {},
        h("p", { class: "name" }, h("strong", {}, name), ...passkey.tags.map(tag)),
        ...facts.map((fact) => h("p", { class: "fact" }, fact)),
      ),
      remove,
    );
  }

  #confirm(passkey, name) {
    const cancel = button("Keep it", "cancel_delete", { kind: "secondary" });
    const go = button("Delete passkey", "confirm_delete");
    const dialog = h(
      "dialog",
      { class: "dialog", "aria-labelledby": "delete-title" },
      h("h2", { id: "delete-title", tabindex: "-1" }, "Delete this passkey?"),
      h("p", { class: "subtitle" }, `You cannot sign in with “${name}” any more.`),
      h("div", { class: "actions" }, go, cancel),
    );
    this.#tell("start");
    let isDeleted = false;
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (!isDeleted) this.#tell("cancel");
    });
    this.#onClick(go, async () => {
      isDeleted = true;
      dialog.close();
      await this.#delete(passkey);
    });
    this.#card.overlay(dialog);
    dialog.showModal();
    cancel.focus();
  }

  async #delete(passkey) {
    try {
      const token = await this.#options.connectTokenProvider("passkey-delete");
      await this.#api.delete(token, passkey.id);
    } catch (error) {
      this.#tell("error");
      throw error;
    }
    this.#tell("success");
    await this.#show();
    this.#card.say("The passkey has been deleted.");
  }

  async #add() {
    const token = await this.#options.connectTokenProvider("passkey-append");
    const { attestationOptions } = await this.#api.startAppend(token, { isForced: true });
    if (!attestationOptions) throw new Error("No passkey is offered");
    const attestation = await createPasskey(attestationOptions);
    const { passkeyOperation } = await this.#api.finishAppend(attestation, "manual");
    this.#state.lastLogin = passkeyOperation;
    await this.#show();
    this.#card.say("The passkey has been added.");
  }

  /** Tell the page about the progress of a deletion, by callback and by event. */
  #tell(what) {
    this.#options.onPasskeyDelete?.(what);
    this.#element.dispatchEvent(
      new CustomEvent(`corbado:passkey-delete-${what}`, { bubbles: true, composed: true }),
    );
  }

  #onClick(node, work) {
    const report = (error) => {
      if (alreadyThere(error)) {
        this.#card.showErrors({ general: "This device has a passkey for your account already." });
      } else if (wasCancelled(error)) {
        this.#card.showErrors({ general: "No passkey was made. You can try again." });
      } else {
        this.#api.report("manage-error-unexpected", String(error.message ?? error));
        this.#card.showErrors({ general: FAILED });
      }
    };
    node.addEventListener("click", () => this.#card.run(node, work, report));
  }
}

function tag(name) {
  return h("span", { class: "tag" }, name);
}

/** Let the browser forget passkeys that are no longer on the list. */
async function tellBrowser({ rpID, userID, passkeys }) {
  try {
    await PublicKeyCredential.signalAllAcceptedCredentials?.({
      rpId: rpID,
      userId: userID,
      allAcceptedCredentialIds: passkeys.map(({ credentialID }) => credentialID),
    });
  } catch {
    // This only cleans up.
  }
}
