// Calls to the two APIs, and the emulator's own calls to the site.

import { h } from "../auth/dom.js";
import { control } from "./control.js";
import { badge, facts, labelled, section, source, statusBadge, time, toolForm } from "./parts.js";

const EVENTS = [
  "user.created",
  "user.updated",
  "user.deleted",
  "passkey.created",
  "passkey.deleted",
  "passkey-login.completed",
];

function duration(seconds) {
  const text = seconds < 1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(1)} s`;
  return h("span", { class: "quiet" }, text);
}

function headerList(headers) {
  return facts(
    Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, h("code", {}, value)]),
    ),
  );
}

export const requests = {
  title: "Requests",
  hint: "Calls of the backend and the frontend API, newest first. Secrets are masked.",
  empty: "No request yet.",
  items: ({ requests: list }) => list,
  row: (request) =>
    h(
      "li",
      { class: "tight" },
      h(
        "details",
        {},
        h(
          "summary",
          { class: "line" },
          statusBadge(request.status),
          h("span", { class: "method" }, request.method),
          h("code", { class: "path" }, request.path + (request.query ? `?${request.query}` : "")),
          request.planned && badge("planned"),
          h(
            "span",
            { class: "push line" },
            badge(request.api),
            duration(request.runtime),
            time(request.created),
          ),
        ),
        h(
          "div",
          { class: "columns" },
          section("Request headers", headerList(request.headers)),
          section("Request body", source(request.body)),
          section("Answer", source(request.response)),
        ),
      ),
    ),
};

export const webhooks = {
  title: "Webhooks",
  hint: "What the emulator asked the site, which events it sent, and how the site answered.",
  empty: "No webhook was called. The emulator calls them once it knows the site's webhook URLs.",
  items: ({ state }) => state.webhooks,
  row: (call) =>
    h(
      "li",
      {},
      h(
        "div",
        { class: "line" },
        h("h2", {}, call.action),
        call.status ? statusBadge(call.status) : badge("no answer"),
        h("span", { class: "push line" }, duration(call.runtime), time(call.created)),
      ),
      facts({
        About: call.username,
        URL: h("code", {}, call.url),
        Answer: call.answer && h("code", {}, call.answer),
        Error: call.error,
      }),
    ),
  tools: (page) => h("div", {}, eventURLForm(page), eventForm(page)),
};

function eventURLForm(page) {
  return toolForm(
    "Set where events are sent",
    "Set the URL",
    ({ url, credentials }) =>
      page.act(
        () => control.setEventURL(url, credentials),
        ({ eventURLs }) =>
          eventURLs.length ? `Events are sent to ${eventURLs.join(", ")}.` : "No events are sent.",
      ),
    labelled(
      "URL of the site's event webhook (empty: none)",
      h("input", { name: "url", type: "url", autocomplete: "off" }),
    ),
    labelled(
      "Its credentials (user:password)",
      h("input", { name: "credentials", autocomplete: "off", spellcheck: "false" }),
    ),
  );
}

function eventForm(page) {
  return toolForm(
    "Send an event, true or not",
    "Send it",
    // Returns nothing: the form keeps its values, to send the same event again.
    async (values) => {
      const { passkeyID, ...event } = values;
      await page.act(
        () => control.sendEvent(passkeyID ? values : event),
        ({ sent }) => (sent ? "The event was sent." : "Not sent: set where events are sent first."),
      );
    },
    labelled(
      "Event",
      h("select", { name: "type" }, ...EVENTS.map((event) => h("option", {}, event))),
    ),
    labelled(
      "User ID, known or not",
      h("input", { name: "userID", required: true, autocomplete: "off", spellcheck: "false" }),
    ),
    labelled(
      "Passkey ID (empty: made up)",
      h("input", { name: "passkeyID", autocomplete: "off", spellcheck: "false" }),
    ),
  );
}
