// Offer a passkey to a person who has just signed in another way.

import { alreadyThere, screen } from "./screens.js";
import { button } from "../auth/dom.js";
import { createPasskey, wasCancelled } from "../auth/passkeys.js";

export class Append {
  #card;
  #api;
  #state;
  #options;
  #signal;
  #attestationOptions = "";
  #attempts = 0;

  constructor({ card, api, state, options, signal }) {
    this.#card = card;
    this.#api = api;
    this.#state = state;
    this.#options = options;
    this.#signal = signal;
  }

  async start() {
    let answer;
    try {
      const { appendAllowed } = await this.#api.init("append");
      if (!appendAllowed) return this.#skip("skip-implicit");
      const token = await this.#options.appendTokenProvider();
      answer = await this.#api.startAppend(token, { situation: this.#options.situation });
    } catch (error) {
      this.#options.onError?.(String(error.message ?? error));
      return this.#skip("skip-implicit");
    }
    if (this.#signal.aborted) return undefined;
    this.#attestationOptions = answer.attestationOptions;
    if (!this.#attestationOptions) return this.#skip("skip-implicit");
    const create = this.#showOffer();
    if (answer.autoAppend) create.click();
    return undefined;
  }

  #showOffer() {
    const create = button("Create a passkey", "create_passkey");
    create.addEventListener("click", () =>
      this.#card.run(
        create,
        () => this.#create(),
        (error) => this.#failed(error),
      ),
    );
    const later = button("Maybe later", "skip", { kind: "quiet" });
    later.addEventListener("click", () => {
      this.#api.report("append-explicit-abort");
      this.#skip("skip-explicit");
    });
    screen(
      this.#card,
      {
        symbol: "key",
        title: "Sign in faster next time",
        text: "With a passkey you sign in by fingerprint, face or screen lock, without a password.",
      },
      create,
      later,
    );
    return create;
  }

  async #create() {
    const kind = this.#attempts ? "manual-retry" : "manual";
    this.#attempts += 1;
    const attestation = await createPasskey(this.#attestationOptions);
    const { passkeyOperation } = await this.#api.finishAppend(attestation, kind);
    this.#state.lastLogin = passkeyOperation;
    this.#showDone({
      title: "Your passkey is ready",
      text: "Use it the next time you sign in.",
      status: "complete",
    });
  }

  #failed(error) {
    if (alreadyThere(error)) {
      this.#api.report("append-credential-exists");
      this.#showDone({
        title: "You have a passkey already",
        text: "This device has one for your account. You can sign in with it.",
        status: "complete-noop",
      });
    } else if (wasCancelled(error)) {
      // The same options are valid for another attempt (API notes C.0.12).
      this.#api.report("append-error");
      this.#card.showErrors({ general: "No passkey was made. You can try again." });
    } else {
      this.#api.report("append-error-unexpected", String(error.message ?? error));
      this.#options.onError?.(String(error.message ?? error));
      this.#skip("skip-implicit");
    }
  }

  #showDone({ title, text, status }) {
    const go = button("Continue", "continue");
    go.addEventListener("click", () =>
      this.#card.run(
        go,
        async () => {
          await this.#options.onComplete?.(status, this.#state.encode());
        },
        (error) => console.error("Corbado emulator:", error),
      ),
    );
    screen(this.#card, { symbol: "check", title, text }, go);
  }

  #skip(status) {
    if (this.#signal.aborted) return;
    this.#card.hide();
    this.#options.onSkip?.(status);
  }
}
