// Corbado Connect on a page of the site (Corbado's API, C.2.5): loads the component, mounts it, and carries
// what it says to our views. The page's password form is only touched to lead a person to it.
"use strict";

(() => {
  const SLOW = 10_000;
  const ASK = 20_000;
  // What Corbado knows a person by, unless the site has identifiers of its own.
  const HANDLE = /^[0-9a-f]{32}$/;

  // -- Asking our views ----------------------------------------------------------------------------

  class Refused extends Error {
    constructor({ error = "", message = "" } = {}) {
      super(message);
      this.code = error;
    }
  }

  /** Return the newest CSRF token: a sign-in in another tab has changed the one of this page. */
  const csrfToken = ({ csrfCookie, csrfToken: ofThePage }) => {
    const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${csrfCookie}=`));
    return csrfCookie && found ? found.slice(csrfCookie.length + 1) : ofThePage;
  };

  const ask = async (options, url, body, more = {}) => {
    const answer = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        "Content-Type": "application/json",
        [options.csrfHeader]: csrfToken(options),
      },
      body: JSON.stringify(body),
      ...more,
      signal: AbortSignal.timeout(ASK),
    });
    const told = await answer.json().catch(() => null);
    // A 200 without JSON is not ours: it comes from a proxy, or from a middleware that redirects.
    if (!answer.ok || !told) throw new Refused(told ?? {});
    return told;
  };

  /** Report what only the browser knows, for the site's log; the person has no part in it. */
  const report = (options, problem) => {
    console.warn(`Corbado Connect: ${problem}`);
    // The person may go on to another page meanwhile.
    ask(options, options.problemsUrl, { problem }, { keepalive: true }).catch(() => {});
  };

  const tokenFor = async (options, type) => (await ask(options, options.tokensUrl, { type })).token;

  const sendAnswer = (options, answer) => {
    const body = new URLSearchParams({ answer, next: location.pathname + location.search });
    const headers = { [options.csrfHeader]: csrfToken(options) };
    // Not followed: the view answers as it would a form, and we stay on this page.
    const how = { method: "POST", headers, body, redirect: "manual", keepalive: true };
    return fetch(options.answerUrl, how).catch(() => {});
  };

  /** Call back once a passkey has been added: the components say so at the last click, or not at all. */
  const whenAdded = (callback) => {
    const isFinish = ({ name, responseStatus }) =>
      name.endsWith("/v2/connect/append/finish") && responseStatus === 200;
    const observer = new PerformanceObserver((list) => list.getEntries().some(isFinish) && callback());
    observer.observe({ type: "resource" });
    return observer;
  };

  // -- The component -------------------------------------------------------------------------------

  let loading;
  const own = document.currentScript;

  /** Load Corbado's script once; rejects if it is blocked or does not arrive. */
  const component = ({ scriptUrl }) => {
    loading ??= new Promise((resolve, reject) => {
      if (window.Corbado?.mountCorbadoConnectLogin) return resolve(window.Corbado);
      const script = document.createElement("script");
      script.src = scriptUrl;
      script.nonce = own?.nonce ?? "";
      script.onload = () => (window.Corbado ? resolve(window.Corbado) : script.onerror());
      script.onerror = () => reject(new Error("blocked"));
      document.head.append(script);
      return undefined;
    });
    return loading;
  };

  const common = (options) => ({
    projectId: options.projectId,
    ...(options.customDomain && { customDomain: options.customDomain }),
    ...(options.frontendApiUrlSuffix && { frontendApiUrlSuffix: options.frontendApiUrlSuffix }),
  });

  /** Mount one of the components, or report why that does not work and reject. */
  const mount = async (name, place, options, callbacks) => {
    let problem = "script_blocked";
    try {
      const corbado = await component(options);
      problem = "component_failed";
      corbado[`unmountCorbadoConnect${name}`]?.(place);
      const given = { ...common(options), ...callbacks };
      corbado[`mountCorbadoConnect${name}`](place, given, options.styleUrl || undefined);
      return corbado;
    } catch (error) {
      report(options, problem);
      throw error;
    }
  };

  /** Report it once the component takes too long, and call back; returns what stops that. */
  const whenSlow = (options, callback = () => {}) => {
    const timer = setTimeout(() => {
      report(options, "script_slow");
      callback();
    }, SLOW);
    return () => clearTimeout(timer);
  };

  /** Say something in the wrapper's live region; emptied first, so that the same is read out again. */
  const say = (wrapper, text, link) => {
    const region = wrapper.querySelector("[data-note]");
    const template = region.firstElementChild;
    region.replaceChildren(template);
    if (!text) return;
    setTimeout(() => {
      region.replaceChildren(template, template.content.cloneNode(true));
      const note = region.querySelector("[data-text]");
      note.textContent = text;
      if (link) {
        const anchor = document.createElement("a");
        anchor.href = link.href;
        anchor.textContent = link.text;
        note.append(" ", anchor);
      }
    });
  };

  // -- Signing in ----------------------------------------------------------------------------------

  const passwordForm = ({ passwordForm: selector }) => {
    const input = document.querySelector(
      selector ? `${selector} input[type=password]` : "form input[type=password]",
    );
    return input?.form ? { form: input.form, password: input } : null;
  };

  const nameField = (form) =>
    form.querySelector("[name=username], [name=login], [name=email], [type=email], [type=text]");

  /** Fill in the name that was typed already; a handle, which Corbado may show, is none. */
  const prefill = (options, identifier) => {
    const found = passwordForm(options);
    const name = found && nameField(found.form);
    if (name && identifier && !name.value && !HANDLE.test(identifier)) name.value = identifier;
  };

  /** Lead a person to the password form. */
  const usePassword = (options, identifier = "") => {
    const found = passwordForm(options);
    if (!found) return;
    prefill(options, identifier);
    const name = nameField(found.form);
    const target = name && !name.value ? name : found.password;
    target.scrollIntoView({ block: "center" });
    target.focus();
  };

  const mountLogin = (wrapper) => {
    const options = wrapper.dataset;
    const place = wrapper.querySelector("[data-place]");
    const again = wrapper.querySelector("[data-again]");
    const password = wrapper.querySelector("[data-password]");
    let isHere = () => {};
    let reason = "";
    let isLeaving = false;
    let hasBegun = false;

    const giveWay = (identifier, text) => {
      isHere();
      if (isLeaving) return;
      // Our own view has logged its refusal.
      if (!text) report(options, "passkey_not_used");
      place.hidden = true;
      again.hidden = false;
      say(wrapper, text || options.fallback);
      usePassword(options, identifier);
    };
    /** Nothing to offer to a visitor who has not done anything yet: no message, and the focus stays. */
    const stepAside = () => {
      isHere();
      place.hidden = true;
    };

    const callbacks = {
      onLoaded: (_message, isFallback) => {
        isHere();
        hasBegun = !isFallback;
      },
      onComplete: async (signedPasskeyData) => {
        try {
          const body = { signedPasskeyData, next: options.next, visit: options.visit };
          if (options.confirm) body.confirm = true;
          const { next } = await ask(options, options.verifyUrl, body);
          isLeaving = true;
          location.assign(next);
        } catch (error) {
          reason = (error instanceof Refused && error.message) || options.failed;
          // The component then falls back to the password by itself.
          throw error;
        }
      },
      onFallback: (identifier, message) => {
        const told = reason;
        reason = "";
        if (hasBegun || identifier || told) return giveWay(identifier, told);
        stepAside();
        if (!message) return undefined; // Switched off for this visitor, not broken.
        report(options, "component_failed");
        return say(wrapper, options.blocked);
      },
      onFallbackCustom: (identifier) => giveWay(identifier),
      ...(options.signupUrl && { onSignupClick: () => location.assign(options.signupUrl) }),
      // The component stays, so that the name can be corrected.
      onUnknownUser: (identifier) => {
        prefill(options, identifier);
        say(wrapper, options.unknown);
      },
    };

    const start = async () => {
      place.hidden = false;
      again.hidden = true;
      isHere = whenSlow(options, () => say(wrapper, options.slow));
      try {
        await mount("Login", place, options, callbacks);
      } catch {
        stepAside();
        say(wrapper, options.blocked);
      }
    };

    if (passwordForm(options)) {
      password.hidden = false;
      password.addEventListener("click", () => usePassword(options));
    }
    again.addEventListener("click", () => {
      say(wrapper, "");
      start();
    });
    // "Back" to a page that has signed someone in: request it from the server again. Not by
    // reload(), which would send a password again if the page is the response to one.
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) location.replace(location.pathname + location.search);
    });
    return start();
  };

  // -- Offering a passkey --------------------------------------------------------------------------

  const mountAppend = async (wrapper) => {
    const options = wrapper.dataset;
    const place = wrapper.querySelector("[data-place]");
    const answers = wrapper.querySelector("[data-answers]");
    let corbado;

    let isAdded = false;

    const close = () => {
      watch.disconnect();
      finishes.disconnect();
      corbado?.unmountCorbadoConnectAppend?.(place);
      place.hidden = true;
      answers.hidden = true;
    };
    // The component draws nothing until it knows that it has something to offer.
    const watch = new ResizeObserver(() => (answers.hidden = place.offsetHeight === 0));
    watch.observe(place);
    /** Note that there is a passkey now: people who leave without another click are not asked again. */
    const added = () => {
      if (isAdded) return undefined;
      isAdded = true;
      watch.disconnect();
      answers.hidden = true;
      return sendAnswer(options, "added");
    };
    const finishes = whenAdded(added);
    for (const button of answers.querySelectorAll("[data-answer]")) {
      button.addEventListener("click", () => {
        close();
        sendAnswer(options, button.dataset.answer);
      });
    }
    const isHere = whenSlow(options);
    try {
      corbado = await mount("Append", place, options, {
        appendTokenProvider: () => tokenFor(options, "passkey-append"),
        onComplete: async (status) => {
          close();
          // This device may have had one already.
          if (status !== "complete-noop") say(wrapper, options.done);
          await added();
        },
        onSkip: async (status) => {
          close();
          // An implicit skip is Corbado's or ours, and says nothing of what the person wants.
          if (status !== "skip-implicit" && !isAdded) await sendAnswer(options, "not_now");
        },
      });
    } catch {
      close(); // An offer that cannot be made is no loss to anyone.
    } finally {
      isHere();
    }
  };

  // -- The list ------------------------------------------------------------------------------------

  const mountPasskeys = async (wrapper) => {
    const options = wrapper.dataset;
    const place = wrapper.querySelector("[data-place]");
    whenAdded(() => sendAnswer(options, "added"));
    const provide = async (type) => {
      try {
        say(wrapper, "");
        return await tokenFor(options, type);
      } catch (error) {
        const isOld = error.code === "sign_in_again" || error.code === "not_signed_in";
        const link = isOld && { href: options.loginUrl, text: options.signIn };
        say(wrapper, (error instanceof Refused && error.message) || options.blocked, link);
        throw error;
      }
    };
    const isHere = whenSlow(options, () => say(wrapper, options.blocked));
    try {
      await mount("PasskeyList", place, options, {
        connectTokenProvider: provide,
        onPasskeyDelete: (event) => event === "success" && say(wrapper, options.removed),
      });
    } catch {
      say(wrapper, options.blocked);
    } finally {
      isHere();
    }
  };

  // -- Start ---------------------------------------------------------------------------------------

  const mounts = { login: mountLogin, append: mountAppend, passkeys: mountPasskeys };
  for (const wrapper of document.querySelectorAll("[data-corbado-connect]")) {
    if (wrapper.dataset.isMounted) continue; // Two tags on a page bring this script twice.
    wrapper.dataset.isMounted = "yes";
    mounts[wrapper.dataset.corbadoConnect]?.(wrapper);
  }
})();
