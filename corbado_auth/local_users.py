"""Reading AUTH_USER_MODEL: finding users by email address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db import connections
from django.db.models import CharField, Count, EmailField, Q, QuerySet, TextField
from django.db.models.functions import Upper
from django.db.models.lookups import IExact
from django.db.models.manager import BaseManager
from django.db.models.query import ModelIterable
from django.utils.translation import gettext

from .address_conditions import contains, has_one_of, is_one_of, is_spaced, parameters
from .addresses import ACE_PREFIX, capitals, normalized, spellings
from .statements import Statement

__all__ = [
    "NOT_SEARCHABLE",
    "candidates",
    "count_spaced_addresses",
    "display_name",
    "email_field_name",
    "email_of",
    "find_again",
    "find_field",
    "has_hidden_user",
    "is_mere_user_name",
    "is_shared_address",
    "lookup_is_blind",
    "manager_is_plain",
    "search",
    "shared_addresses",
    "users_with_email",
]

# The database stores what the model shows; for a field of any other class, it may not.
PLAIN_FIELDS = {CharField, EmailField, TextField}
# What fields that cannot be searched raise for a lookup.
NOT_SEARCHABLE = (FieldError, NotImplementedError, TypeError, ValueError)
CORBADO_ID = "usr-"  # How Corbado's user IDs begin (API notes 2).
# How many users are looked up to see whether lookups work at all.
SAMPLE = 50


def find_field(name: str) -> Any:
    """Return the field of the user model with this name, or None."""
    try:
        return get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def email_field_name() -> str | None:
    """Return the name of the user model's email field, or None if it has none."""
    name = get_user_model().get_email_field_name()
    return name if find_field(name) else None


def email_of(user: AbstractBaseUser) -> str:
    """Return the user's address, or an empty string."""
    name = email_field_name()
    return (getattr(user, name) or "") if name else ""


def display_name(user: Any) -> str:
    """Return what a page calls a user: the address, else the full name, else the user name.

    A Corbado user ID, which older accounts may have as their user name, does not count as a name.
    """
    full_name = str(getattr(user, "get_full_name", str)()).strip()
    name = str(user.get_username())
    if name.startswith(CORBADO_ID):
        name = gettext("someone without a name")
    return email_of(user).strip() or full_name or name


class Found(NamedTuple):
    """Users with one of the addresses, active or not; and those who have it only as user name.

    ``named`` is None if nobody was searched for by name.
    """

    users: list[Any]
    named: list[Any] | None


def users_with_email(addresses: Sequence[str], *, using: str) -> list[AbstractBaseUser]:
    """Return the local users, active or not, who have one of these addresses.

    The database finds candidates case-insensitively; Python decides.
    """
    return _search(addresses, using)


def search(addresses: Sequence[str], *, using: str) -> Found:
    """Return the users with these addresses, and in the same statement those with such a name."""
    if not _all_spellings(addresses):
        return Found([], [])
    if not names_may_be_addresses() or not _is_searched_plainly(using):
        return Found(users_with_email(addresses, using=using), None)
    read = _plain_search(addresses, using, with_names=True)
    named = [user for user in read if is_mere_user_name(user, addresses)]
    return Found(_who_have_one_of(addresses, read), named)


def names_may_be_addresses() -> bool:
    """Return whether user names can be searched, and are not the addresses themselves."""
    name = get_user_model().USERNAME_FIELD
    field = find_field(name)
    is_found = isinstance(field, CharField | TextField) and field.unique  # By its index.
    return is_found and name != email_field_name()


def _who_have_one_of(addresses: Iterable[str], users: Iterable[Any]) -> list[Any]:
    wanted = {normalized(address) for address in addresses} - {""}
    return [user for user in users if normalized(email_of(user)) in wanted]


