// The sign-in flows without the UI: which call follows which (API notes 4.6). Every method either
// tells `ui` where to go next (show a page, go to a URL) or throws what the page has to report.

import { ApiError } from "./api.js";
import {
  conditionalMediationAvailable,
  createPasskey,
  platformAuthenticatorAvailable,
  usePasskey,
  wasCancelled,
} from "./passkeys.js";

const USERNAME_KEY = "username";
const APPEND_SHOWN_KEY = "passkeyAppendPopUpShownAt";
const DAY_IN_MS = 24 * 60 * 60 * 1000;
const DAYS_BETWEEN_APPEND_QUESTIONS = {
  "0d": 0,
  "1d": 1,
  "3d": 3,
  "1w": 7,
  "3w": 21,
  "1m": 30,
  "3m": 90,
};

// Why the link was sent, which the waiting page explains.
export const LinkReason = Object.freeze({
  ASKED: "asked",
  UNCONFIRMED: "unconfirmed",
  PASSKEY_CANCELLED: "passkey-cancelled",
});

/** API notes 4.4. The date is set at every first page load, not when the question is shown. */
function appendQuestionIsDue(interval) {
  const days = DAYS_BETWEEN_APPEND_QUESTIONS[interval] ?? 0;
  const shownAt = Date.parse(localStorage.getItem(APPEND_SHOWN_KEY));
  if (Math.ceil((Date.now() - shownAt) / DAY_IN_MS) < days) return false;
  localStorage.setItem(APPEND_SHOWN_KEY, new Date().toISOString());
  return true;
}

export class SignIn {
  config = { allowUserRegistration: false, userFullNameRequired: false, environment: "prod" };
  passkeysAvailable = false;
  methods = [];
  linkReason = LinkReason.ASKED;
  emailLinkID = null;
  #api;
  #ui;
  #username;
  #appendIsDue = true;
  #sessionToken = "";
  #redirectURL = "";
  #mediation = null;

  constructor(api, ui, { username = "" } = {}) {
    this.#api = api;
    this.#ui = ui;
    this.#username = username || localStorage.getItem(USERNAME_KEY) || "";
  }

  get username() {
    return this.#username;
  }

  set username(value) {
    this.#username = value;
    this.methods = [];
    localStorage.setItem(USERNAME_KEY, value);
  }

  /** Load the project and check the device. If the project does not answer, show the login page. */
  async prepare() {
    const [config, available] = await Promise.allSettled([
      this.#api.get("/v1/projects/projectConfig"),
      platformAuthenticatorAvailable(),
    ]);
    this.passkeysAvailable = available.value;
    if (config.status === "fulfilled") {
      this.config = config.value.data;
      this.#appendIsDue = appendQuestionIsDue(this.config.passkeyAppendInterval);
    }
  }

  // -- Sign-up (4.6 a) ---------------------------------------------------------------------------

