// The emulator's own Connect component: the functions, options and callbacks of Corbado's web-js in
// plain modules without a build step. It is a classic script, because sites load Corbado's with a
// plain <script src> and call it right away: calls wait until the modules have been loaded. The
// page's CSP nonce is passed on.
(() => {
  const { src, nonce } = document.currentScript;
  const Corbado = (window.Corbado ??= {});
  const waiting = (Corbado.waitingForConnect = []);
  for (const name of ["Login", "Append", "PasskeyList"]) {
    for (const verb of ["mount", "unmount"]) {
      const method = `${verb}CorbadoConnect${name}`;
      Corbado[method] = (...given) => void waiting.push([method, given]);
    }
  }
  const script = document.createElement("script");
  const home = new URL("../static/connect/web_js.js", src);
  Object.assign(script, { type: "module", src: home, nonce });
  script.onerror = () => {
    console.error("Corbado emulator: the Connect components could not be loaded.");
    for (const [method, [, options]] of waiting.splice(0)) {
      if (method === "mountCorbadoConnectLogin") options.onFallback?.("", "");
      if (method === "mountCorbadoConnectAppend") options.onSkip?.("skip-implicit");
    }
  };
  document.head.append(script);
})();
