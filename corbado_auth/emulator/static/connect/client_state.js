// What the browser stores between visits, with the keys and in the format of Corbado's component
// (API notes C.2.3): a handle for this browser, and the last login for the one-tap button.

const SOURCE = "LocalStorage";

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function write(key, entry) {
  try {
    localStorage.setItem(key, JSON.stringify(entry));
  } catch {
    // Without storage there is no one-tap button.
  }
}

export class ClientState {
  #handleKey;
  #lastLoginKey;

  constructor(projectID) {
    this.#handleKey = `cbo_client_handle-${projectID}`;
    this.#lastLoginKey = `cbo_connect_last_login-${projectID}`;
  }

  get handle() {
    return read(this.#handleKey);
  }

  set handle(data) {
    write(this.#handleKey, { data, source: SOURCE, ts: Date.now() });
  }

  get lastLogin() {
    return read(this.#lastLoginKey)?.data ?? null;
  }

  set lastLogin(data) {
    write(this.#lastLoginKey, { data, source: SOURCE, ts: Date.now() });
  }

  /** Return the state for the component on another page: the second argument of onComplete. */
  encode() {
    const state = { lastLogin: read(this.#lastLoginKey), clientEnvHandle: this.handle };
    return btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(state))));
  }

  /** Merge an encoded state, where it is newer. */
  adopt(encoded) {
    if (!encoded) return;
    let state;
    try {
      const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
      state = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      console.error("Corbado emulator: clientState cannot be read.");
      return;
    }
    this.#adoptEntry(this.#handleKey, state?.clientEnvHandle);
    this.#adoptEntry(this.#lastLoginKey, state?.lastLogin);
  }

  #adoptEntry(key, entry) {
    if (entry && entry.ts > (read(key)?.ts ?? 0)) write(key, { ...entry, source: "URL" });
  }
}
