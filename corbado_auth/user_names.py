"""User names that are email addresses: of people whose email field says nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from .addresses import capitals
from .local_users import email_field_name, names_may_be_addresses

__all__ = ["count_user_names_as_addresses", "users_named"]


def users_named(addresses: Sequence[str], *, using: str) -> list[Any]:
    """Return the users with one of these as user name, hidden ones included.

    In the capitals that people write: user names have an index, but none that ignores case.
    """
    if not names_may_be_addresses():
        return []
    model = get_user_model()
    written = [form for each in addresses if each.strip() for form in capitals(each)]
    return list(model._base_manager.using(using).filter(**{f"{model.USERNAME_FIELD}__in": written}))


def count_user_names_as_addresses(*, using: str) -> int:
    """Count the users whose email field is empty and whose user name looks like an address."""
    field = email_field_name()
    if field is None or not names_may_be_addresses():
        return 0
    model = get_user_model()
    nothing = Q(**{field: ""}) | Q(**{f"{field}__isnull": True})
    named = model._default_manager.using(using).filter(nothing)
    return int(named.filter(**{f"{model.USERNAME_FIELD}__contains": "@"}).count())
