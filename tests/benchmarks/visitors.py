"""Visitors who sign in as a browser does, and probes of a page beside them; one event loop.

Everything is bounded in number and time, and goes to loopback alone.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from statistics import quantiles

from tests.benchmarks.server import get
from tests.support.scripted_corbado import token_of

# Longer than anyone waits for a page.
PATIENCE = 120.0
# A slow server has all of these in its queue.
PROBES_A_SECOND = 20

_COOKIE = re.compile(r"^set-cookie: ([^=]+)=([^;]*)", re.IGNORECASE | re.MULTILINE)
_RETRY = re.compile(r"^(?:refresh|retry-after): (\d+)", re.IGNORECASE | re.MULTILINE)
_numbers = count()


@dataclass(frozen=True)
class Reply:
    """What came back, and the seconds that it took; status 0 means no answer."""

    status: int
    head: str
    seconds: float


async def fetch(port: int, request: bytes) -> Reply:
    """Send one request over a connection of its own."""
    began = time.monotonic()
    status, head = 0, ""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                answer = await reader.read(-1)
            finally:
                writer.close()
            head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
            status = int(head.split(" ", 2)[1]) if head else 0
    except (OSError, TimeoutError):
        pass
    return Reply(status, head, time.monotonic() - began)


@dataclass
class Visitor:
    """A browser that comes from the login page, and does what the pages say."""

    port: int
    number: int
    cookies: dict[str, str] = field(default_factory=dict)

    async def open_login_page(self) -> None:
        """Get the intent."""
        await self.open("/corbado/login/")

    async def open(self, path: str, **headers: str) -> Reply:
        """Open a page of the site."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request = get(path, cookies=cookies, Connection="close", **headers)
        reply = await fetch(self.port, request)
        self.cookies.update(_COOKIE.findall(reply.head))
        return reply

    async def come_back(self) -> Reply:
        """Come back from Corbado with a token."""
        return await self._redirect(Referer="https://www.example.com/corbado/login/")

    async def sign_in(self, *, until: float) -> tuple[bool, Counter[int]]:
        """Come back, and again as often as the page says; return whether it worked."""
        statuses: Counter[int] = Counter()
        reply = await self.come_back()
        statuses[reply.status] += 1
        while reply.status == 503 and (wait := _RETRY.search(reply.head)):
            if time.monotonic() + int(wait[1]) > until:
                break
            await asyncio.sleep(int(wait[1]))
            reply = await self._redirect()
            statuses[reply.status] += 1
        return reply.status == 303 and "sessionid=" in reply.head, statuses

    async def _redirect(self, **headers: str) -> Reply:
        address = f"198.{51 + self.number // 60000}.{self.number // 240 % 250}.{self.number % 240}"
        target = f"/corbado/redirect/?corbadoAuthToken={token_of(str(self.number))}"
        return await self.open(target, X_Forwarded_For=address, **headers)


@dataclass
class Probes:
    """How long a page took, each asked for at its time, however long the others take."""

    seconds: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def p95(self) -> float:
        """Return what 95 of 100 took at most."""
        return quantiles(self.seconds, n=20)[-1]

    async def watch(self, port: int, path: str, seconds: float) -> None:
        """Ask for the page at a steady pace."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        under_way = []
        for number in range(int(seconds * PROBES_A_SECOND)):
            await asyncio.sleep(max(0.0, began + number / PROBES_A_SECOND - loop.time()))
            under_way.append(asyncio.create_task(self._ask(port, path)))
        await asyncio.gather(*under_way)

    async def _ask(self, port: int, path: str) -> None:
        reply = await fetch(port, get(path, Connection="close"))
        self.seconds.append(reply.seconds)
        self.failures += reply.status != 200


async def keep_signing_in(
    port: int, people: Iterable[int], until: float, intent: dict[str, str]
) -> tuple[int, Counter[int]]:
    """Let each of these come, and someone else in their place, until then; count sign-ins."""
    done = [asyncio.create_task(_one_seat(port, each, until, intent)) for each in people]
    signed_in, statuses = 0, Counter[int]()
    for seat in await asyncio.gather(*done):
        signed_in += seat[0]
        statuses += seat[1]
    return signed_in, statuses


async def _one_seat(
    port: int, number: int, until: float, intent: dict[str, str]
) -> tuple[int, Counter[int]]:
    signed_in, statuses = 0, Counter[int]()
    while time.monotonic() < until:
        visitor = Visitor(port, number, dict(intent))
        was_of_use, seen = await visitor.sign_in(until=until)
        signed_in += was_of_use
        statuses += seen
        # Nobody comes back in the same second.
        await asyncio.sleep(min(1.0, max(0.0, until - time.monotonic())))
    return signed_in, statuses
