// What people see for each way in which a call can fail (API notes 4.5).

import { ApiError } from "./api.js";
import { wasCancelled } from "./passkeys.js";

const FIELDS = ["username", "name", "password"];

const KIND_WORDS = {
  "user doesn't exist": "There is no account with this email address.",
  "user already exists": "There is an account with this email address already. Please sign in.",
  "user is blocked": "This account is blocked. Please contact the people who run this site.",
  "cannot be blank": "Please fill this in.",
  "Invalid email address": "This does not look like an email address.",
};

const PROBLEMS = {
  network: {
    symbol: "plug",
    title: "No connection",
    text: "The sign-in service cannot be reached. Please check your connection and try again.",
  },
  invalid_origin: {
    title: "This address is not allowed to sign in",
    text: "The sign-in service does not know this site's origin. Its operator has to add it.",
  },
  client_error: {
    symbol: "plug",
    title: "The site did not answer",
    text: "The sign-in service asked this site about your account (its webhook) and got no answer.",
  },
  wrong_domain: {
    title: "Passkeys do not fit this address",
    text: "The relying party ID and the address of this page do not match. Its operator has to fix it.",
  },
  unexpected: {
    title: "Something went wrong",
    text: "The sign-in service reported an error. Please try again later.",
  },
};

// The emulator's origins are names, as in a real project: WebAuthn takes no IP address for a relying party.
const IS_NUMBER = /^[\d.]+$|^\[/;

function openByName() {
  const url = new URL(location.pathname, location.origin);
  url.hostname = "localhost";
  return {
    title: "Open this site by its name",
    text: `Passkeys belong to a name, and ${location.hostname} is a number. Please open ${url}`,
  };
}

const GENERAL = "That did not work. Please try again.";

function inline(validation) {
  const fields = {};
  let general = "";
  for (const [field, message] of Object.entries(validation)) {
    const words = KIND_WORDS[message] ?? message;
    if (FIELDS.includes(field)) fields[field] = words;
    else general = words;
  }
  return { fields, general: general || (Object.keys(fields).length ? "" : GENERAL) };
}

/** Return `{ page }`, `{ problem }` or `{ fields, general }`: where and how to show the error. */
export function reactionTo(error) {
  const isNumber = IS_NUMBER.test(location.hostname);
  if (error instanceof DOMException && error.name === "SecurityError") {
    if (isNumber) return { problem: openByName() };
    return { problem: PROBLEMS.wrong_domain };
  }
  if (error instanceof DOMException && error.name === "InvalidStateError") {
    return { fields: {}, general: "This device has a passkey for this account already." };
  }
  if (wasCancelled(error)) {
    return { fields: {}, general: "No passkey was used. You can try again." };
  }
  if (!(error instanceof ApiError)) {
    console.error("Corbado emulator:", error);
    return { fields: {}, general: GENERAL };
  }
  if (error.kind === "network" && isNumber) return { problem: openByName() };
  if (error.kind === "network") return { problem: PROBLEMS.network };
  if (error.kind === "timeout") return { page: "timeout" };
  if (error.type in PROBLEMS) return { problem: { ...PROBLEMS[error.type], error } };
  if (error.status === 429) return { page: "too-many-requests" };
  if (error.status === 422) {
    return {
      problem: { ...PROBLEMS.unexpected, text: error.details || PROBLEMS.unexpected.text, error },
    };
  }
  if (error.type === "validation_error") return inline(error.validation);
  if (error.status >= 500) return { problem: { ...PROBLEMS.unexpected, error } };
  return { fields: {}, general: GENERAL };
}