  async signUp(username, fullName) {
    this.stopMediation();
    this.username = username;
    if (!this.passkeysAvailable) {
      const { data } = await this.#api.post("/v1/users/emaillinks/register/start", {
        email: username,
        username: fullName, // That is the wire format: the full name is sent as "username".
      });
      return this.#waitForLink(data.emailLinkID, LinkReason.ASKED);
    }
    try {
      const { data } = await this.#api.post("/v1/users/passkey/register/start", {
        username,
        fullName,
      });
      const signed = await createPasskey(data.challenge);
      await this.#finish("/v1/users/passkey/register/finish", signed);
    } catch (error) {
      if (!wasCancelled(error)) throw error;
      await this.sendLink(LinkReason.UNCONFIRMED);
    }
  }

  // -- Login (4.6 b, e) --------------------------------------------------------------------------

  async logIn(username) {
    this.stopMediation();
    this.username = username;
    await this.#fetchMethods();
    if (this.methods.length === 0) throw new Error("There is no way to sign in with this address.");
    if (this.methods.includes("webauthn") && this.passkeysAvailable) return this.usePasskey();
    await this.#useOtherMethod(LinkReason.ASKED);
  }

  async usePasskey() {
    try {
      const { data } = await this.#api.post("/v1/users/passkey/login/start", {
        username: this.username,
      });
      await this.#finish("/v1/users/passkey/login/finish", await usePasskey(data.challenge));
    } catch (error) {
      const gone = error instanceof ApiError && error.type === "not_found";
      if (!gone && !wasCancelled(error)) throw error;
      await this.#useOtherMethod(LinkReason.PASSKEY_CANCELLED);
    }
  }

  async verifyPassword(password) {
    const { data } = await this.#api.post("/v1/users/password/verify", {
      username: this.username,
      password,
    });
    // After a password the question is always asked, however recent the last one is.
    this.#goOn(data, { methods: this.methods, ask: true });
  }

  async #fetchMethods() {
    const { data } = await this.#api.post("/v1/users/authmethods", { username: this.username });
    this.methods = data.selectedMethods;
  }

  async #useOtherMethod(reason) {
    if (this.methods.includes("password")) return this.#ui.show("password");
    if (this.methods.includes("email")) return this.sendLink(reason);
    this.#ui.show("email");
  }

  // -- Passkeys inside the username field (4.6 c) ------------------------------------------------

  async offerPasskeysInField() {
    if (!(await conditionalMediationAvailable())) return;
    this.stopMediation();
    const controller = new AbortController();
    this.#mediation = controller;
    try {
      const { data } = await this.#api.post("/v1/users/passkey/mediation/start", {
        username: this.username,
      });
      const signed = await usePasskey(data.challenge, {
        mediation: "conditional",
        signal: controller.signal,
      });
      const answer = await this.#api.post("/v1/users/passkey/login/finish", {
        signedChallenge: signed,
      });
      this.username = answer.data.username;
      if (answer.data.confirmedCredential) return this.#ui.leave(answer.data.redirectURL);
      await this.sendLink(LinkReason.UNCONFIRMED);
    } catch (error) {
      if (controller.signal.aborted || wasCancelled(error)) return;
      if (error.status !== 400 || !this.username) throw error;
      await this.sendLink(LinkReason.UNCONFIRMED);
    }
  }

  stopMediation() {
    this.#mediation?.abort("Another way was chosen.");
    this.#mediation = null;
  }

  // -- Magic link (4.6 d) ------------------------------------------------------------------------

  async sendLink(reason = this.linkReason) {
    const { data } = await this.#api.post("/v1/users/emaillinks/login/start", {
      username: this.username,
    });
    this.#waitForLink(data.emailLinkID, reason);
  }

  /** Ask once whether the link was opened; returns whether it was. */
  async checkLink() {
    const emailLinkID = this.emailLinkID;
    let link;
    try {
      link = await this.#api.post("/v1/users/emaillinks/status", { emailLinkID });
    } catch (error) {
      // Not opened yet, or briefly offline: the link is still valid when a laptop wakes up.
      const canWait = error.kind !== "answer" || (error.status < 500 && error.status !== 429);
      if (canWait) return false;
      throw error;
    }
    if (this.emailLinkID !== emailLinkID) return false;
    this.emailLinkID = null;
    await this.#fetchMethods();
    this.#goOn(link.data, { methods: this.methods });
    return true;
  }

  async confirmLink(emailLinkID, token) {
    const { data } = await this.#api.post("/v1/users/emaillinks/confirm", { emailLinkID, token });
    this.#goOn(data, { methods: data.authMethods });
  }

  async useLoginToken(token) {
    const { data } = await this.#api.post("/v1/users/logintoken", { token });
    this.#goOn(data, { methods: data.authMethods });
  }

  #waitForLink(emailLinkID, reason) {
    this.emailLinkID = emailLinkID;
    this.linkReason = reason;
    this.#ui.show("email-pending");
  }

  // -- A passkey for next time -------------------------------------------------------------------

  get canAppendPasskey() {
    return this.#redirectURL !== "";
  }

  async appendPasskey() {
    try {
      const { data } = await this.#api.post(
        "/v1/users/passkey/append/start",
        {},
        { bearer: this.#sessionToken },
      );
      await this.#finish("/v1/users/passkey/append/finish", await createPasskey(data.challenge));
    } catch (error) {
      // A validation error on `sessionToken`: this device has a passkey already.
      if (!error.validation?.sessionToken) throw error;
      this.skipAppend();
    }
  }

  skipAppend() {
    this.#ui.leave(this.#redirectURL);
  }

  /** The session token is valid for five minutes: after that only a new sign-in helps. */
  forgetAppend() {
    this.#sessionToken = "";
    this.#redirectURL = "";
  }

  #goOn({ redirectURL, sessionToken }, { methods, ask = this.#appendIsDue }) {
    if (!this.passkeysAvailable || methods.includes("webauthn") || !ask) {
      return this.#ui.leave(redirectURL);
    }
    this.#sessionToken = sessionToken;
    this.#redirectURL = redirectURL;
    this.#ui.show("append-passkey");
  }

  async #finish(path, signedChallenge) {
    const { data } = await this.#api.post(path, { signedChallenge });
    this.#ui.leave(data.redirectURL);
  }
}
