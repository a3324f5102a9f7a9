// Corbado Connect: its users and their passkeys, connect tokens, and the switches.

import { h } from "../auth/dom.js";
import { control } from "./control.js";
import {
  action,
  badge,
  facts,
  labelled,
  lines,
  passkeyLine,
  source,
  time,
  timeLeft,
  toolForm,
} from "./parts.js";

export const connectUsers = {
  title: "Connect users",
  hint: "Users of Corbado Connect, by the site's own identifier, with their passkeys.",
  empty: "No Connect user yet. The first append token creates one, or sign someone in here.",
  items: ({ state }) => state.connect.users,
  row: userRow,
  tools: (page) =>
    toolForm(
      "Sign someone in without a browser",
      "Make signedPasskeyData",
      async ({ identifier }, outcome) => {
        const made = await page.act(
          () => control.issueSignedPasskeyData(identifier),
          "It can be verified once, within five minutes.",
        );
        if (made) outcome.replaceChildren(source(made.signedPasskeyData));
        return made;
      },
      labelled(
        "Identifier (the site's own ID)",
        h("input", { name: "identifier", required: true, autocomplete: "off" }),
      ),
    ),
};

function userRow(user) {
  return h(
    "li",
    {},
    h(
      "div",
      { class: "line" },
      h("h2", {}, user.displayName || user.identifier || user.ID),
      badge(user.status),
      h("span", { class: "push" }, time(user.created)),
    ),
    facts({
      Identifier: user.identifier && h("code", {}, user.identifier),
      ID: h("code", {}, user.ID),
      "User handle": h("code", {}, user.userHandle),
      Passkeys: user.passkeys.length ? lines(user.passkeys.map(passkeyLine)) : "None",
    }),
  );
}

export const connectTokens = {
  title: "Connect tokens",
  hint: "Issued to the site's server. A list token is valid until it expires, the others once.",
  empty: "No connect token yet. The site's server requests them.",
  items: ({ state }) => state.connect.tokens,
  row: (token) =>
    h(
      "li",
      {},
      h(
        "div",
        { class: "line" },
        h("h2", {}, token.type),
        badge(token.state),
        token.state === "unused" && timeLeft(token.expiresIn),
        h("span", { class: "push" }, time(token.created)),
      ),
      facts({
        Token: h("code", {}, token.token),
        Identifier: h("code", {}, token.identifier),
        Expires: token.expires.replace("T", " "),
      }),
    ),
};

// name: [title, description, choices]; without choices it is on or off. A choice is [value, label].
const SWITCHES = {
  loginKillSwitchActive: ["Login kill switch", "Every login falls back at once."],
  appendKillSwitchActive: ["Append kill switch", "No passkey is offered after a sign-in."],
  manageKillSwitchActive: ["Manage kill switch", "The list of passkeys is not available."],
  rollout: [
    "Gradual rollout",
    "How many browsers may use passkeys. A browser always gets the same answer.",
    [0, 10, 25, 50, 75, 100].map((percent) => [percent, `${percent} %`]),
  ],
  conditionalUI: ["Autofill", "The browser offers passkeys in the login field (conditional UI)."],
  fallback: [
    "Fallback code",
    "Every login falls back with this code, as if the pre-login action had said so.",
    [
      ["", "off"],
      ...[
        "no_cbo_user",
        "user_not_found",
        "identifier_not_whitelisted",
        "unexpected_error",
        "cui_credential_deleted",
        "cui_alternative_project_id",
        "a_code_of_the_site",
      ].map((code) => [code, code]),
    ],
  ],
  verificationResult: [
    "Verification result",
    "Every verifySignedData call is answered with this word.",
    [
      ["", "off"],
      ...[
        "invalid_signature",
        "invalid_challenge",
        "user_mismatch",
        "generic_error",
        "an_undocumented_word",
      ].map((word) => [word, word]),
    ],
  ],
  autoAppend: ["Automatic append", "The component starts creating a passkey by itself."],
  conditionalAppend: ["Conditional append", "The component may create a passkey silently."],
  isCDA: ["Cross-device login", "The component expects a passkey on another device."],
  requireConnectLoginToken: ["Require a login token", "Logins need a passkey-login token."],
  identifierURL: ["Identifier endpoint", "The site's endpoint that finds the user for a typed name."],
  session: ["Post-login session", "What a post-login action returns; by default nothing."],
};
const TEXTS = ["identifierURL", "session"];

export const connectSwitches = {
  title: "Connect switches",
  hint: "How the Connect project behaves. Browsers notice a change within a minute.",
  empty: "",
  items: ({ state }) =>
    Object.keys(SWITCHES).map((name) => ({ ID: name, value: state.connect.switches[name] })),
  row: switchRow,
  tools: (page) =>
    toolForm(
      "Set the identifier endpoint and the session",
      "Set them",
      (values) => page.act(() => control.turnConnect(values), "The values were set."),
      labelled(
        "Identifier endpoint (empty: none)",
        h("input", { name: "identifierURL", type: "url", autocomplete: "off" }),
      ),
      labelled(
        "Its credentials (user:password)",
        h("input", { name: "identifierCredentials", autocomplete: "off", spellcheck: "false" }),
      ),
      labelled(
        "Post-login session (empty: none)",
        h("input", { name: "session", autocomplete: "off" }),
      ),
    ),
};

function switchRow({ ID, value }, page) {
  const [title, text, choices] = SWITCHES[ID];
  const turn = (next) =>
    page.act(() => control.turnConnect({ [ID]: next }), `${title} was changed.`);
  return h(
    "li",
    {},
    h(
      "div",
      { class: "line" },
      h("h2", {}, title),
      h("span", { class: "push line" }, controlOf({ ID, title, value, choices, turn })),
    ),
    h("p", { class: "quiet" }, text),
  );
}

function controlOf({ ID, title, value, choices, turn }) {
  if (TEXTS.includes(ID)) return value ? h("code", {}, value) : badge("off");
  if (!choices) {
    return [
      badge(value ? "on" : "off"),
      action(value ? "Turn off" : "Turn on", () => turn(!value), {
        "aria-label": `Turn ${value ? "off" : "on"}: ${title}`,
      }),
    ];
  }
  const known = choices.some(([choice]) => choice === value);
  const all = known ? choices : [...choices, [value, String(value)]];
  return h(
    "select",
    {
      "aria-label": title,
      on: {
        change: ({ target }) => turn(all[target.selectedIndex][0]),
      },
    },
    ...all.map(([choice, words]) => h("option", { selected: choice === value }, words)),
  );
}
