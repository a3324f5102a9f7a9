// The magic link, in the tab that waits for it and in the tab that it opens (API notes 4.6 d).

import { h } from "./dom.js";
import { login } from "./form_pages.js";
import { backButton, heading, message, working } from "./page_parts.js";
import { LinkReason } from "./sign_in.js";

const POLL_EVERY_MS = 1000;
const POLL_FOR_MS = 5 * 60 * 1000;

const LINK_SENTENCES = {
  [LinkReason.ASKED]: "We sent a sign-in link to",
  [LinkReason.UNCONFIRMED]:
    "Your account is not confirmed yet. Please open the link that we sent to",
  [LinkReason.PASSKEY_CANCELLED]: "Your passkey was not used, so we sent a sign-in link to",
};

export function email(view) {
  const { signIn } = view;
  return message(
    { symbol: "mail", title: "Sign in by email", text: signIn.username },
    signIn.methods.includes("email") &&
      working(view, "Email me a link", "email_link", () => signIn.sendLink(LinkReason.ASKED)),
    backButton(view),
  );
}

export function emailPending(view) {
  const { signIn } = view;
  if (signIn.emailLinkID === null) return login(view);
  const wait = h(
    "p",
    { class: "waiting" },
    h("span", { class: "spinner", "aria-hidden": "true" }),
    h("span", {}, "Waiting for you to open the link"),
  );
  const again = working(view, "Send the email again", "resend_email", () => signIn.sendLink(), {
    kind: "secondary",
  });
  const tryPasskey =
    signIn.linkReason === LinkReason.PASSKEY_CANCELLED &&
    working(
      view,
      "Try the passkey again",
      "continue_with_biometric_method",
      () => signIn.usePasskey(),
      {
        kind: "secondary",
      },
    );
  const stopWaiting = () => {
    signIn.emailLinkID = null;
    view.show("login");
  };
  const cancel = working(view, "Cancel", "cancel", stopWaiting, { kind: "quiet" });
  return {
    content: [
      heading("Check your email", { symbol: "mail" }),
      h(
        "p",
        { class: "subtitle" },
        `${LINK_SENTENCES[signIn.linkReason]} `,
        h("strong", {}, signIn.username),
        ".",
      ),
      wait,
      h(
        "div",
        { class: "actions" },
        h(
          "a",
          {
            class: "button primary",
            href: `${view.endpoint}/_emulator/#emails`,
            target: "_blank",
            rel: "noopener",
          },
          "Open the emulator's inbox",
        ),
        again,
        tryPasskey,
        cancel,
      ),
    ],
    start: () => pollLink(view, wait),
  };
}

function pollLink(view, wait) {
  const giveUpAt = Date.now() + POLL_FOR_MS;
  let timer;
  const poll = async () => {
    if (Date.now() > giveUpAt) {
      wait.replaceChildren("The link has expired. Please send a new one.");
      return;
    }
    const opened = await view.signIn.checkLink().catch((error) => {
      view.report(error);
      return true;
    });
    if (!opened) timer = setTimeout(poll, POLL_EVERY_MS);
  };
  timer = setTimeout(poll, POLL_EVERY_MS);
  return () => clearTimeout(timer);
}

/** A page that redeems the token in its own address; `failed` is shown if that fails. */
function redeeming(view, { names, redeem, failed, actions }) {
  const query = new URLSearchParams(window.location.search);
  const values = names.map((name) => query.get(name));
  return {
    content: [heading("One moment …", { subtitle: "We are checking your link." })],
    start() {
      if (values.includes(null)) {
        view.replace(message({ symbol: "alert", ...failed }, ...actions));
        return;
      }
      redeem(...values).catch((error) => {
        if (error.status === 400) view.replace(message({ symbol: "alert", ...failed }, ...actions));
        else view.report(error);
      });
    },
  };
}

export function emailLinkConfirm(view) {
  const { signIn } = view;
  return redeeming(view, {
    names: ["corbadoEmailLinkID", "corbadoToken"],
    redeem: (emailLinkID, token) => signIn.confirmLink(emailLinkID, token),
    failed: {
      title: "This link does not work any more",
      text: signIn.username
        ? "It has already been used, or it is too old. You can have a new one."
        : "It has already been used, or it is too old. Please sign in again.",
    },
    actions: [
      signIn.username &&
        working(view, "Send a new link", "resend_email", () => signIn.sendLink(LinkReason.ASKED)),
      backButton(view),
    ],
  });
}

export function loginToken(view) {
  return redeeming(view, {
    names: ["corbadoLoginToken"],
    redeem: (token) => view.signIn.useLoginToken(token),
    failed: {
      title: "This link does not work any more",
      text: "It has already been used, or it is too old. Please sign in again.",
    },
    actions: [backButton(view, "Go to sign-in", { kind: "secondary" })],
  });
}
