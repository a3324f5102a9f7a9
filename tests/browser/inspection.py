"""What a test asks the rendered page: contrast (WCAG 2.2, 1.4.3) and room (1.4.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Every visible text with its contrast against what is painted behind it, through shadow roots.
_CONTRASTS = """() => {
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
      const back = luminance(behind(node));
      const [light, dark] = front > back ? [front, back] : [back, front];
      found.push({ text, contrast: (light + 0.05) / (dark + 0.05) });
    }
  };
  visit(document);
  return found;
}"""


def faint_texts(page: Page) -> list[dict[str, Any]]:
    """Return the texts that do not stand out enough (less than 4.5 to 1)."""
    found = page.evaluate(_CONTRASTS)
    assert found, "There is no text on this page."
    return [one for one in found if one["contrast"] < 4.5]


def sticks_out(page: Page) -> bool:
    """Tell whether the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
