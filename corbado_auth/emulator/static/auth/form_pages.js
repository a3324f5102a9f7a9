// Login, sign-up and password: the pages with forms.

import { button, field, h } from "./dom.js";
import { backButton, form, heading, switchLink, working } from "./page_parts.js";
import { LinkReason } from "./sign_in.js";

export function login(view) {
  const { signIn, texts } = view;
  const username = usernameField(view);
  const go = button(texts.loginButton ?? "Continue", "continue", { type: "submit" });
  const submit = (event) => {
    event.preventDefault();
    if (!view.requireValues([username])) return;
    view.run(go, () => signIn.logIn(username.value()));
  };
  username.onEnter?.(submit);
  return {
    content: [
      heading(texts.loginTitle ?? "Sign in", {
        subtitle: texts.subTitle ?? "Welcome back. Use your passkey or a link by email.",
        symbol: texts.image ? null : "key",
        image: texts.image,
      }),
      form(submit, username.node, go),
      signIn.config.allowUserRegistration &&
        switchLink(view, "New here?", "Create an account", "register", "switch_to_sign_up"),
    ],
    start() {
      if (!view.conditionalInput) return undefined;
      signIn.offerPasskeysInField().catch((error) => view.report(error));
      return () => signIn.stopMediation();
    },
  };
}

/** The username input: ours, or with conditional UI the page's own `#corbado-username`. */
function usernameField(view) {
  const input = view.conditionalInput;
  if (!input) {
    const node = field("username", "Email address", {
      type: "email",
      autocomplete: "username webauthn",
      inputmode: "email",
      value: view.signIn.username,
    });
    return { name: "username", node, value: () => node.querySelector("input").value.trim() };
  }
  input.value ||= view.signIn.username;
  // Labels do not work across the shadow boundary: if the page has none, the input gets its name by
  // attribute, and a text that looks like a label.
  const hasLabel = input.labels.length > 0;
  if (!hasLabel && !input.hasAttribute("aria-label")) input.ariaLabel = "Email address";
  const label =
    !hasLabel && h("span", { class: "label", on: { click: () => input.focus() } }, "Email address");
  const node = h(
    "div",
    { class: "field", "data-field": "username" },
    label,
    h("slot"),
    h("p", { class: "field-error" }),
  );
  const onEnter = (submit) => {
    // Braces: a handler that returns false, as `&&` does for every other key, swallows that key.
    input.onkeydown = (event) => {
      if (event.key === "Enter") submit(event);
    };
  };
  return { name: "username", node, value: () => input.value.trim(), onEnter };
}

export function register(view) {
  const { signIn, texts } = view;
  if (!signIn.config.allowUserRegistration) return login(view);
  const name = field("name", "Name", { autocomplete: "name", value: texts.fullName });
  const username = field("username", "Email address", {
    type: "email",
    autocomplete: "email",
    inputmode: "email",
    value: signIn.username,
  });
  const fields = [{ name: "username", node: username }];
  if (signIn.config.userFullNameRequired) fields.unshift({ name: "name", node: name });
  const value = (node) => node.querySelector("input").value.trim();
  const go = button(texts.registerButton ?? "Create account", "sign_up", { type: "submit" });
  const submit = (event) => {
    event.preventDefault();
    const isComplete = view.requireValues(
      fields.map((one) => ({ ...one, value: () => value(one.node) })),
    );
    if (!view.checkboxesAreChecked() || !isComplete) return;
    view.run(go, () => signIn.signUp(value(username), value(name)));
  };
  return {
    content: [
      heading(texts.registerTitle ?? "Create your account", {
        subtitle: signIn.passkeysAvailable
          ? "Your device asks for your fingerprint, face or PIN. There is no password to remember."
          : "We send you a link by email. There is no password to remember.",
        symbol: texts.image ? null : "key",
        image: texts.image,
      }),
      form(submit, ...fields.map((one) => one.node), h("slot", { name: "signupFields" }), go),
      switchLink(view, "Already have an account?", "Sign in", "login", "switch_to_login"),
    ],
  };
}

export function password(view) {
  const { signIn } = view;
  const secret = field("password", "Password", {
    type: "password",
    autocomplete: "current-password",
  });
  const input = secret.querySelector("input");
  const go = button("Sign in", "login", { type: "submit" });
  const submit = (event) => {
    event.preventDefault();
    if (!view.requireValues([{ name: "password", node: secret, value: () => input.value }])) return;
    view.run(go, () => signIn.verifyPassword(input.value));
  };
  const hidden = h("input", {
    type: "email",
    name: "username",
    autocomplete: "username",
    value: signIn.username,
    hidden: true,
    readonly: true,
    tabindex: "-1",
    "aria-hidden": "true",
  });
  return {
    content: [
      heading("Enter your password", { subtitle: signIn.username, symbol: "lock" }),
      form(submit, hidden, secret, go),
      h(
        "div",
        { class: "actions" },
        signIn.methods.includes("email") &&
          working(
            view,
            "Email me a link instead",
            "email_link",
            () => signIn.sendLink(LinkReason.ASKED),
            {
              kind: "secondary",
            },
          ),
        backButton(view),
      ),
    ],
  };
}
