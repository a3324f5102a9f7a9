// Sign in by a typed name, by a passkey that the browser offers in the field, or by one tap. Every
// failure ends in a fallback callback, and the card disappears in favour of the page's own form.

import { screen } from "./screens.js";
import { button, field, h } from "../auth/dom.js";
import { form, heading } from "../auth/page_parts.js";
import { usePasskey, wasCancelled } from "../auth/passkeys.js";

const MISSING = "Please enter your email address or username.";
const NOT_POSSIBLE = "Signing in with a passkey is not possible right now.";
const SITE_REFUSED = "Signing in with your passkey did not work.";
const GIVEN_UP = "Your passkey was not used.";
const MAX_HARD_ERRORS = 3;
// Codes that the component handles itself; any other is the site's own.
const KNOWN_CODES = [
  "no_cbo_user",
  "user_not_found",
  "identifier_not_whitelisted",
  "unexpected_error",
  "cui_credential_deleted",
  "cui_alternative_project_id",
];

export class Login {
  #card;
  #api;
  #state;
  #options;
  #signal;
  #init = null;
  #conditional = null;
  #identifier = "";
  #failures = 0;

  constructor({ card, api, state, options, signal }) {
    this.#card = card;
    this.#api = api;
    this.#state = state;
    this.#options = options;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#stopConditional());
  }

