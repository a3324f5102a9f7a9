// The question about a passkey for next time, and the error pages, each with a way out.

import { h } from "./dom.js";
import { login } from "./form_pages.js";
import { backButton, message, working } from "./page_parts.js";

// The session token for that question is valid for five minutes.
const APPEND_QUESTION_LASTS_MS = 4.5 * 60 * 1000;

export function appendPasskey(view) {
  const { signIn, texts } = view;
  if (!signIn.canAppendPasskey) return login(view);
  const page = message(
    {
      symbol: "key",
      title: "Faster next time?",
      text:
        texts.append ??
        "Sign in with your fingerprint, face or PIN instead of waiting for an email or typing a password.",
    },
    working(view, "Create a passkey", "append_passkey", () => signIn.appendPasskey()),
    working(view, "Maybe later", "cancel", () => signIn.skipAppend(), { kind: "quiet" }),
  );
  page.start = () => {
    const timer = setTimeout(() => {
      signIn.forgetAppend();
      view.show("login");
    }, APPEND_QUESTION_LASTS_MS);
    return () => clearTimeout(timer);
  };
  return page;
}

export function timeout(view) {
  return message(
    {
      symbol: "clock",
      title: "That took too long",
      text: "There was no answer in time. Please try again.",
    },
    backButton(view, "Try again", { kind: "secondary" }),
  );
}

export function tooManyRequests(view) {
  return message(
    { symbol: "clock", title: "Too many attempts", text: "Please wait a moment, then try again." },
    backButton(view, "Try again", { kind: "secondary" }),
  );
}

/** Corbado's component shows these as an overlay: errors that no input could fix. */
export function problem(view, { title, text, symbol = "alert", error }) {
  const page = message(
    { symbol, title, text },
    backButton(view, "Try again", { kind: "secondary" }),
  );
  if (!error) return page;
  const details = {
    Type: view.signIn.config.environment === "dev" ? error.type : "",
    Request: error.requestID,
  };
  const rows = Object.entries(details).filter(([, value]) => value);
  if (rows.length) {
    page.content.push(
      h(
        "dl",
        { class: "details" },
        ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
      ),
    );
  }
  return page;
}
