// Calls to the two APIs, and the emulator's own calls to the site.

import { h } from "../auth/dom.js";
import { badge, facts, section, source, statusBadge, time } from "./parts.js";

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
};
