// Connect's calls (API notes C.2.2), except process/clear: no process is stored.

import { ApiError } from "../auth/api.js";
import {
  conditionalMediationAvailable,
  platformAuthenticatorAvailable,
} from "../auth/passkeys.js";

const SDK = JSON.stringify({ name: "corbado-emulator", sdkVersion: "3.5.0" });
const TIMEOUT_IN_MS = 10_000;
const LOGIN_FINISH_TIMEOUT_IN_MS = 15_000;

export class ConnectApi {
  #endpoint;
  #headers;
  #state;
  #loadedMs = Date.now();

  constructor(endpoint, projectID, state) {
    this.#endpoint = endpoint;
    this.#state = state;
    this.#headers = {
      "Content-Type": "application/json",
      "X-Corbado-ProjectID": projectID,
      "X-Corbado-SDK": SDK,
      "X-Corbado-Client-Timezone": Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
  }

  /** Start "login", "append" or "manage". */
  async init(what) {
    const answer = await this.#post(`${what}/init`, {
      clientInformation: await this.#clientInformation(),
      flags: {},
      invitationToken: new URLSearchParams(location.search).get("invitationToken") ?? undefined,
    });
    if (answer.newClientEnvHandle) this.#state.handle = answer.newClientEnvHandle;
    this.#headers["X-Corbado-Process-ID"] = answer.token ?? answer.processID;
    return answer;
  }

  startLogin(identifier, source) {
    return this.#post("login/start", {
      identifier,
      source,
      loadedMs: this.#loadedMs,
      identifierHintAvailable: false,
    });
  }

  finishLogin(assertionResponse, isConditionalUI) {
    const body = { assertionResponse, isConditionalUI, loadedMs: this.#loadedMs };
    return this.#post("login/finish", body, LOGIN_FINISH_TIMEOUT_IN_MS);
  }

  startAppend(appendTokenValue, { isForced = false, situation } = {}) {
    return this.#post("append/start", {
      appendTokenValue,
      forcePasskeyAppend: isForced || undefined,
      situation,
      loadedMs: this.#loadedMs,
    });
  }

  finishAppend(attestationResponse, completionType) {
    return this.#post("append/finish", { attestationResponse, completionType });
  }

  list(connectToken) {
    return this.#post("manage/list", { connectToken });
  }

  delete(connectToken, credentialID) {
    return this.#post("manage/delete", { connectToken, credentialID });
  }

  /** Report an event. Nothing depends on it, so failures are ignored. */
  report(eventType, message) {
    this.#post("events", { eventType, message }).catch(() => {});
  }

  async #clientInformation() {
    const handle = this.#state.handle;
    return {
      isUserVerifyingPlatformAuthenticatorAvailable: await platformAuthenticatorAvailable(),
      isConditionalMediationAvailable: await conditionalMediationAvailable(),
      clientEnvHandle: handle?.data,
      clientEnvHandleMeta: handle
        ? { source: handle.source === "URL" ? "url" : "ls", ts: handle.ts }
        : undefined,
      webdriver: navigator.webdriver,
    };
  }

  async #post(path, payload, timeout = TIMEOUT_IN_MS) {
    let answer;
    try {
      answer = await fetch(`${this.#endpoint}/v2/connect/${path}`, {
        method: "POST",
        headers: this.#headers,
        body: JSON.stringify(payload),
        credentials: "include",
        signal: AbortSignal.timeout(timeout),
      });
    } catch (error) {
      throw new ApiError(error.name === "TimeoutError" ? "timeout" : "network");
    }
    if (answer.status === 204) return null;
    const body = await answer.json().catch(() => null);
    if (!answer.ok || body === null) {
      throw new ApiError("answer", { status: answer.status, body: body ?? undefined });
    }
    return body;
  }
}