def has_hidden_user(addresses: Sequence[str], *, using: str) -> bool:
    """Return whether someone whom the default manager hides has one of these addresses."""
    if manager_is_plain(using) or email_field_name() is None or not any(addresses):
        return False
    everyone = get_user_model()._base_manager.using(using)
    try:
        found = list(everyone.filter(_has_one_of(addresses, using)))
    except NOT_SEARCHABLE:
        return False
    return bool(_who_have_one_of(addresses, found))


def candidates(addresses: Sequence[str], *, using: str) -> QuerySet[Any]:
    """Return users whose address matches one of these according to the database.

    This query runs at every sign-in; ``corbado_email_index`` creates the index that it needs.
    """
    return _users(using).filter(_has_one_of(addresses, using))


def _has_one_of(addresses: Sequence[str], using: str) -> Q:
    name = str(email_field_name())
    if _is_compared_plainly():
        return has_one_of(name, _all_spellings(addresses), connections[using].vendor)
    return is_one_of(name, _all_spellings(addresses))


def _all_spellings(addresses: Sequence[str]) -> list[str]:
    # Many local users may have no address at all: an empty one matches nobody.
    given = (address for address in addresses if address.strip())
    return [spelling for address in given for spelling in spellings(address)]


def lookup_is_blind(*, using: str) -> bool:
    """Return whether lookups by address fail to find users who have it.

    They do without an email field, or if the database stores something other than what the model
    shows, as with an encrypted field. To find out, some users are looked up by their own addresses.
    """
    name = email_field_name()
    if name is None:
        return True
    if type(find_field(name)) in PLAIN_FIELDS:
        return False
    for user in _users(using).order_by("-pk")[:SAMPLE]:
        address = email_of(user)
        if address.strip() and not users_with_email([address], using=using):
            # Unless the user was deleted, or changed the address, meanwhile.
            again = _users(using).filter(pk=user.pk).first()
            if again is not None and email_of(again) == address:
                return True
    return False


def find_again(user: AbstractBaseUser, backend: BaseBackend, *, using: str) -> Any:
    """Return a user as a backend's ``get_user()`` will find them at the next request, or None.

    With Django's own this costs no query unless the default manager hides users.
    """
    if type(backend).get_user is not ModelBackend.get_user:
        return backend.get_user(user.pk)
    if manager_is_plain(using):
        return user
    return get_user_model()._default_manager.using(using).filter(pk=user.pk).first()


def manager_is_plain(using: str) -> bool:
    """Return whether the default manager returns all users, as instances of the user model."""
    manager: Any = get_user_model()._default_manager
    is_djangos = type(manager).get_queryset is BaseManager.get_queryset
    if is_djangos and manager._queryset_class is QuerySet:
        return True  # Most sites: no queryset has to be made at every sign-in.
    users = manager.using(using)
    query = users.query
    narrowed = query.where or query.combinator or query.distinct or query.is_sliced
    widened = query.annotations or query.extra or query.select_related
    of_its_own = (
        query.deferred_loading[0]
        or users._prefetch_related_lookups
        or users._iterable_class is not ModelIterable
        or type(users)._fetch_all is not QuerySet._fetch_all
    )
    return not (narrowed or widened or of_its_own)


def count_spaced_addresses(*, using: str) -> int:
    """Count the users whose addresses begin or end with a space of any kind."""
    name = email_field_name()
    if name is None or type(find_field(name)) not in PLAIN_FIELDS:
        return 0
    return int(_users(using).filter(is_spaced(name, connections[using].vendor)).count())


def is_mere_user_name(user: AbstractBaseUser, addresses: Iterable[str]) -> bool:
    """Return whether one of these is the user name of a user whose email field is empty."""
    name = normalized(str(user.get_username()))
    return not email_of(user).strip() and name in map(normalized, addresses)


def is_shared_address(address: str, *, using: str, known: frozenset[str] | None = None) -> bool:
    """Return whether several local users have this address, as the database sees it.

    ``known`` is what ``shared_addresses`` returned, for callers that ask often.
    """
    if known is not None:
        return _folded(address) in known
    return email_field_name() is not None and len(_search([address], using)) > 1


