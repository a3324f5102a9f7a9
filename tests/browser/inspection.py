"""What a test asks the rendered page: all of axe-core, and what axe cannot see.

axe judges a page as it is. Room (WCAG 2.2, 1.4.10), text spacing (1.4.12), the focus on its way
through the page (2.4.3, 2.4.7, 2.4.11) and motion are asked here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Every visible text with its contrast against what is painted behind it, through shadow roots.
# With forced colours, each text has a backplate in the page's colour instead.
_CONTRASTS = """(isForced) => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b]
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const above = (node) => node.assignedSlot ?? node.parentElement ?? node.getRootNode().host;
  const behind = (node) => {
    for (let at = node; at; at = above(at)) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    const scheme = getComputedStyle(document.documentElement).colorScheme;
    const dark = scheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches;
    return rgba(dark ? "#121212" : "#ffffff");
  };
  const found = [];
  const visit = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) visit(node.shadowRoot);
      const texts = [...node.childNodes].filter((one) => one.nodeType === Node.TEXT_NODE);
      const text = texts.map((one) => one.data).join("").trim();
      const box = node.getBoundingClientRect();
      const isHidden = !node.checkVisibility({ visibilityProperty: true });
      if (!text || isHidden || box.width < 2 || box.height < 2) continue;
      const front = luminance(rgba(getComputedStyle(node).color));
      const back = luminance(isForced ? rgba("#ffffff") : behind(node));
      const [light, dark] = front > back ? [front, back] : [back, front];
      found.push({ text, contrast: (light + 0.05) / (dark + 0.05) });
    }
  };
  visit(document);
  return found;
}"""


def faint_texts(page: Page, *, is_forced: bool = False) -> list[dict[str, Any]]:
    """Return the texts that do not stand out enough (less than 4.5 to 1)."""
    found = page.evaluate(_CONTRASTS, is_forced)
    assert found, "There is no text on this page."
    return [one for one in found if one["contrast"] < 4.5]


def sticks_out(page: Page) -> bool:
    """Return whether the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
WIDE, NARROW = (1280, 800), (320, 640)

_RUN_AXE = """async (include) => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await axe.run(include, {
    runOnly: { type: "tag", values: tags },
    rules: { "label-content-name-mismatch": { enabled: true } },
    resultTypes: ["violations"],
    preload: false,
  });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
}"""

