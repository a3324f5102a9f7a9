// The functions that a page calls: mount and unmount each component (API notes C.2.5).

import { Append } from "./append.js";
import { ConnectApi } from "./api.js";
import { ClientState } from "./client_state.js";
import { Login } from "./login.js";
import { PasskeyList } from "./passkey_list.js";
import { Card } from "../auth/card.js";
import { h } from "../auth/dom.js";

const COMPONENTS = { Login, Append, PasskeyList };
// The server that this script was loaded from.
const HOME = new URL(import.meta.url).origin;
const mounted = new WeakMap();

function unmount(element) {
  mounted.get(element)?.stop();
  mounted.delete(element);
}

function mount(Component, element, options = {}, customStyles = "") {
  unmount(element);
  const host = h("div");
  element.append(host);
  const card = new Card(host);
  const stop = new AbortController();
  mounted.set(element, {
    stop() {
      stop.abort();
      host.remove();
    },
  });
  if (customStyles) host.shadowRoot.append(h("link", { rel: "stylesheet", href: customStyles }));
  if (!/^pro-\d+$/.test(options.projectId ?? "")) {
    card.explainIntegrationError("projectId must be pro- and digits.");
    return;
  }
  const state = new ClientState(options.projectId);
  state.adopt(options.clientState);
  const endpoint = (options.customDomain || HOME).replace(/\/$/, "");
  const api = new ConnectApi(endpoint, options.projectId, state);
  card.addEmulatorMark(endpoint);
  new Component({ element, card, api, state, options, signal: stop.signal }).start();
}

const functions = {};
for (const [name, Component] of Object.entries(COMPONENTS)) {
  functions[`mountCorbadoConnect${name}`] = (...given) => mount(Component, ...given);
  functions[`unmountCorbadoConnect${name}`] = unmount;
}
Object.assign(window.Corbado, functions);
for (const [method, given] of window.Corbado.waitingForConnect.splice(0)) {
  functions[method](...given);
}
