// <corbado-auth>: the sign-in card. It puts pages on screen; what they do is in sign_in.js.

import { FrontendApi, addressOf } from "./api.js";
import { Card } from "./card.js";
import { leaveFor } from "./dom.js";
import { reactionTo } from "./errors.js";
import { problem } from "./message_pages.js";
import { PAGES, PAGES_WITH_FRAGMENT } from "./pages.js";
import { SignIn } from "./sign_in.js";

function pageInFragment() {
  const fragment = window.location.hash.slice(1);
  return Object.hasOwn(PAGES_WITH_FRAGMENT, fragment) ? fragment : null;
}

export class CorbadoAuth extends HTMLElement {
  #card = new Card(this);
  #view = null;
  #stopPage = null;
  #listeners = new AbortController();

  connectedCallback() {
    if (this.#view) return;
    if (document.readyState === "loading") {
      // Upgraded in the middle of parsing: our children are not there yet.
      document.addEventListener("DOMContentLoaded", () => this.connectedCallback(), { once: true });
      return;
    }
    try {
      this.#view = this.#makeView();
    } catch (error) {
      this.#card.explainIntegrationError(error.message);
      return;
    }
    this.#start();
  }

  disconnectedCallback() {
    this.#stopPage?.();
    this.#listeners.abort();
  }

  #makeView() {
    const address = addressOf(this);
    const api = new FrontendApi(address);
    const ui = { show: (name) => this.#show(name), leave: (url) => this.#leave(url) };
    return {
      api,
      endpoint: address.endpoint,
      signIn: new SignIn(api, ui, { username: this.getAttribute("username") ?? "" }),
      texts: this.#texts(),
      conditionalInput: this.#conditionalInput(),
      show: ui.show,
      replace: (page) => this.#draw(page),
      run: (node, work) => this.#card.run(node, work, (error) => this.#report(error)),
      report: (error) => this.#report(error),
      requireValues: (fields) => this.#card.requireValues(fields),
      checkboxesAreChecked: () => this.#checkboxesAreChecked(),
    };
  }

  /** The page's own input for conditional UI, which Corbado's component requires (4.6 c). */
  #conditionalInput() {
    if (this.getAttribute("conditional") !== "yes") return null;
    const input = this.querySelector("input#corbado-username");
    if (!input)
      throw new TypeError('conditional="yes" needs an <input id="corbado-username"> inside.');
    return input;
  }

  #checkboxesAreChecked() {
    const boxes = [...this.querySelectorAll("corbado-checkbox")];
    return boxes.filter((box) => !box.validate()).length === 0;
  }

  #texts() {
    const text = (name) => this.getAttribute(name) ?? this.getAttribute(name.replaceAll("-", "_"));
    return {
      loginTitle: text("login-title"),
      loginButton: text("login-btn"),
      subTitle: text("sub-title"),
      registerTitle: text("register-title"),
      registerButton: text("register-btn"),
      append: text("passkey-append-text"),
      fullName: text("user-full-name") ?? "",
      image: text("company-image-url") ?? text("companyimageurl"),
    };
  }

  async #start() {
    const { api, endpoint, signIn } = this.#view;
    this.#card.addEmulatorMark(endpoint);
    await signIn.prepare();
    api.setMode(this.getAttribute("mode") ?? "normal");
    const { signal } = this.#listeners;
    window.addEventListener("popstate", () => this.#followFragment(), { signal });
    // The page may be restored from the back/forward cache with its button still busy.
    window.addEventListener("pageshow", (event) => event.persisted && this.#open("login"), {
      signal,
    });
    this.#open(pageInFragment() ?? this.#defaultPage());
  }

  #defaultPage() {
    const page = this.getAttribute("page");
    return Object.hasOwn(PAGES_WITH_FRAGMENT, page ?? "") ? page : "login";
  }

  /** Other fragments are the site's own (a skip link, say) and change nothing here. */
  #followFragment() {
    if (window.location.hash === "") this.#open(this.#defaultPage());
    else if (pageInFragment()) this.#open(pageInFragment());
  }

  #show(name) {
    if (Object.hasOwn(PAGES_WITH_FRAGMENT, name) && window.location.hash !== `#${name}`) {
      window.history.pushState(null, "", `#${name}`);
    }
    this.#open(name);
  }

  #open(name) {
    this.#draw(PAGES[name](this.#view));
  }

  #draw({ content, start }) {
    this.#stopPage?.();
    this.#stopPage = null;
    this.#card.draw(content);
    this.#stopPage = start?.() ?? null;
  }

  #leave(url) {
    this.#card.leaving();
    leaveFor(url);
  }

  #report(error) {
    const reaction = reactionTo(error);
    if (reaction.page) this.#show(reaction.page);
    else if (reaction.problem) this.#draw(problem(this.#view, reaction.problem));
    else this.#card.showErrors(reaction);
  }
}
