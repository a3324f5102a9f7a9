"""People with two local users: the one that is linked, and one who was here before.

This happens if an address was not confirmed, or not found: the person ended up in a new, empty
account, and their data stayed with the other one. Nothing is merged automatically.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from corbado_auth.addresses import normalized, same_address
from corbado_auth.identity import CorbadoUser
from corbado_auth.local_users import (
    email_field_name,
    email_of,
    is_mere_user_name,
    is_shared_address,
    names_may_be_addresses,
    users_with_email,
)
from corbado_auth.models import CorbadoAccount, db_for_write
from corbado_auth.user_names import users_named

__all__ = ["AlreadyLinked", "Pair", "belongings", "count_pairs", "find_pairs", "merge"]

# Addresses per query: SQLite allows a thousand conditions, and each address takes several.
AT_ONCE = 25


class AlreadyLinked(Exception):
    """The user who would get the link has one already."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two local users of one person: ``account.user``, who is linked, and ``other``, who is not.

    ``is_confirmed`` tells whether Corbado has confirmed the address that the other one has, in the
    email field or, if that is empty, as user name.
    """

    account: CorbadoAccount
    other: Any
    is_confirmed: bool


class Doubtful(NamedTuple):
    """An address of a person at Corbado that another local user may have."""

    person: CorbadoUser
    account: CorbadoAccount
    address: str


def find_pairs(
    people: Iterable[tuple[CorbadoUser, CorbadoAccount]], shared: frozenset[str]
) -> Iterator[Pair]:
    """Yield the pairs among these people, a page of them; ``user`` of each account has been read.

    Also those whose other user has the address as user name; ``is_confirmed`` is false if that
    user's email field says something else.
    ``shared`` is what ``shared_addresses`` returned. Most people's only address is their own and
    not in there, so nobody is searched for: without an index that would read every user.
    """
    all_addresses = [
        Doubtful(person, account, address)
        for person, account in people
        for address in (*person.verified_emails, *person.unverified_emails)
    ]
    doubtful = [each for each in all_addresses if _may_have_another_user(each, shared)]
    for some in _batched(doubtful, AT_ONCE):
        yield from _find_pairs(some)
    yield from _find_pairs_by_name(all_addresses)


def count_pairs() -> int | None:
    """Return how many people have two local users, by the confirmed addresses alone, in one query.

    A user name counts as the address is written, or in lower case. None where the user model has no
    email field that the database can compare.
    """
    field = email_field_name()
    if field is None:
        return None
    users = get_user_model()._default_manager.using(db_for_write())
    accounts = CorbadoAccount.objects.current()
    linked = accounts.filter(user_id=OuterRef("pk"))
    has_address = {f"{field}__iexact": OuterRef("email")}
    others = users.filter(**has_address).exclude(pk=OuterRef("user_id")).filter(~Exists(linked))
    own = users.filter(pk=OuterRef("user_id"), **has_address)
    suspects = accounts.exclude(email="").filter(Exists(others))
    by_address = suspects.filter(~Exists(own))
    # Created for the address although someone here had it: the lookup did not find them.
    found = by_address | suspects.filter(created_for_email__isnull=False)
    if names_may_be_addresses():
        written = [OuterRef("email"), Lower(OuterRef("email"))]
        named = users.filter(**{f"{get_user_model().USERNAME_FIELD}__in": written})
        named = named.filter(Q(**{field: ""}) | Q(**{f"{field}__isnull": True}))
        others = named.exclude(pk=OuterRef("user_id")).filter(~Exists(linked))
        found |= accounts.exclude(email="").filter(Exists(others))
    return found.count()


def belongings(user: AbstractBaseUser) -> dict[str, int]:
    """Count the rows that refer to a user, by model name; none of them move with the link."""
    counts: dict[str, int] = {}
    for relation in user._meta.get_fields(include_hidden=True):
        if not relation.auto_created or relation.concrete or not relation.is_relation:
            continue
        model, field = relation.related_model, getattr(relation, "field", None)
        if field is None or model is None or model._meta.app_label == "corbado_auth":
            continue
        number = model._base_manager.using(db_for_write()).filter(**{field.name: user}).count()
        if number and not model._meta.auto_created:
            counts[str(model._meta.verbose_name_plural)] = number
    return counts


def merge(account: CorbadoAccount, into: AbstractBaseUser) -> None:
    """Move an account to another local user, and sign the former one out everywhere.

    Raises AlreadyLinked. The former user stays, with all that they have.
    """
    former: Any = account.user
    using = db_for_write()
    try:
        with transaction.atomic(using=using):
            CorbadoAccount.objects.relink(account, into)
            if not former.has_usable_password():
                # A new hash ends all their sessions.
                former.set_unusable_password()
                former.save(using=using, update_fields=["password"])
    except IntegrityError:
        raise AlreadyLinked from None


def _may_have_another_user(doubtful: Doubtful, shared: frozenset[str]) -> bool:
    _person, account, address = doubtful
    if not same_address(email_of(account.user), address):
        return True
    # The address is this user's own, and they were not created for it: no second user.
    if account.created_for_email is None:
        return False
    return is_shared_address(address, using=db_for_write(), known=shared)


def _find_pairs(doubtful: Sequence[Doubtful]) -> Iterator[Pair]:
    found = users_with_email([each.address for each in doubtful], using=db_for_write())
    others = _unlinked([(email_of(user), user) for user in found])
    for person, account, address in doubtful:
        for other in others.get(normalized(address), []):
            yield Pair(account, other, address in person.verified_emails)


def _find_pairs_by_name(doubtful: Sequence[Doubtful]) -> Iterator[Pair]:
    found = users_named([each.address for each in doubtful], using=db_for_write())
    others = _unlinked([(user.get_username(), user) for user in found])
    for person, account, address in doubtful:
        for other in others.get(normalized(address), []):
            # With the address in the email field, too, they are listed above.
            if normalized(email_of(other)) != normalized(address):
                is_theirs = is_mere_user_name(other, person.verified_emails)
                yield Pair(account, other, is_theirs)


def _unlinked(found: Sequence[tuple[str, Any]]) -> dict[str, list[Any]]:
    """Return those of these users who have no account, by what they were found by."""
    named: dict[str, list[Any]] = {}
    users = {user.pk for _name, user in found}
    if not users:
        return named
    accounts = CorbadoAccount.objects.current().filter(user_id__in=users)
    linked = set(accounts.values_list("user_id", flat=True))
    for name, user in found:
        if user.pk not in linked:
            named.setdefault(normalized(name), []).append(user)
    return named


def _batched(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
