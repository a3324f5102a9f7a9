// After a sign-out in this browser: forget whom Corbado's components would greet by name, or fill in, the next
// time (a shared computer). Runs before they do, or on the page that a site shows after signing out; the cookie is
// our LogoutView's. A site may keep something else under the name "username": Corbado's component keeps an address.
"use strict";

(() => {
  const name = "corbado_auth_signed_out";
  if (!document.cookie.split("; ").some((pair) => pair.startsWith(`${name}=`))) return;
  document.cookie = `${name}=; Max-Age=0; Path=/; SameSite=Lax`;
  try {
    const isAddress = (key) => /^[^\s@{"]+@[^\s@]+$/u.test(localStorage.getItem(key).trim());
    const isTheirs = (key) =>
      key.startsWith("cbo_connect_last_login-") || (key === "username" && isAddress(key));
    for (const key of Object.keys(localStorage).filter(isTheirs)) localStorage.removeItem(key);
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
})();