  async start() {
    try {
      this.#init = await this.#api.init("login");
    } catch {
      return this.#fallBack("", NOT_POSSIBLE, { isInitial: true });
    }
    if (this.#signal.aborted) return undefined;
    if (!this.#init.loginAllowed) return this.#fallBack("", "", { isInitial: true });
    this.#options.onLoaded?.("loading finished", false);
    const known = this.#state.lastLogin?.identifierValue;
    return known ? this.#showOneTap(known) : this.#showName();
  }

  // -- Screens -----------------------------------------------------------------------------------

  #showName(identifier = "") {
    const name = field("identifier", "Email address or username", {
      type: "text",
      inputmode: "email",
      autocomplete: "username webauthn",
      autocapitalize: "none",
      spellcheck: "false",
      value: identifier,
    });
    const input = name.querySelector("input");
    const go = button("Continue", "continue", { type: "submit" });
    const submit = (event) => {
      event.preventDefault();
      if (!input.value.trim()) {
        this.#card.showErrors({ fields: { identifier: MISSING } });
        return;
      }
      this.#run(go, () => this.#logIn(input.value.trim(), "text-field"));
    };
    this.#card.draw([
      heading("Sign in with your passkey", {
        subtitle: "Use your fingerprint, face or screen lock.",
        symbol: "key",
        level: 2,
      }),
      form(submit, name, go),
      this.#links(),
    ]);
    this.#startConditional();
  }

  #showOneTap(known) {
    this.#identifier = known;
    const go = button("Sign in with your passkey", "one_tap", { "aria-describedby": "known" });
    go.addEventListener("click", () => this.#run(go, () => this.#logIn(known, "one-tap")));
    const other = button("Use another account", "switch_account", { kind: "quiet" });
    other.addEventListener("click", () => {
      this.#api.report("login-one-tap-switch");
      this.#state.lastLogin = null;
      this.#showName();
    });
    this.#card.draw([
      heading("Welcome back", { symbol: "key", level: 2 }),
      h("p", { class: "subtitle", id: "known" }, h("strong", {}, known)),
      h("div", { class: "actions" }, go, other),
    ]);
  }

  #showError() {
    const source = this.#failures > 1 ? "error-hard" : "error-soft";
    const again = button("Try again", "try_again");
    again.addEventListener("click", () =>
      this.#run(again, () => this.#logIn(this.#identifier, source)),
    );
    const password = button("Use your password instead", "fall_back", { kind: "secondary" });
    password.addEventListener("click", () => {
      this.#api.report("login-explicit-abort");
      this.#fallBack(this.#identifier, "");
    });
    const isHard = source === "error-hard";
    screen(
      this.#card,
      {
        symbol: isHard ? "alert" : "key",
        title: isHard ? "That did not work" : "Use your passkey to confirm it’s you",
        text: isHard
          ? "Your passkey was not used. Try again, or sign in another way."
          : "Your device asks for your fingerprint, face or screen lock.",
      },
      again,
      password,
    );
  }

  #links() {
    const { onHelpClick, onSignupClick } = this.#options;
    const link = (text, work, action) =>
      work &&
      h(
        "button",
        { type: "button", class: "link", "data-action": action, on: { click: () => work() } },
        text,
      );
    const links = [
      link("Need help?", onHelpClick, "help"),
      link("Create an account", onSignupClick, "sign_up"),
    ].filter(Boolean);
    return links.length > 0 && h("p", { class: "switch links" }, ...links);
  }

  // -- Signing in --------------------------------------------------------------------------------

  async #logIn(identifier, source) {
    this.#identifier = identifier;
    this.#stopConditional();
    this.#options.onLoginStart?.();
    let start;
    try {
      start = await this.#api.startLogin(identifier, source);
    } catch {
      this.#state.lastLogin = null;
      return this.#failUnexpectedly("login/start");
    }
    if (!start.assertionOptions) {
      this.#state.lastLogin = null;
      return this.#explain(start.fallbackOperationError);
    }
    let assertion;
    try {
      assertion = await usePasskey(start.assertionOptions, { signal: this.#signal });
    } catch (error) {
      return this.#ceremonyFailed(error);
    }
    return this.#finish(assertion, false);
  }

  async #startConditional() {
    const flags = { ...this.#init.flags, ...this.#options.flags };
    const challenge = this.#init.conditionalUIChallenge;
    if (!challenge || flags["conditional-ui-allowed"] !== "true" || this.#signal.aborted) return;
    // A used challenge must not be offered again.
    this.#init.conditionalUIChallenge = null;
    this.#conditional = new AbortController();
    const { signal } = this.#conditional;
    this.#options.onConditionalLoginStart?.(this.#conditional);
    let assertion;
    try {
      assertion = await usePasskey(challenge, { mediation: "conditional", signal });
    } catch {
      // The person typed a name or cancelled, or the browser does not support it.
      this.#init.conditionalUIChallenge = challenge;
      return;
    }
    this.#card.say("Signing you in …");
    await this.#finish(assertion, true);
  }

  #stopConditional() {
    this.#conditional?.abort();
    this.#conditional = null;
  }

  async #finish(assertion, isConditional) {
    let answer;
    try {
      answer = await this.#api.finishLogin(assertion, isConditional);
    } catch {
      this.#state.lastLogin = null;
      return this.#failUnexpectedly("login/finish");
    }
    if (answer.fallbackOperationError?.initFallback || !answer.signedPasskeyData) {
      return this.#explain(answer.fallbackOperationError);
    }
    this.#state.lastLogin = answer.passkeyOperation ?? null;
    this.#card.leaving();
    try {
      const { webauthnId } = claimsOf(answer.signedPasskeyData);
      await this.#options.onComplete(
        answer.session || answer.signedPasskeyData,
        this.#state.encode(),
        webauthnId,
      );
    } catch {
      this.#api.report("login-error-untyped");
      return this.#fallBack(this.#identifier, SITE_REFUSED);
    }
    return undefined;
  }

  // -- Ways out ----------------------------------------------------------------------------------

  #ceremonyFailed(error) {
    this.#state.lastLogin = null;
    if (this.#signal.aborted) return undefined;
    if (!wasCancelled(error) && error.name !== "AbortError") {
      return this.#failUnexpectedly(`${error.name}: ${error.message}`);
    }
    this.#api.report("login-error");
    this.#options.onError?.("ClientPasskeyOperationCancelled");
    this.#failures += 1;
    return this.#failures > MAX_HARD_ERRORS
      ? this.#fallBack(this.#identifier, GIVEN_UP)
      : this.#showError();
  }

  #failUnexpectedly(where) {
    this.#api.report("login-error-unexpected", where);
    return this.#fallBack(this.#identifier, NOT_POSSIBLE);
  }

  /** Handle the reason for which the server does not start or finish a login. */
  #explain({ initFallback = true, identifier, error } = {}) {
    const { onUnknownUser, onFallbackCustom } = this.#options;
    const name = identifier || this.#identifier;
    if (error?.code === "user_not_found" && onUnknownUser) return onUnknownUser(name);
    if (!initFallback) {
      this.#showName(this.#identifier);
      return this.#card.showErrors({ fields: { identifier: error?.message || NOT_POSSIBLE } });
    }
    if (error?.code && !KNOWN_CODES.includes(error.code) && onFallbackCustom) {
      this.#leave();
      return onFallbackCustom(name, error.code, error.message);
    }
    return this.#fallBack(name, error?.message ?? "");
  }

  #fallBack(identifier, message, { isInitial = false } = {}) {
    if (this.#signal.aborted) return;
    this.#leave();
    if (isInitial) this.#options.onLoaded?.("loading finished", true);
    const { onFallback, onFallbackSilent } = this.#options;
    if (!message && onFallbackSilent) onFallbackSilent(identifier);
    else onFallback?.(identifier, message);
  }

  /** Disappear in favour of the page's own form. */
  #leave() {
    this.#stopConditional();
    this.#card.hide();
  }

  #run(node, work) {
    const report = (error) => {
      console.error("Corbado emulator:", error);
      this.#fallBack(this.#identifier, NOT_POSSIBLE);
    };
    return this.#card.run(node, work, report);
  }
}

function claimsOf(token) {
  const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
