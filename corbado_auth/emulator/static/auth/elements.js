// Names that the page already uses stay as they are (API notes 4.1).

import { CorbadoAuth } from "./auth_element.js";
import { CorbadoPasskeyAssociate, CorbadoPasskeyAssociateLogin } from "./associate_elements.js";
import { CorbadoCheckbox } from "./checkbox_element.js";
import {
  CorbadoAuthProvider,
  CorbadoLogoutHandler,
  CorbadoPasskeyList,
} from "./session_elements.js";

const elements = {
  "corbado-auth": CorbadoAuth,
  "corbado-auth-provider": CorbadoAuthProvider,
  "corbado-checkbox": CorbadoCheckbox,
  "corbado-passkey-associate": CorbadoPasskeyAssociate,
  "corbado-passkey-associate-login": CorbadoPasskeyAssociateLogin,
  "corbado-logout-handler": CorbadoLogoutHandler,
  "corbado-passkey-list": CorbadoPasskeyList,
};

for (const [name, element] of Object.entries(elements)) {
  if (!customElements.get(name)) customElements.define(name, element);
}
