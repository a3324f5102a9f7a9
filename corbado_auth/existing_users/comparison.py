"""Comparing local accounts with Corbado's users, without changing anything."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal

from django.contrib.auth import get_user_model

from corbado_auth.addresses import same_address
from corbado_auth.corbado_api.guard import command_threads
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.exceptions import CorbadoUnavailable
from corbado_auth.identity import CorbadoUser
from corbado_auth.local_users import email_field_name, shared_addresses
from corbado_auth.models import CorbadoAccount, db_for_write

from .second_users import find_pairs

__all__ = ["Difference", "People", "compare"]

PAGE = 100
THREADS = 4
# How many pages are asked for ahead, so that no thread waits while a page is compared.
AHEAD = 2 * THREADS
# How many times a page is requested, and the longest wait between two tries, in seconds.
TRIES = 5
LONGEST_WAIT = 60

People = list[CorbadoUser]
Kind = Literal[
    "gone_at_corbado", "unknown_here", "other_email", "second_user", "perhaps_second_user"
]


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference: the Corbado user ID, and the local user's primary key if there is one.

    ``gone_at_corbado``: an account whose Corbado user is deleted, disabled or not listed.
    ``unknown_here``: a Corbado user without an account. ``other_email``: the account's address is
    no longer a confirmed one at Corbado (the next sign-in updates it). ``second_user``: another
    local user, ``other_user``, has the confirmed address and no account; ``perhaps_second_user``:
    the same, and the address is not confirmed.
    """

    kind: Kind
    corbado_user_id: str
    user: str = ""
    other_user: str = ""


def compare(
    service: CorbadoService | None = None,
    watched: Callable[[Iterator[People], int], Iterable[People]] = lambda pages, number: pages,
) -> Iterator[Difference]:
    """Yield the differences; raises CorbadoError. Keeps one bit per account in memory.

    ``watched`` is passed the pages of people at Corbado and their number, and returns the pages.
    """
    accounts = CorbadoAccount.objects.in_project()
    found, shared = _Numbers(), shared_addresses(using=db_for_write())
    service = service or CorbadoService()
    first, number = _page(service, 1)
    of_users = {get_user_model()._meta.pk.name, email_field_name()} - {None}
    compared = ["user", "corbado_user_id", "email", "created_for_email"]
    compared += [f"user__{name}" for name in of_users]
    for people in watched(_pages(service, first, number), number):
        asked = accounts.filter(corbado_user_id__in=[person.id for person in people])
        here = {row.corbado_user_id: row for row in asked.select_related("user").only(*compared)}
        for person in people:
            account = here.get(person.id)
            if account is not None and not person.is_gone:
                found.add(account.pk)
            yield from _differences(person, account)
        yield from _second_users(people, here, shared)
    rows = accounts.order_by("pk").values_list("pk", "corbado_user_id", "user_id")
    for key, corbado_user_id, user in rows.iterator():
        if key not in found:
            yield Difference("gone_at_corbado", corbado_user_id, str(user))


class _Numbers:
    """A set of primary keys, by blocks of bits: a million in a row take 125 kB instead of 60 MB."""

    BLOCK = 1 << 15

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}

    def add(self, number: int) -> None:
        block, bit = divmod(number, self.BLOCK)
        self._blocks.setdefault(block, bytearray(self.BLOCK // 8))[bit // 8] |= 1 << bit % 8

    def __contains__(self, number: int) -> bool:
        block, bit = divmod(number, self.BLOCK)
        return block in self._blocks and bool(self._blocks[block][bit // 8] & 1 << bit % 8)


def _pages(service: CorbadoService, first: People, number: int) -> Iterator[People]:
    """Yield all pages in order, while threads ask Corbado for the next ones."""
    yield first
    with command_threads(THREADS) as threads:
        coming: deque[Future[tuple[People, int]]] = deque()
        page = 1
        try:
            while page < number or coming:
                while page < number and len(coming) < AHEAD:
                    page += 1
                    coming.append(threads.submit(_page, service, page))
                people, number = coming.popleft().result()
                yield people
        finally:
            threads.shutdown(cancel_futures=True)


def _page(service: CorbadoService, page: int) -> tuple[People, int]:
    """Ask for one page, and again after the wait that Corbado asks for."""
    for _try in range(TRIES - 1):
        try:
            return service.list_users(page=page, page_size=PAGE)
        except CorbadoUnavailable as error:
            if error.retry_after is None or error.retry_after > LONGEST_WAIT:
                raise
            time.sleep(error.retry_after)
    return service.list_users(page=page, page_size=PAGE)


def _second_users(
    people: list[CorbadoUser], here: Mapping[str, CorbadoAccount], shared: frozenset[str]
) -> Iterator[Difference]:
    linked = [(each, here[each.id]) for each in people if each.id in here and not each.is_gone]
    for pair in find_pairs(linked, shared):
        yield Difference(
            "second_user" if pair.is_confirmed else "perhaps_second_user",
            pair.account.corbado_user_id,
            str(pair.account.user_id),
            str(pair.other.pk),
        )


def _differences(person: CorbadoUser, account: CorbadoAccount | None) -> Iterator[Difference]:
    if person.is_gone:
        return
    if account is None:
        yield Difference("unknown_here", person.id)
    elif account.email and not any(
        same_address(account.email, address) for address in person.verified_emails
    ):
        yield Difference("other_email", person.id, str(account.user_id))
