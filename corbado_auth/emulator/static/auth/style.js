// The card's looks. A constructable stylesheet, so that no `style-src` exception is needed. The public
// custom properties are Corbado's (API notes 4.7), and four of our own for what Corbado's component has
// not: --surface-color, --raised-color, --edge-color, --tint-color. Light or dark follows the page's
// `color-scheme`.

const CSS = `
:host {
  display: block;
  --_accent: var(--primary-color, #1d4fd7);
  --_accent-hover: var(--primary-hover-color, var(--primary-color, #173fae));
  --_surface: var(--surface-color, #ffffff);
  --_raised: var(--raised-color, #f6f7f9);
  --_ink: var(--heading-color, #10172a);
  --_text: var(--text-color, #475067);
  --_link: var(--light-color, #1d4fd7);
  --_line: var(--border-color, #858fa3);
  --_edge: var(--edge-color, #e1e5ec);
  --_error: var(--error-color, #b3261e);
  --_error-surface: #fdeceb;
  --_tint: var(--tint-color, #e9effd);
  --_shadow: 0 1px 2px rgb(16 23 42 / 6%), 0 12px 32px -12px rgb(16 23 42 / 18%);
  --_radius: var(--border-radius, 0.75rem);
  font-family: var(--secondary-font, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif);
  font-size: 1rem;
  line-height: 1.5;
  color: var(--_text);
}
@supports (color: light-dark(red, red)) {
  :host {
    --_accent: var(--primary-color, light-dark(#1d4fd7, #3a66ee));
    --_accent-hover: var(--primary-hover-color, var(--primary-color, light-dark(#173fae, #2c57dc)));
    --_surface: var(--surface-color, light-dark(#ffffff, #171b26));
    --_raised: var(--raised-color, color-mix(in srgb, var(--_text) 6%, var(--_surface)));
    --_ink: var(--heading-color, light-dark(#10172a, #f3f5fa));
    --_text: var(--text-color, light-dark(#475067, #b5bccb));
    --_link: var(--light-color, light-dark(#1d4fd7, #9db8ff));
    --_line: var(--border-color, light-dark(#858fa3, #6d778d));
    --_edge: var(--edge-color, color-mix(in srgb, var(--_text) 18%, var(--_surface)));
    --_error: var(--error-color, light-dark(#b3261e, #ffb4ab));
    --_error-surface: light-dark(#fdeceb, #3b1d1f);
    --_tint: var(--tint-color, color-mix(in srgb, var(--_link) 12%, var(--_surface)));
  }
}
:host([hidden]) { display: none; }
*, *::before, *::after { box-sizing: border-box; }

.card {
  max-width: 26rem;
  margin: var(--margin-top, 0) auto 0;
  background: var(--_surface);
  border: var(--border-container-width, 1px) solid var(--_edge);
  border-radius: 1.25rem;
  box-shadow: var(--box-shadow, var(--_shadow));
  overflow: hidden;
}
.card[hidden] { display: none; }
.page { padding: 2rem clamp(1.25rem, 7%, 2.25rem) 1.75rem; text-align: var(--text-align, start); }
.page:empty { min-height: 18rem; }

.heading { text-align: var(--text-align, center); margin-bottom: 1.5rem; }
.logo { max-width: 100%; height: 2.5rem; margin-bottom: 1rem; }
.symbol {
  display: inline-grid; place-items: center; width: 3.25rem; height: 3.25rem;
  margin-bottom: 1rem; border-radius: 1rem; background: var(--_tint); color: var(--_link);
}
.symbol svg { width: 1.75rem; height: 1.75rem; }
svg { fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
h1, h2 {
  margin: 0; font-family: var(--primary-font, inherit); font-size: 1.5rem; line-height: 1.25;
  font-weight: 650; letter-spacing: -0.015em; color: var(--_ink); text-wrap: balance;
}
h1:focus, h2:focus { outline: none; }
.subtitle { margin: 0.5rem 0 0; overflow-wrap: anywhere; text-wrap: pretty; }
.page > .subtitle { margin: -0.75rem 0 1rem; text-align: center; }
strong { color: var(--_ink); font-weight: 600; }

.field { margin-bottom: 1rem; }
label, .label, ::slotted(label) { display: block; margin-bottom: 0.375rem; font-size: 0.875rem; font-weight: 600; color: var(--_ink); }
input, ::slotted(input) {
  display: block; width: 100%; min-height: 3rem; padding: 0.625rem 0.875rem; box-sizing: border-box;
  font: inherit; font-size: 1rem; color: var(--_ink); background: var(--primary-background-color, var(--_surface));
  border: 1px solid var(--_line); border-radius: var(--_radius); transition: border-color 120ms, box-shadow 120ms;
}
input[hidden] { display: none; }
input:hover, ::slotted(input:hover) { border-color: var(--_text); }
input[aria-invalid="true"], ::slotted(input[aria-invalid="true"]) { border-color: var(--_error); }
.field-error { margin: 0.375rem 0 0; font-size: 0.875rem; color: var(--_error); }
.field-error:empty, .form-error:empty { display: none; }
.form-error { margin: 0; padding: 0.875rem clamp(1.25rem, 7%, 2.25rem); color: var(--_error); background: var(--_error-surface); }

::slotted(corbado-checkbox) { margin-bottom: 1rem; }
.check { display: flex; gap: 0.625rem; align-items: flex-start; }
.check input { flex: none; width: 1.25rem; min-height: 1.25rem; height: 1.25rem; margin: 0.125rem 0 0; accent-color: var(--_accent); }
.check label { margin: 0; font-weight: 400; font-size: 0.9375rem; color: var(--_text); }

.button {
  display: flex; align-items: center; justify-content: center; gap: 0.625rem; width: 100%; min-height: 3rem;
  padding: 0.625rem 1rem; font: inherit; font-weight: 600; text-decoration: none; text-align: center;
  border: 1px solid transparent; border-radius: var(--_radius); cursor: pointer;
  transition: background-color 120ms, border-color 120ms;
}
.primary { color: #ffffff; background: var(--_accent); }
.primary:hover { background: var(--_accent-hover); }
.secondary {
  color: var(--secondary-font-color, var(--_ink)); background: var(--secondary-background-color, transparent);
  border-color: var(--secondary-border-color, var(--_line));
}
.secondary:hover {
  color: var(--secondary-font-hover-color, var(--secondary-font-color, var(--_ink)));
  background: var(--secondary-background-hover-color, var(--secondary-background-color, var(--_raised)));
  border-color: var(--secondary-border-hover-color, var(--secondary-border-color, var(--_text)));
}
.quiet { color: var(--_text); background: transparent; }
.quiet:hover { color: var(--_ink); background: var(--_raised); }
form > .button { margin-top: 1.5rem; }
.actions { display: grid; gap: 0.5rem; }
form + .actions { margin-top: 0.5rem; }
.button[data-action="resend_email"] { margin: var(--email-link-resend-margin, 0); }
.button[aria-disabled] { cursor: progress; }
.button .spinner { display: none; }
.button[data-busy] .spinner { display: block; }

.link {
  min-height: 1.5rem; padding: 0 0.125rem; font: inherit; font-weight: 600; color: var(--_link);
  background: none; border: 0; border-radius: 0.25rem; cursor: pointer; text-decoration: underline;
  text-underline-offset: 0.2em; text-decoration-thickness: 1px;
}
.link:hover { text-decoration-thickness: 2px; }
.switch { margin: 1.25rem 0 0; text-align: center; font-size: 0.9375rem; }

.spinner {
  flex: none; width: 1.125em; height: 1.125em; border: 2px solid currentColor; border-right-color: transparent;
  border-radius: 50%; animation: turn 800ms linear infinite;
}
@keyframes turn { to { transform: rotate(1turn); } }
.waiting {
  display: flex; align-items: center; justify-content: center; gap: 0.625rem; margin: 0 0 1.5rem;
  padding: 0.625rem 1rem; font-size: 0.9375rem; background: var(--_raised); border-radius: var(--_radius);
}

.details {
  display: grid; grid-template-columns: auto 1fr; gap: 0.25rem 0.75rem; margin: 1.25rem 0 0; padding: 0.75rem 1rem;
  font-size: 0.8125rem; background: var(--_raised); border-radius: var(--_radius);
}
.details dt { font-weight: 600; }
.details dd { margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.passkeys { display: grid; gap: 0.75rem; margin: 0; padding: 0; list-style: none; }
.passkeys li { display: grid; gap: 0.5rem; }
.passkeys + .actions { margin-top: 1.25rem; }
.page > .subtitle + .actions { margin-top: 0.5rem; }
.passkeys .passkey {
  grid-template-columns: auto minmax(0, 1fr) auto; align-items: center; gap: 0.75rem; padding: 0.75rem;
  border: 1px solid var(--_edge); border-radius: var(--_radius);
}
.symbol.small { width: 2.5rem; height: 2.5rem; margin: 0; border-radius: 0.75rem; }
.symbol.small svg { width: 1.375rem; height: 1.375rem; }
.name, .fact { margin: 0; overflow-wrap: anywhere; }
.fact { font-size: 0.8125rem; }
.tag {
  display: inline-block; margin-inline-start: 0.375rem; padding: 0 0.5rem; font-size: 0.75rem; font-weight: 600;
  color: var(--_ink); background: var(--_tint); border-radius: 1rem;
}
.button.small { width: auto; min-height: 2.25rem; padding: 0.25rem 0.875rem; font-size: 0.875rem; }
.links { display: flex; flex-wrap: wrap; justify-content: center; gap: 0.25rem 1rem; }
.dialog {
  width: min(24rem, calc(100vw - 2rem)); padding: 1.5rem; color: inherit; text-align: center;
  background: var(--_surface); border: 1px solid var(--_edge); border-radius: 1.25rem; box-shadow: var(--_shadow);
}
.dialog::backdrop { background: rgb(10 14 24 / 55%); }
.dialog .actions { margin-top: 1.25rem; }
@media (max-width: 26rem) {
  .passkeys .passkey { grid-template-columns: auto minmax(0, 1fr); }
  .passkeys .passkey .button { grid-column: 2; justify-self: start; }
}

.mark {
  display: flex; flex-wrap: wrap; justify-content: center; gap: 0.125rem 0.5rem; padding: 0.75rem 1rem;
  font-size: 0.8125rem; background: var(--_raised); border-top: 1px dashed var(--_edge);
}
.mark a { color: inherit; font-weight: 600; text-underline-offset: 0.2em; }
.mark a:hover { color: var(--_link); }

:focus-visible, ::slotted(input:focus-visible) { outline: 3px solid var(--_link); outline-offset: 2px; }
h1:focus-visible, h2:focus-visible { outline: none; }
input:focus-visible, ::slotted(input:focus-visible) { outline-offset: 0; border-color: var(--_link); }

.visually-hidden {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
@media (prefers-reduced-motion: reduce) {
  *, ::slotted(input) { transition: none !important; }
  .spinner { animation-duration: 4s; }
}
@media (forced-colors: active) {
  .card, .button { border-color: CanvasText; }
}
`;

export const stylesheet = new CSSStyleSheet();
stylesheet.replaceSync(CSS);
