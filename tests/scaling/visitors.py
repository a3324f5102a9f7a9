"""The load: a fixed number of visitors, for a bounded time, who do what browser and person would.

Each opens the login page, comes back from Emulator with a token, and looks at a page that says who
they are, each request at another host. What goes wrong is written down, and they do what a person
does: reload, or follow the way on that the page offers and sign in again.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.scaling.servers import SITE, WebHost
from tests.support.emulator import Emulator

LOGIN = "/corbado/login/"
REDIRECT = "/corbado/redirect/"
ACCOUNT = "/account/"
# A person waits longer than this before the next try; and gives up sooner.
PAUSE = 0.25
MOST_TRIES = 40
CLIENT_TIMEOUT = 20.0
FROM_LOGIN_PAGE = {
    "Referer": f"http://{SITE}{LOGIN}",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}
LINK = re.compile(r"<a\s[^>]*href=|<form\s", re.IGNORECASE)


@dataclass
class Person:
    """Who comes, and as whom they should be known here; ``user`` is None until they are."""

    email: str
    corbado_user_id: str
    user: int | None = None
    has_basket: bool = False
    two_tabs: bool = False


@dataclass(frozen=True)
class Trouble:
    """What went wrong at one step; ``way_on`` is False for an error page without one."""

    step: str
    what: str
    way_on: bool = True


@dataclass
class Visit:
    """What one visitor went through; ``signed_in_as`` is what the site's own page says."""

    person: Person
    troubles: list[Trouble] = field(default_factory=list)
    sign_ins: int = 0
    seconds: float = 0.0
    signed_in_as: dict[str, object] | None = None

    @property
    def is_foreign(self) -> bool:
        """Return whether the page named anyone but this person."""
        seen = self.signed_in_as or {}
        known = self.person.user in {None, seen.get("user")}
        return bool(seen) and not (known and seen["email"] == self.person.email)


@dataclass(frozen=True)
class Answer:
    """An answer, or what came instead of one (``status`` 0)."""

    status: int
    text: str = ""
    location: str = ""


class Browser:
    """Cookies, and a request at a time to whichever host is next."""

    def __init__(self, hosts: Sequence[WebHost], luck: random.Random) -> None:
        self.hosts, self.luck = hosts, luck
        self.cookies: dict[str, str] = {}

    def get(self, url: str, **headers: str) -> Answer:
        """Ask one host; a connection that ends early is an answer, too."""
        host = self.luck.choice(self.hosts)
        connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=CLIENT_TIMEOUT)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(
                "GET", url, headers={"Host": SITE, "Cookie": cookies, "Accept": "text/html",
                                     "User-Agent": "a browser", **headers},
            )  # fmt: skip
            response = connection.getresponse()
            text = response.read().decode()
        except TimeoutError:
            return Answer(0, "no answer in time")
        except (OSError, http.client.HTTPException):
            return Answer(0, "connection reset")
        finally:
            connection.close()
        for header in response.headers.get_all("Set-Cookie", ()):
            for name, morsel in SimpleCookie(header).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return Answer(response.status, text, response.headers.get("Location", ""))


class Visitor:
    """One visit, from the login page to a page that says who is signed in."""

    def __init__(
        self, person: Person, hosts: Sequence[WebHost], corbado: Emulator, seed: int
    ) -> None:
        self.visit = Visit(person)
        self.corbado = corbado
        self.hosts = hosts
        self.luck = random.Random(seed)  # noqa: S311
        self.browser = Browser(hosts, self.luck)

    def go(self, deadline: float) -> Visit:
        """Try until it works, as a patient person would, at most until the deadline."""
        began = time.monotonic()
        if self.visit.person.has_basket:
            self.ask("basket", "/basket/", good=200)
        for _try in range(MOST_TRIES):
            if time.monotonic() > deadline or self.sign_in():
                break
            time.sleep(PAUSE)
        self.visit.seconds = time.monotonic() - began
        return self.visit

    def sign_in(self) -> bool:
        """Go the whole way once; False where a page or the network ended it."""
        if not self.ask("login page", LOGIN, good=200):
            return False
        self.visit.sign_ins += 1
        person = self.visit.person
        if person.two_tabs and self.visit.sign_ins == 1:
            self.come_back_in_another_tab()
        token = self.corbado.token(person.corbado_user_id)
        if not self.come_back(self.browser, token):
            return False
        return self.look_who_is_signed_in()

    def come_back(self, browser: Browser, token: str) -> bool:
        """Follow Emulator's redirect; reload as a browser does where no answer comes."""
        url = f"{REDIRECT}?{urlencode({'corbadoAuthToken': token})}"
        return self.ask("redirect", url, good=303, browser=browser, **FROM_LOGIN_PAGE) is not None

    def come_back_in_another_tab(self) -> None:
        """Have the same new person come in at two hosts at the same moment."""
        other = Browser(self.hosts, self.luck)
        other.cookies = dict(self.browser.cookies)
        token = self.corbado.token(self.visit.person.corbado_user_id)
        threading.Thread(target=self.come_back, args=(other, token)).start()

    def look_who_is_signed_in(self) -> bool:
        """Open the page that says it; False where nobody is."""
        answer = self.ask("own page", ACCOUNT, good=200)
        if answer is None:
            return False
        self.visit.signed_in_as = json.loads(answer.text)
        return True

    def ask(
        self, step: str, url: str, *, good: int, browser: Browser | None = None, **headers: str
    ) -> Answer | None:
        """Return a good answer; reload while there is none at all, note what else comes."""
        for _reload in range(MOST_TRIES):
            answer = (browser or self.browser).get(url, **headers)
            if answer.status == good:
                return answer
            self.note(step, answer)
            if answer.status != 0:
                break
            time.sleep(PAUSE)
        return None

    def note(self, step: str, answer: Answer) -> None:
        """Write down what came instead."""
        if answer.status == 0:
            self.visit.troubles.append(Trouble(step, answer.text))
        elif answer.status in {301, 302, 303}:
            self.visit.troubles.append(Trouble(step, "not signed in"))
        else:
            way_on = LINK.search(answer.text) is not None
            heading = re.search(r"<h1>(.*?)</h1>", answer.text, re.DOTALL)
            words = heading.group(1).strip() if heading else answer.text[:60]
            self.visit.troubles.append(Trouble(step, f"{answer.status} {words}", way_on))


def let_them_come(
    people: Sequence[Person],
    hosts: Sequence[WebHost],
    corbado: Emulator,
    *,
    at_once: int,
    seconds: float,
    meanwhile: Callable[[Callable[[], float]], None] = lambda _done: None,
) -> list[Visit]:
    """Let all of them sign in, ``at_once`` at a time; nobody tries longer than ``seconds``.

    ``meanwhile`` runs in this thread and is given a function that tells which part of the visits
    is over.
    """
    deadline = time.monotonic() + seconds
    with ThreadPoolExecutor(at_once) as pool:
        futures = [
            pool.submit(Visitor(person, hosts, corbado, seed).go, deadline)
            for seed, person in enumerate(people)
        ]

        def done() -> float:
            if time.monotonic() > deadline:
                return 1.0
            return sum(future.done() for future in futures) / len(futures)

        meanwhile(done)
        return [future.result() for future in futures]