def shared_addresses(*, using: str) -> frozenset[str]:
    """Return the case-folded addresses that several local users share, in one query.

    In upper case, since that is how PostgreSQL compares (``iexact``), and what its index holds.
    If the database cannot search the field, all rows are read.
    """
    field = email_field_name()
    if field is None:
        return frozenset()
    if type(find_field(field)) not in PLAIN_FIELDS:
        return _counted(map(email_of, _users(using).iterator()))
    users = _users(using).order_by()
    shared = users.values_list(Upper(field)).annotate(number=Count("pk")).filter(number__gt=1)
    folded = {_folded(address) for address, _number in shared.iterator() if address}
    # Few sites have any, and each is looked up: a domain in Punycode, spaces at either end.
    vendor = connections[using].vendor
    odd = contains(field, ACE_PREFIX, vendor) | is_spaced(field, vendor)
    written = users.filter(odd).values_list(field, flat=True)
    folded |= {_folded(each) for each in written if is_shared_address(each, using=using)}
    return frozenset(folded)


def _users(using: str) -> QuerySet[Any]:
    return get_user_model()._default_manager.using(using)


def _search(addresses: Sequence[str], using: str) -> list[Any]:
    """Return who has one of these; nobody is found by a field that cannot be searched."""
    if email_field_name() is None or not _all_spellings(addresses):
        return []
    try:
        if _is_searched_plainly(using):
            found = _plain_search(addresses, using)
        else:
            found = list(candidates(addresses, using=using))
    except NOT_SEARCHABLE:
        return []
    return _who_have_one_of(addresses, found)


def _is_searched_plainly(using: str) -> bool:
    """Return whether the search is the same for every address, apart from the address itself."""
    return _is_compared_plainly() and manager_is_plain(using)


def _is_compared_plainly() -> bool:
    """Return whether the column holds the addresses as they are, and Django compares them."""
    field = find_field(email_field_name() or "")
    return type(field) in PLAIN_FIELDS and field.get_lookup("iexact") is IExact


def _plain_search(addresses: Sequence[str], using: str, *, with_names: bool = False) -> list[Any]:
    """Read the candidates by a statement that was compiled before."""
    model, connection = get_user_model(), connections[using]
    written = _all_spellings(addresses)
    names = [name for address in addresses for name in capitals(address)] if with_names else []
    statement = _statement(model, str(email_field_name()), len(written), len(names), using)
    given = {f"name {n}": each for n, each in enumerate(names)}
    for n, each in enumerate(written):
        stand_ins = parameters(_placeholder(n), connection)
        given |= zip(stand_ins, parameters(each, connection), strict=True)
    return [model.from_db(using, statement.fields, row) for row in statement.rows(given)]


@lru_cache
def _statement(model: Any, field: str, number: int, names: int, using: str) -> Statement:
    """Compile the search for so many spellings once: each time takes a tenth of a sign-up."""
    placeholders = [_placeholder(n) for n in range(number)]
    sought = has_one_of(field, placeholders, connections[using].vendor)
    if names:
        sought |= Q(**{f"{model.USERNAME_FIELD}__in": [f"name {n}" for n in range(names)]})
    return Statement.of(model._default_manager.using(using).filter(sought))


def _placeholder(number: int) -> str:
    """Return what stands for a spelling; the database's own preparation leaves it as it is."""
    return f"spelling {number}"


def _counted(addresses: Iterable[str]) -> frozenset[str]:
    numbers = Counter(map(_folded, addresses))
    return frozenset(address for address, number in numbers.items() if address and number > 1)


def _folded(address: str) -> str:
    """Fold an address by way of its upper case, which for ``ı`` may be ``I``."""
    return normalized(address).upper().casefold()
