// The emulator's page: shows what happened, updates itself, and changes clock and failures.

import { control } from "/static/page/control.js";
import { connectSwitches, connectTokens, connectUsers } from "/static/page/connect.js";
import { failures, project } from "/static/page/controls.js";
import { countDown } from "/static/page/parts.js";
import { emails, tokens, users } from "/static/page/people.js";
import { Rows } from "/static/page/rows.js";
import { requests, webhooks } from "/static/page/traffic.js";
import { h } from "/static/auth/dom.js";

const VIEWS = {
  emails,
  users,
  tokens,
  "connect-users": connectUsers,
  "connect-tokens": connectTokens,
  "connect-switches": connectSwitches,
  requests,
  webhooks,
  failures,
  project,
};
// These views have no count and no filter.
const WITHOUT_COUNT = ["connect-switches", "project"];
const POLL_EVERY_MS = 1000;
const NOTICE_STAYS_MS = 5000;

const $ = (id) => document.getElementById(id);

class Page {
  #data = { state: null, requests: [], emails: [] };
  #rows = new Rows($("rows"));
  #revision = null;
  #clockDrift = 0;
  #view = null;
  #noticeTimer;
  #isPolling = false;

  start() {
    $("views").append(...Object.entries(VIEWS).map(([id, view]) => this.#navigationItem(id, view)));
    window.addEventListener("hashchange", () => this.#openFromFragment());
    $("filter").addEventListener("input", () => this.#draw());
    $("search").addEventListener("submit", (event) => event.preventDefault());
    $("advance").addEventListener("submit", (event) => this.#advance(event));
    $("skip").addEventListener("click", (event) => this.#skip(event));
    $("reset").addEventListener("click", () => $("confirm-reset").showModal());
    $("confirm-reset").addEventListener("close", () => this.#reset());
    document.addEventListener("visibilitychange", () => document.hidden || this.poll());
    document.addEventListener("keydown", (event) => this.#shortcut(event));
    this.#openFromFragment();
    setInterval(() => document.hidden || this.poll(), POLL_EVERY_MS);
    setInterval(() => this.#tick(), 1000);
    this.poll();
  }

  /**
   * Do something through the control API and report the outcome, a text or a function that makes
   * it from the answer. Returns the answer, or null.
   */
  async act(work, success) {
    try {
      const answer = await work();
      this.#say(typeof success === "function" ? success(answer) : success);
      await this.poll();
      return answer;
    } catch (error) {
      this.#say(error.message || "That did not work.", { isError: true });
      return null;
    }
  }

  async poll() {
    if (this.#isPolling) return;
    this.#isPolling = true;
    try {
      const state = await control.state();
      if (state.revision !== this.#revision) await this.#load(state);
      this.#connected(true);
    } catch {
      this.#connected(false);
    } finally {
      this.#isPolling = false;
    }
  }

  async #load(state) {
    const [asked, sent] = await Promise.all([control.requests(), control.emails()]);
    const isFirst = !this.#data.state;
    this.#revision = state.revision;
    this.#data = { state, requests: asked.requests, emails: sent.emails };
    this.#clockDrift = Date.parse(`${state.now}Z`) - Date.now();
    $("project").textContent = state.project.projectID;
    $("offset").hidden = state.clockOffset === 0;
    $("offset").textContent = `${Math.round(state.clockOffset / 60)} min ahead`;
    this.#draw();
    if (isFirst) this.#showName(); // The numbers have moved it.
    this.#tick();
  }

  #connected(isConnected) {
    const text = isConnected ? "Live" : "Not running";
    if ($("connection").textContent !== text) $("connection").textContent = text;
    $("connection").classList.toggle("off", !isConnected);
  }

  #tick() {
    if (!this.#data.state) return;
    $("now").textContent = new Date(Date.now() + this.#clockDrift)
      .toISOString()
      .slice(0, 19)
      .replace("T", " ");
    countDown($("rows"));
  }

  // -- Which list --------------------------------------------------------------------------------

  #navigationItem(id, view) {
    return h(
      "li",
      {},
      h(
        "a",
        { href: `#${id}`, id: `view-${id}` },
        h("span", {}, view.title),
        h("span", { class: "number" }),
      ),
    );
  }

  #openFromFragment() {
    const id = window.location.hash.slice(1);
    const isFirst = this.#view === null;
    // Answers contain a link to their request: /_emulator/#req-….
    const requestID = id.startsWith("req-") ? id : "";
    this.#view = Object.hasOwn(VIEWS, id) ? id : requestID ? "requests" : "emails";
    for (const name of Object.keys(VIEWS)) {
      if (name === this.#view) $(`view-${name}`).setAttribute("aria-current", "page");
      else $(`view-${name}`).removeAttribute("aria-current");
    }
    const { title, hint, tools } = VIEWS[this.#view];
    document.title = `${title} · Corbado emulator`;
    $("title").textContent = title;
    $("hint").textContent = hint;
    $("filter").value = requestID;
    $("tools").replaceChildren(...(tools ? [tools(this)] : []));
    this.#rows.clear();
    this.#draw();
    this.#showName();
    if (isFirst) return;
    window.scrollTo(0, 0);
    $("content").focus({ preventScroll: true });
  }

  /** Bring the name of the view into sight: on a phone, the names are wider than the window. */
  #showName() {
    $(`view-${this.#view}`).scrollIntoView({ block: "nearest", inline: "center" });
  }

  #draw() {
    if (!this.#data.state) return;
    for (const [id, view] of Object.entries(VIEWS)) {
      $(`view-${id}`).lastChild.textContent =
        WITHOUT_COUNT.includes(id) ? "" : String(view.items(this.#data).length);
    }
    const view = VIEWS[this.#view];
    const all = view.items(this.#data);
    const wanted = $("filter").value.trim().toLowerCase().split(/\s+/);
    const shown = all.filter((item) => {
      const text = JSON.stringify(item).toLowerCase();
      return wanted.every((word) => text.includes(word));
    });
    $("count").textContent = shown.length < all.length ? `${shown.length} of ${all.length}` : "";
    $("search").hidden = WITHOUT_COUNT.includes(this.#view);
    $("empty").hidden = shown.length > 0;
    $("empty").textContent = all.length ? "Nothing matches this filter." : view.empty;
    this.#rows.show(shown, (item) => view.row(item, this));
  }

  // -- What can be done --------------------------------------------------------------------------

  #advance(event) {
    event.preventDefault();
    this.act(() => control.advance(Number($("advance-by").value)), "The clock was advanced.");
  }

  #reset() {
    if ($("confirm-reset").returnValue !== "reset") return;
    $("confirm-reset").returnValue = "";
    this.act(() => control.reset(), "The emulator was reset.");
  }

  #skip(event) {
    event.preventDefault();
    $("content").focus();
  }

  #shortcut(event) {
    const isTyping = event.target.closest?.("input, select, textarea, dialog");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    $("filter").focus();
  }

  #say(text, { isError = false } = {}) {
    clearTimeout(this.#noticeTimer);
    $("notice").textContent = text;
    $("notice").classList.toggle("error", isError);
    this.#noticeTimer = setTimeout(() => ($("notice").textContent = ""), NOTICE_STAYS_MS);
  }
}

new Page().start();
