// Users, the emails that they were sent, and their tokens.

import { h } from "../auth/dom.js";
import { control } from "./control.js";
import {
  action,
  badge,
  copyButton,
  facts,
  labelled,
  lines,
  link,
  passkeyLine,
  source,
  time,
  timeLeft,
  toolForm,
} from "./parts.js";

export const users = {
  title: "Users",
  hint: "Users of API v1, with their addresses and passkeys.",
  empty: "Nobody yet. Sign up on the site, or add a user here.",
  items: ({ state }) => state.users,
  row: userRow,
  tools: (page) =>
    toolForm(
      "Add a user",
      "Add user",
      ({ email, fullName, confirmed }) =>
        page.act(
          () => control.addUser({ email, fullName, confirmed: confirmed === "on" }),
          "The user was added.",
        ),
      labelled(
        "Email address",
        h("input", { name: "email", type: "email", required: true, autocomplete: "off" }),
      ),
      labelled("Full name", h("input", { name: "fullName", autocomplete: "off" })),
      h(
        "label",
        { class: "check" },
        h("input", { name: "confirmed", type: "checkbox", checked: true }),
        "The address is confirmed",
      ),
    ),
};

function userRow(user, page) {
  const place = h("p", { class: "outcome", role: "status" });
  const makeLink = async () => {
    const made = await page.act(
      () => control.issueToken(user.ID),
      "The sign-in link is ready. It works once.",
    );
    if (made) place.replaceChildren(link(made.redirectURL, "Sign in with this link"));
  };
  return h(
    "li",
    {},
    h(
      "div",
      { class: "line" },
      h("h2", {}, user.fullName || user.name),
      badge(user.status),
      h("span", { class: "push" }, time(user.created)),
    ),
    facts({
      ID: h("code", {}, user.ID),
      Emails: lines(user.emails.map(({ email, status }) => [email, badge(status)])),
      Passkeys: user.passkeys.length ? lines(user.passkeys.map(passkeyLine)) : "None",
    }),
    h("div", { class: "line" }, action("Make a sign-in link", makeLink), place),
  );
}

export const emails = {
  title: "Emails",
  hint: "What would have been sent. The links work.",
  empty: "No email yet. Ask for a sign-in link on the site.",
  items: ({ emails: list }) => list,
  row: (email) =>
    h(
      "li",
      {},
      h(
        "div",
        { class: "line" },
        h("h2", {}, email.subject),
        badge(email.state),
        email.state === "open" && timeLeft(email.expiresIn),
        h("span", { class: "push" }, time(email.created)),
      ),
      facts({ To: email.to, Purpose: email.purpose }),
      h(
        "div",
        { class: "line" },
        email.link && h("span", { class: "mail-link" }, link(email.link, "Open the link")),
        email.link && copyButton(email.link, "the link"),
      ),
      h("details", {}, h("summary", {}, "Show the email"), source(email.text)),
    ),
};

export const tokens = {
  title: "Tokens",
  hint: "One-time tokens: auth tokens for the Redirect URL, and those behind sessions, links and associations.",
  empty: "No token yet. Every sign-in creates one.",
  items: ({ state }) => state.tokens,
  row: (token) =>
    h(
      "li",
      {},
      h(
        "div",
        { class: "line" },
        h("h2", {}, `${token.kind} token`),
        badge(token.state),
        token.state === "unused" && timeLeft(token.expiresIn),
        h("span", { class: "push" }, time(token.created)),
      ),
      facts({
        Token: h("code", {}, token.token),
        User: [token.email, token.userID].filter(Boolean).join(", "),
        Expires: token.expires.replace("T", " "),
      }),
    ),
};