# A page's styles and those in its shadow roots; a sheet made by a script needs no `style-src`.
_SPACE_TEXTS = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* {
    line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important;
  } p { margin-bottom: 2em !important; }`);
  const visit = (root) => {
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    for (const node of root.querySelectorAll("*")) if (node.shadowRoot) visit(node.shadowRoot);
  };
  visit(document);
}"""

# Texts that a box cuts off.
_CUT_OFF = """() => {
  const found = [];
  const visit = (root) => {
    for (const node of root.querySelectorAll(root === document ? "body *" : "*")) {
      if (node.shadowRoot) visit(node.shadowRoot);
      const { overflowX, overflowY, clipPath } = getComputedStyle(node);
      const isCut = (overflow, inner, outer) =>
        ["hidden", "clip"].includes(overflow) && inner > outer + 1;
      // Hidden from the eye on purpose.
      if (node.clientWidth <= 1 || clipPath !== "none" || !node.textContent.trim()) continue;
      if (isCut(overflowX, node.scrollWidth, node.clientWidth)) found.push(node.outerHTML);
      if (isCut(overflowY, node.scrollHeight, node.clientHeight)) found.push(node.outerHTML);
    }
  };
  visit(document);
  return found.map((html) => html.slice(0, 80));
}"""

# Where a focused element was, Tab goes on from: this one was at the very beginning of the page, or
# of the dialog that is open.
_BEGIN = """() => {
  const roots = [document];
  for (const root of roots)
    for (const { shadowRoot } of root.querySelectorAll("*")) if (shadowRoot) roots.push(shadowRoot);
  const dialog = roots.map((root) => root.querySelector("dialog:modal")).find(Boolean);
  getSelection().removeAllRanges();
  const start = Object.assign(document.createElement("span"), { tabIndex: -1 });
  (dialog ?? document.body).prepend(start);
  start.focus({ preventScroll: true });
  start.remove();
  delete window.lastFocused;
}"""

# The element with the focus: its name, whether the focus shows, whether anything lies over it.
FOCUSED = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  if (!node || node === document.body) return null;
  // "auto" is the browser's own ring.
  const rings = ({ outlineStyle: kind, outlineWidth: width }) =>
    kind === "auto" || (kind !== "none" && parseFloat(width) >= 2);
  // A card of the example site draws the ring of the link that covers it.
  const around = node.closest(".card:has(:focus-visible)");
  const isSame = window.lastFocused === node;
  window.lastFocused = node;
  (window.focused ??= new Set()).add(node);
  const box = node.getBoundingClientRect();
  const hit = node.getRootNode().elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const isInHeight = box.bottom > 0 && box.top < innerHeight;
  const isInView = isInHeight && box.right > 0 && box.left < innerWidth;
  return {
    name: (node.getAttribute("aria-label") || node.textContent || node.id).trim().slice(0, 60),
    html: node.outerHTML.slice(0, 80),
    shows: [node, around].some((one) => one && rings(getComputedStyle(one))),
    isClear: isInView && (!hit || node.contains(hit) || hit.contains(node)),
    isSame,
  };
}"""

# What a mouse can use and the Tab key has not come to; behind an open dialog, neither can.
_UNREACHED = """() => {
  const all = [];
  const visit = (root) => {
    for (const node of root.querySelectorAll(root === document ? "body *" : "*")) {
      all.push(node);
      if (node.shadowRoot) visit(node.shadowRoot);
    }
  };
  visit(document);
  const usable = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  const dialog = all.find((node) => node.matches("dialog:modal"));
  const isOn = (node) =>
    !node.disabled && node.checkVisibility({ visibilityProperty: true }) &&
    (!dialog || dialog.contains(node));
  const missed = all.filter((node) => node.matches(usable) && !window.focused?.has(node));
  return missed.filter(isOn).map((node) => node.outerHTML.slice(0, 80));
}"""

_MOVING = """() => [...document.querySelectorAll("body *")].filter((node) => {
  const style = getComputedStyle(node);
  const lasts = (duration) => parseFloat(duration) > 0.01;
  const moves = style.animationName !== "none" && style.animationDuration.split(", ").some(lasts);
  return moves || style.transitionDuration.split(", ").some(lasts);
}).map((node) => node.outerHTML.slice(0, 80))"""


def axe_violations(page: Page, within: str = "html") -> list[str]:
    """Return what axe-core finds wrong in a part of the page, as "rule: place"."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(_RUN_AXE, within)
    return found


def resize(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


def crowded_texts(page: Page) -> list[str]:
    """Return what no longer fits with increased text spacing; the page stays that way."""
    page.evaluate(_SPACE_TEXTS)
    found: list[str] = page.evaluate(_CUT_OFF)
    return [*found, "the page"] if sticks_out(page) else found


def tab_through(page: Page, most: int = 100) -> list[dict[str, Any]]:
    """Press Tab until the focus leaves the page; return where it went, in order."""
    page.evaluate(_BEGIN)
    stops: list[dict[str, Any]] = []
    for _press in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        # Out of the page; or where there is one thing to press, or a trap, to the same again.
        if stop is None or stop["isSame"]:
            break
        stops.append(stop)
    return stops


def flaws(page: Page) -> list[str]:
    """Judge a page wide and light, then narrow and dark; return everything that is wrong."""
    found = flaws_within(page, "html")
    found += [f"dark, faint: {one['text']}" for one in faint_texts(page)]
    page.emulate_media(color_scheme="light")
    found += [f"light, faint: {one['text']}" for one in faint_texts(page)]
    page.emulate_media(forced_colors="active")
    found += [f"forced, faint: {one['text']}" for one in faint_texts(page, is_forced=True)]
    page.emulate_media(forced_colors="none")
    resize(page, WIDE)
    stops = tab_through(page)
    found += [f"focus does not show: {stop['html']}" for stop in stops if not stop["shows"]]
    found += [f"focus is hidden: {stop['html']}" for stop in stops if not stop["isClear"]]
    found += [f"no Tab leads to: {each}" for each in page.evaluate(_UNREACHED)]
    found += [f"moves: {each}" for each in page.evaluate(_MOVING)]
    resize(page, NARROW)
    if sticks_out(page):
        found.append("wider than a narrow window")
    found += [f"spaced out, does not fit: {each}" for each in crowded_texts(page)]
    return found


def flaws_within(page: Page, part: str) -> list[str]:
    """Let axe judge a part of a page (a CSS selector), wide and light, then narrow and dark."""
    resize(page, WIDE)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = [f"wide, {each}" for each in axe_violations(page, part)]
    resize(page, NARROW)
    page.emulate_media(color_scheme="dark")
    return [*found, *(f"narrow, {each}" for each in axe_violations(page, part))]
