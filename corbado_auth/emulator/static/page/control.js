// The control API, this page's only source of data.

export class Refused extends Error {}

async function send(method, path, payload) {
  const answer = await fetch(`/_emulator/${path}`, {
    method,
    headers: payload === undefined ? {} : { "Content-Type": "application/json" },
    body: payload === undefined ? undefined : JSON.stringify(payload),
    cache: "no-store",
  });
  const body = await answer.json();
  if (!answer.ok) throw new Refused(body.error);
  return body;
}

export const control = {
  state: () => send("GET", "state"),
  requests: () => send("GET", "requests"),
  emails: () => send("GET", "emails"),
  reset: () => send("POST", "reset", {}),
  addUser: (user) => send("POST", "users", user),
  issueToken: (userID) => send("POST", "tokens", { userID }),
  advance: (seconds) => send("POST", "clock", { advance: seconds }),
  planFailure: (failure) => send("POST", "failures", failure),
  removeFailure: (ID) => send("DELETE", "failures", { ID }),
  turnConnect: (switches) => send("POST", "connect", switches),
  issueSignedPasskeyData: (identifier) =>
    send("POST", "connect/signed-passkey-data", { identifier }),
  setEventURL: (url, credentials) => send("POST", "event-url", { url, credentials }),
  sendEvent: (event) => send("POST", "events", event),
  limitRate: (requests) => send("POST", "rate-limit", { requests }),
};
