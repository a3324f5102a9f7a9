// The frontend API as the component calls it: addresses, headers, the envelope (API notes 4.1, 4.2).

// The release whose calls are reproduced here.
const VERSION = "1.0.73";
const TIMEOUT_IN_MS = 60_000;
const LONG_SESSION_KEY = "cbo_long_session";

/** A failed call. `kind` is "network", "timeout" or "answer". */
export class ApiError extends Error {
  constructor(kind, { status = 0, body = {} } = {}) {
    const error = body.error ?? {};
    super(error.details || error.type || kind);
    this.name = "ApiError";
    this.kind = kind;
    this.status = status;
    this.type = error.type ?? "";
    this.details = error.details ?? "";
    this.validation = Object.fromEntries(
      (error.validation ?? []).map(({ field, message }) => [field, message]),
    );
    this.requestID = body.requestData?.requestID ?? "";
  }
}

/** Read project ID and endpoint from an element; throws with a sentence for developers. */
export function addressOf(element) {
  const projectID = element.getAttribute("project-id") ?? element.getAttribute("project_id") ?? "";
  const endpoint = element.getAttribute("endpoint") ?? "";
  if (!projectID && !endpoint) throw new TypeError("Set project-id or endpoint.");
  if (projectID && !/^pro-\d+$/.test(projectID)) {
    throw new TypeError("project-id must be pro- and digits.");
  }
  if (endpoint && !/^https?:\/\//.test(endpoint)) {
    throw new TypeError("endpoint must begin with http:// or https://.");
  }
  if (endpoint.endsWith("/")) throw new TypeError("endpoint must not end in a slash.");
  return { projectID, endpoint: endpoint || `https://${projectID}.frontendapi.corbado.io` };
}

export class FrontendApi {
  #headers;
  #credentials;

  /** `withSession`: send cookies and the time zone, as all but the associate elements do. */
  constructor({ endpoint, projectID }, { withSession = true } = {}) {
    this.endpoint = endpoint;
    this.#credentials = withSession ? "include" : "same-origin";
    this.#headers = { "X-Corbado-WC-Version": VERSION };
    if (projectID) this.#headers["X-Corbado-ProjectID"] = projectID;
    if (withSession) {
      this.#headers["X-Corbado-Client-Timezone"] = Intl.DateTimeFormat().resolvedOptions().timeZone;
    }
  }

  /** Send `X-Corbado-Mode` from now on; the very first call is sent without it. */
  setMode(mode) {
    this.#headers["X-Corbado-Mode"] = mode;
  }

  get(path) {
    return this.#send("GET", path);
  }

  delete(path) {
    return this.#send("DELETE", path);
  }

  post(path, payload, { bearer } = {}) {
    return this.#send("POST", path, payload, bearer);
  }

  async #send(method, path, payload, bearer = localStorage.getItem(LONG_SESSION_KEY)) {
    const headers = { ...this.#headers };
    if (bearer) headers.Authorization = `Bearer ${bearer}`;
    if (payload !== undefined) headers["Content-Type"] = "application/json";
    const answer = await this.#fetch(path, {
      method,
      headers,
      body: payload === undefined ? undefined : JSON.stringify(payload),
      credentials: this.#credentials,
      signal: AbortSignal.timeout(TIMEOUT_IN_MS),
    });
    const body = await answer.json().catch(() => null);
    if (!answer.ok || body === null) {
      throw new ApiError("answer", { status: answer.status, body: body ?? undefined });
    }
    if (body.data?.longSession) localStorage.setItem(LONG_SESSION_KEY, body.data.longSession);
    return body;
  }

  async #fetch(path, options) {
    try {
      return await fetch(this.endpoint + path, options);
    } catch (error) {
      throw new ApiError(error.name === "TimeoutError" ? "timeout" : "network");
    }
  }
}
