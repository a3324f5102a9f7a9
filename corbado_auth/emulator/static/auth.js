// The emulator's own web component: the same elements, calls and page fragments as Corbado's, in
// plain modules without a build step. A classic script, because sites load Corbado's with a plain
// <script src>; modules that it imports carry its CSP nonce on (HTML standard, script fetch options).
import("./auth/elements.js").catch((error) => {
  console.error("Corbado emulator: the sign-in elements could not be loaded.", error);
});
