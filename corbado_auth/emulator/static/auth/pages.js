// Every page by its URL fragment (API notes 4.4); the last two have none.

import { login, password, register } from "./form_pages.js";
import { email, emailLinkConfirm, emailPending, loginToken } from "./link_pages.js";
import { appendPasskey, timeout, tooManyRequests } from "./message_pages.js";

export const PAGES_WITH_FRAGMENT = {
  login,
  register,
  "append-passkey": appendPasskey,
  "email-pending": emailPending,
  "email-link-confirm": emailLinkConfirm,
  timeout,
  "too-many-requests": tooManyRequests,
  "login-token": loginToken,
};

export const PAGES = { ...PAGES_WITH_FRAGMENT, password, email };
