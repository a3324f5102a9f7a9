"""Every page of the tour in a real browser, without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders

from corbado_auth.testing import Corbado
from tests.translations.tour import Stop, Tour

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

# A secure context, and of one kind with the emulator's address: Chromium asks for both.
SITE = "http://localhost"

# Pages of Django's admin -> the parts of them that are ours.
IN_THE_ADMIN = {
    "admin index": ".app-corbado_auth .model-corbadoaccount",
    "accounts": ".object-tools",
    "account": ".field-corbado_user_id",
    "unlink": "#content > p",
    "unlink some": "#content > p",
    "connect accounts": ".object-tools",
    "connect account": ".field-handle",
    "connect, unlink": "#content > p",
    "connect, unlink some": "#content > p",
    "attempts": "#result_list",
    "adoption": ".adoption",
    "switch, pilot": ".corbado-switch",
    "switch, off": ".corbado-switch",
    "delete a user": "#content > p",
    # Django's own, with a script of ours.
    "admin, signed out": "#content > h1",
    # All between Django's header and footer.
    "admin, login": "#content",
    "admin, no access": "#content",
}


class Album:
    """Shows in a browser what Django's test client got: no server, and every page of the tour."""

    def __init__(self, page: Page, corbado: Corbado, make_user: Callable[..., Any]) -> None:
        self.page = page
        self.corbado = corbado
        self.make_user = make_user
        self.answer: Any = None
        self.extra_headers: dict[str, str] = {}
        page.route(f"{SITE}/**", self._serve)

    def tour(self, language: str = "en") -> Iterator[Stop]:
        """Walk past every page in a language; those that are HTML."""
        for name, answer in Tour(self.corbado, self.make_user, language).pages():
            if answer["Content-Type"].startswith("text/html"):
                yield name, answer

    def show(self, answer: Any) -> None:
        self.answer = answer
        self.page.goto(SITE + answer.wsgi_request.path)

    def still(self) -> None:
        """End the transitions of Django's admin, between whose colours axe would look."""
        self.page.evaluate("""() => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync("* { transition: none !important; }");
          document.adoptedStyleSheets = [sheet];
        }""")

    def _serve(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            found = finders.find(path.removeprefix("/static/"))
            route.fulfill(path=found) if found else route.fulfill(status=404)
        elif path == "/favicon.ico":
            route.fulfill(status=404)
        else:
            headers = dict(self.answer.items()) | self.extra_headers
            body = self.answer.content.decode()
            route.fulfill(status=self.answer.status_code, headers=headers, body=body)
