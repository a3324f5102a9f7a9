"""The package's pages in Bootstrap's design, with the templates of ``docs/how-to-design.md``."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.album import IN_THE_ADMIN, SITE, Album
from tests.browser.inspection import faint_texts, sticks_out
from tests.support.blocks import PATH_LINE, ROOT, blocks_of

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.translations.urls")]
GUIDE = ROOT / "docs/how-to-design.md"
BASE = Path(__file__).parent / "bootstrap_site/base.html"
BOOTSTRAP = Path(__file__).parent / "node_modules/bootstrap/dist/css/bootstrap.css"
# Extends no template of the site, whose own might ask the database.
STANDS_ALONE = {"database_unavailable"}
# Pages of the tests themselves.
FOREIGN = {"nudge and list", "list, unavailable", "login with a field"} | {
    "connect, append",
    "connect, append too",
}

# What the page's own elements look like, outside the shadow root of Corbado's.
BUTTONS = """() => [...document.querySelectorAll("main button, main a.corbado-auth-button")]
  .filter((node) => node.checkVisibility())
  .map((node) => {
    const { backgroundColor, borderTopColor, borderTopWidth, height } = getComputedStyle(node);
    return {
      text: node.textContent.trim(),
      isQuiet: node.className.includes("quiet"),
      backgroundColor,
      hasBorder: borderTopWidth !== "0px" && borderTopColor !== "rgba(0, 0, 0, 0)",
      height: parseFloat(height),
    };
  })"""
COLOURS = "(nodes) => nodes.map((node) => getComputedStyle(node).backgroundColor)"
PLAIN = """() => {
  const roots = [document, ...[...document.querySelectorAll("template")].map((one) => one.content)];
  return roots.flatMap((root) => [...root.querySelectorAll(
    "main button:not(.btn), .corbado-auth-button, .corbado-auth-note, .corbado-auth-card",
  )]).map((node) => node.outerHTML.slice(0, 100));
}"""


@pytest.fixture
def bootstrap(album: Album) -> Album:
    """Have Bootstrap where the site's base template looks for it."""
    if not BOOTSTRAP.is_file():
        pytest.skip("Bootstrap is not here: npm ci --prefix tests/browser")
    album.page.route(f"{SITE}/static/bootstrap.css", lambda route: route.fulfill(path=BOOTSTRAP))
    return album


@pytest.fixture
def use_guide(settings: SettingsWrapper, tmp_path: Path) -> Callable[[str], None]:
    """Return the function that gives the site those templates of the guide that match."""

    def use(pattern: str) -> None:
        shutil.copy(BASE, tmp_path)
        for block in blocks_of(GUIDE):
            named = PATH_LINE.match(block.first_line)
            if named and Path(named[1]).match(pattern):
                target = tmp_path / named[1].removeprefix("templates/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block.text)
        engine: dict[str, Any] = copy.deepcopy(settings.TEMPLATES[0])
        settings.TEMPLATES = [{**engine, "DIRS": [tmp_path]}]

    return use


def test_in_a_sites_base_template_every_button_looks_like_a_button(
    bootstrap: Album, use_guide: Callable[[str], None]
) -> None:
    """Also on a device that prefers dark, which this site knows nothing of."""
    use_guide("base.html")
    bootstrap.page.emulate_media(color_scheme="dark")
    found, buttons = {}, 0
    for name, answer in bootstrap.tour():
        if name in IN_THE_ADMIN or name in FOREIGN | STANDS_ALONE:
            continue
        bootstrap.show(answer)
        assert bootstrap.page.locator(".navbar").count() == 1, name
        drawn = bootstrap.page.evaluate(BUTTONS)
        buttons += len(drawn)
        wrong = [
            one
            for one in drawn
            if not one["hasBorder"]
            or one["height"] < 40
            or (one["backgroundColor"] == "rgb(29, 79, 215)") is one["isQuiet"]
        ]
        wrong += faint_texts(bootstrap.page)
        if wrong or sticks_out(bootstrap.page):
            found[name] = wrong
    assert found == {}
    assert buttons > 30


def test_a_sites_own_elements_are_used_on_every_page(
    bootstrap: Album, use_guide: Callable[[str], None]
) -> None:
    use_guide("*.html")
    found, colours = {}, set()
    for name, answer in bootstrap.tour():
        if name in IN_THE_ADMIN or name in STANDS_ALONE:
            continue
        bootstrap.show(answer)
        if plain := bootstrap.page.evaluate(PLAIN):
            found[name] = plain
        if name not in FOREIGN:
            colours.update(bootstrap.page.locator("main .btn-primary").evaluate_all(COLOURS))
    assert found == {}
    assert colours == {"rgb(13, 110, 253)"}


# Each card's width, and what its heading, labels and fields look like; then what can be pressed.
CARDS = """() => {
  const roots = [document.querySelector("corbado-auth").shadowRoot,
                 document.querySelector(".corbado-auth-password")];
  const look = (node, ...names) => names.map((name) => getComputedStyle(node)[name]).join(" ");
  return roots.map((root) => ({
    width: root.querySelector(".card, .corbado-auth-card").getBoundingClientRect().width,
    padding: Math.round(parseFloat(
      look(root.querySelector(".page, .corbado-auth-card"), "paddingLeft"),
    )),
    heading: look(root.querySelector("h1, h2"), "fontSize", "color", "textAlign"),
    label: look(root.querySelector("label"), "fontSize", "fontWeight", "color"),
    field: look(root.querySelector("input:not([type=hidden])"), "height", "backgroundColor"),
    button: look(root.querySelector("button[type=submit], button.corbado-auth-button"), "height"),
  }));
}"""
PRIMARY = """() => [
  document.querySelector("corbado-auth").shadowRoot.querySelector(".primary"),
  Object.assign(document.createElement("button"), { className: "corbado-auth-button" }),
].map((node) => {
  if (!node.isConnected) document.querySelector("main").append(node);
  return getComputedStyle(node).backgroundColor;
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_two_cards_of_the_login_page_match(album: Album, scheme: Any, client: Any) -> None:
    album.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    album.show(client.get("/corbado/login/"))
    album.page.get_by_role("button", name="Continue").wait_for()
    passkey, password = album.page.evaluate(CARDS)
    assert passkey == password
    assert album.page.get_by_role("heading", name="With a passkey or a link by email").count() == 1
    theirs, ours = album.page.evaluate(PRIMARY)
    assert theirs == ours
