"""Comparing local accounts with Corbado's users, without changing anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from corbado_auth.addresses import same_address
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.identity import CorbadoUser
from corbado_auth.models import CorbadoAccount

from .second_users import find_pairs

__all__ = ["Difference", "compare"]

PAGE = 100
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


def compare(service: CorbadoService | None = None) -> Iterator[Difference]:
    """Yield the differences; raises CorbadoError. Keeps one number per account in memory."""
    service = service or CorbadoService()
    accounts = CorbadoAccount.objects.in_project()
    found: set[int] = set()
    page = pages = 1
    while page <= pages:
        people, pages = service.list_users(page=page, page_size=PAGE)
        here = {
            account.corbado_user_id: account
            for account in accounts.filter(
                corbado_user_id__in=[person.id for person in people]
            ).select_related("user")
        }
        for person in people:
            account = here.get(person.id)
            if account is not None and not person.is_gone:
                found.add(account.pk)
            yield from _differences(person, account)
        yield from _second_users(people, here)
        page += 1
    for account in accounts.order_by("pk").iterator():
        if account.pk not in found:
            yield Difference("gone_at_corbado", account.corbado_user_id, str(account.user_id))


def _second_users(
    people: list[CorbadoUser], here: Mapping[str, CorbadoAccount]
) -> Iterator[Difference]:
    linked = [(each, here[each.id]) for each in people if each.id in here and not each.is_gone]
    for pair in find_pairs(linked):
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
