// The emulator's own web component: the same elements, calls and page fragments as Corbado's, in
// plain modules without a build step. It is a classic script, because sites load Corbado's with a
// plain <script src>. The page's CSP nonce is passed on; import() in a script of another origin has
// no base URL, hence the full address.
(() => {
  const { src, nonce } = document.currentScript;
  const script = document.createElement("script");
  Object.assign(script, { type: "module", src: new URL("static/auth/elements.js", src), nonce });
  script.onerror = () =>
    console.error("Corbado emulator: the sign-in elements could not be loaded.");
  document.head.append(script);
})();
