// Planned failures, and the project's configuration.

import { h } from "../auth/dom.js";
import { control } from "./control.js";
import { action, facts, labelled, link, toolForm } from "./parts.js";

const OUTCOMES = {
  "status 400": { status: 400 },
  "status 401": { status: 401 },
  "status 404": { status: 404 },
  "status 429 (rate limit)": { status: 429 },
  "status 500": { status: 500 },
  "status 503": { status: 503 },
  "answer after 10 seconds": { delay: 10 },
  "dropped connection": { drop: true },
  "truncated body": { body: "truncated" },
  "garbage body": { body: "garbage" },
  "empty body": { body: "empty" },
};

// Suggested paths: the calls that sign-ins depend on.
const PATHS = [
  "/v1/authTokens/validate",
  "/v1/associationTokens",
  "/v1/users/*",
  "/v2/passkey/verifySignedData",
  "/v2/connectTokens",
  "/v2/connect/login/init",
  "/v2/connect/login/start",
  "/v2/connect/login/finish",
  "/v2/connect/append/*",
  "/v2/connect/manage/*",
];

function options(values) {
  return values.map((value) => h("option", {}, value));
}

function outcomeOf({ status, delay, drop, body, retryAfter }) {
  const parts = [
    status && `status ${status}`,
    delay && `after ${delay} s`,
    drop && "dropped connection",
    body && `${body} body`,
    retryAfter && `Retry-After ${retryAfter}`,
  ];
  return parts.filter(Boolean).join(", ");
}

export const failures = {
  title: "Planned failures",
  hint: "What the next calls get instead of a proper answer.",
  empty: "Everything works. Plan a failure to see how the site copes.",
  items: ({ state }) => state.failures,
  row: (failure, page) =>
    h(
      "li",
      {},
      h(
        "div",
        { class: "line" },
        h("span", { class: "method" }, failure.method || "any"),
        h("code", { class: "path" }, failure.path),
        h("strong", {}, outcomeOf(failure)),
        h(
          "span",
          { class: "quiet" },
          failure.left === null ? "until removed" : `${failure.left} of ${failure.times} left`,
        ),
        h(
          "span",
          { class: "push" },
          action(
            "Remove",
            () => page.act(() => control.removeFailure(failure.ID), "The failure was removed."),
            {
              "aria-label": `Remove the failure of ${failure.path}`,
            },
          ),
        ),
      ),
    ),
  tools: (page) =>
    toolForm(
      "Plan a failure",
      "Plan it",
      ({ method, path, outcome, times }) => {
        const failure = { path, times: Number(times), ...OUTCOMES[outcome] };
        if (method !== "any") failure.method = method;
        return page.act(() => control.planFailure(failure), "The failure was planned.");
      },
      labelled(
        "Method",
        h("select", { name: "method" }, ...options(["any", "GET", "POST", "PUT", "DELETE"])),
      ),
      labelled(
        "Path (* stands for anything)",
        h("input", {
          name: "path",
          required: true,
          list: "known-paths",
          value: "/v1/authTokens/validate",
          autocomplete: "off",
          spellcheck: "false",
        }),
      ),
      h("datalist", { id: "known-paths" }, ...PATHS.map((value) => h("option", { value }))),
      labelled("What happens", h("select", { name: "outcome" }, ...options(Object.keys(OUTCOMES)))),
      labelled(
        "How often (0: until removed)",
        h("input", { name: "times", type: "number", min: "0", value: "1", required: true }),
      ),
    ),
};

function yesOrNo(value) {
  return value ? "yes" : "no";
}

export const project = {
  title: "Project",
  hint: "How the emulator was started, and what the site or this page has changed since.",
  empty: "",
  items: ({ state }) => [{ ID: "project", ...state.project, rateLimit: state.rateLimit }],
  row: (one) =>
    h(
      "li",
      {},
      facts({
        "Project ID": h("code", {}, one.projectID),
        Name: one.name,
        "Application URL": link(one.applicationURL),
        "Redirect URL": h("code", {}, one.redirectURL),
        "Webhook URL": one.webhookURL ? h("code", {}, one.webhookURL) : "none",
        "Webhook actions": one.webhookActions.join(", ") || "none",
        "Events sent to": one.eventURLs.length
          ? h("ul", { class: "lines" }, ...one.eventURLs.map((url) => h("li", {}, h("code", {}, url))))
          : "nobody",
        "Relying party ID": h("code", {}, one.rpID),
        "Allowed origins": h(
          "ul",
          { class: "lines" },
          ...one.origins.map((origin) => h("li", {}, h("code", {}, origin))),
        ),
        "Web component": one.webComponent,
        "Sign-up allowed": yesOrNo(one.allowUserRegistration),
        "Email confirmed first": yesOrNo(one.doubleOptIn),
        "Rate limit": one.rateLimit
          ? `${one.rateLimit.requests} calls in ${one.rateLimit.seconds} s`
          : "off",
      }),
    ),
  tools: (page) =>
    toolForm(
      "Limit the rate",
      "Set the limit",
      ({ requests }) => page.act(() => control.limitRate(Number(requests)), "The limit was set."),
      labelled(
        "Calls in ten seconds (0: no limit)",
        h("input", { name: "requests", type: "number", min: "0", value: "0", required: true }),
      ),
    ),
};
