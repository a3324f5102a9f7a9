"""How we read AUTH_USER_MODEL: users by email address."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Upper
from django.db.models.query import ModelIterable

__all__ = [
    "candidates",
    "email_field_name",
    "email_of",
    "find_again",
    "find_field",
    "is_plain",
    "is_shared_address",
    "lowered",
    "same_address",
    "shared_addresses",
    "users_with_email",
]

_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def find_field(name: str) -> Any:
    """Return the field of the user model with this name, or None where it has none."""
    try:
        return get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def email_field_name() -> str | None:
    """Name the email field of the user model, or None where it has none."""
    name = get_user_model().get_email_field_name()
    return name if find_field(name) else None


def email_of(user: AbstractBaseUser) -> str:
    """Return the user's address, or an empty string."""
    name = email_field_name()
    return (getattr(user, name) or "") if name else ""


def same_address(one: str, other: str) -> bool:
    """Compare two addresses: equal once ASCII letters are lowered, else exactly.

    Unicode case folding equates ``ſ`` with ``s`` and the Kelvin sign with ``k``, and databases
    fold in their own ways: an address that merely looks alike belongs to somebody else
    (CVE-2019-19844).
    """
    return lowered(one) == lowered(other)


def lowered(address: str) -> str:
    """Lower the ASCII letters of an address, and nothing else."""
    return address.translate(_ASCII_LOWER)


def users_with_email(addresses: Sequence[str], *, using: str) -> list[AbstractBaseUser]:
    """List the local users, active or not, who have one of these addresses.

    The database narrows down without regard to case; Python has the last word.
    """
    # Many local users may have no address at all; nobody is found by that.
    addresses = [address for address in addresses if address]
    if email_field_name() is None or not addresses:
        return []
    return [
        user
        for user in candidates(addresses, using=using)
        if any(same_address(email_of(user), address) for address in addresses)
    ]


def candidates(addresses: Sequence[str], *, using: str) -> QuerySet[Any]:
    """Return whom the database takes for users with these addresses: the query of every sign-in.

    ``corbado_email_index`` makes the index that it needs.
    """
    field = email_field_name()
    wanted = reduce(or_, (Q(**{f"{field}__iexact": address}) for address in addresses))
    return get_user_model()._default_manager.using(using).filter(wanted)


def find_again(user: AbstractBaseUser, backend: BaseBackend, *, using: str) -> Any:
    """Return a user as the next request finds them, or None: it asks a backend's ``get_user()``.

    Django's own costs no query unless the default manager hides somebody.
    """
    if type(backend).get_user is not ModelBackend.get_user:
        return backend.get_user(user.pk)
    users = get_user_model()._default_manager.using(using)
    return user if is_plain(users) else users.filter(pk=user.pk).first()


def is_plain(users: QuerySet[Any]) -> bool:
    """Tell whether a manager's rows are all rows of the table, each an object of the model."""
    query = users.query
    narrowed = query.where or query.combinator or query.distinct or query.is_sliced
    widened = query.annotations or query.extra or query.select_related
    of_its_own = (
        query.deferred_loading[0]
        or users._prefetch_related_lookups  # type: ignore[attr-defined]
        or users._iterable_class is not ModelIterable
        or type(users)._fetch_all is not QuerySet._fetch_all
    )
    return not (narrowed or widened or of_its_own)


def is_shared_address(address: str, *, using: str, known: frozenset[str] | None = None) -> bool:
    """Tell whether several local users have this address, as the database sees it.

    ``known`` is what `shared_addresses` has found, for those who ask often.
    """
    if known is not None:
        return _folded(address) in known
    field = email_field_name()
    users = get_user_model()._default_manager.using(using)
    return field is not None and users.filter(**{f"{field}__iexact": address}).count() > 1


def shared_addresses(*, using: str) -> frozenset[str]:
    """Return the addresses, folded, that several local users have: one query for all.

    In upper case, since that is how PostgreSQL compares (``iexact``), and so has them in an index.
    """
    field = email_field_name()
    if field is None:
        return frozenset()
    shared = (
        get_user_model()
        ._default_manager.using(using)
        .values_list(Upper(field))
        .annotate(number=Count("pk"))
        .filter(number__gt=1)
        .order_by()
    )
    return frozenset(_folded(address) for address, _number in shared.iterator() if address)


def _folded(address: str) -> str:
    """Fold an address as its upper case is folded, whatever made that: of ``ı`` it may be ``I``."""
    return address.upper().casefold()
