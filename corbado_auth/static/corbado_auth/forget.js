// After a sign-out in this browser: forget whom Corbado's components would greet by name, or fill in, the next
// time (a shared computer). Runs before they do; the cookie is our LogoutView's.
"use strict";

(() => {
  const name = "corbado_auth_signed_out";
  if (!document.cookie.split("; ").some((pair) => pair.startsWith(`${name}=`))) return;
  document.cookie = `${name}=; Max-Age=0; Path=/; SameSite=Lax`;
  try {
    const isTheirs = (key) => key === "username" || key.startsWith("cbo_connect_last_login-");
    for (const key of Object.keys(localStorage).filter(isTheirs)) localStorage.removeItem(key);
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
})();
