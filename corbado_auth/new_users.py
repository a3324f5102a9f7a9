"""Creating a local user for a new person: the user name, and which fields are filled in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import NOT_PROVIDED, AutoField, CharField, TextField
from django.utils.crypto import get_random_string

from .exceptions import SignInRefused
from .identity import CorbadoUser
from .local_users import email_field_name, find_field
from .models import db_for_write

__all__ = ["create_user", "fields_without_value", "needs_confirmed_address"]

NAMES = {"first_name", "last_name"}
# Letters of a neutral name: none that make words, or that look like others.
LETTERS = "bcdfghjkmnpqrstvwxz23456789"


def create_user(
    corbado_user: CorbadoUser, wanted_name: str, *, may_be_taken: bool = True
) -> AbstractBaseUser:
    """Save and return a new local user with an unusable password.

    ``may_be_taken`` makes sure that nobody has the name yet. Without it, the database is left to
    refuse a name that is this person's own, their confirmed address or their ID at Corbado: a
    search that ignores case reads every user. Raises IntegrityError then; and SignInRefused for a
    person without a confirmed address if USERNAME_FIELD is the email field, and for an address that
    is too long.
    """
    model = get_user_model()
    address = corbado_user.verified_email
    email_field = email_field_name()
    if needs_confirmed_address() and not address:
        raise SignInRefused("no_confirmed_email")
    first_name, _space, last_name = corbado_user.full_name.partition(" ")
    values = {"first_name": first_name, "last_name": last_name}
    is_own = wanted_name in {address, corbado_user.id}
    for field in {"username", model.USERNAME_FIELD} - {email_field}:
        values[field] = _name(field, wanted_name, may_be_taken=may_be_taken or not is_own)
    if email_field:
        values[email_field] = address
    user = model(**_fitting(values))
    user.set_unusable_password()
    # Where the email is the primary key, a plain save() would overwrite its owner.
    user.save(using=db_for_write(), force_insert=True)
    return user


def needs_confirmed_address() -> bool:
    """Return whether a new user needs a confirmed address, because it is the user name."""
    return bool(email_field_name() == get_user_model().USERNAME_FIELD)


def fields_without_value() -> list[str]:
    """Return the fields that the database requires and ``create_user`` leaves out.

    Text may be empty, and a field with a default in the model or the database needs no value.
    """
    return [field.name for field in get_user_model()._meta.concrete_fields if _is_missing(field)]


def _is_missing(field: Any) -> bool:
    has_default = field.has_default() or field.db_default is not NOT_PROVIDED
    is_made = isinstance(field, AutoField) or getattr(field.remote_field, "parent_link", False)
    is_dated = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    is_text = isinstance(field, CharField | TextField)
    return not (field.null or has_default or is_made or is_dated or is_text)


def _name(name: str, wanted: str, *, may_be_taken: bool) -> str:
    """Return the wanted value of a field, with a number if it is taken, or a neutral one."""
    field = find_field(name)
    if not isinstance(field, CharField | TextField):
        return ""
    if not wanted or len(wanted) > (field.max_length or 254) - 4:
        return _neutral_name()
    return _unused(name, wanted) if may_be_taken or not field.unique else wanted


def _unused(name: str, wanted: str) -> str:
    """Return the wanted value of a field, with a number if someone has it, ignoring case.

    If someone takes it meanwhile, the database refuses the row, and this is called again.
    """
    users = get_user_model()._base_manager.using(db_for_write())
    taken = {
        str(each).casefold()
        for each in users.filter(**{f"{name}__istartswith": wanted})
        .order_by()
        .values_list(name, flat=True)[:1000]
    }
    candidates = (wanted, *(f"{wanted}-{number}" for number in range(2, 1000)))
    return next((each for each in candidates if each.casefold() not in taken), _neutral_name())


def _neutral_name() -> str:
    return f"user-{get_random_string(10, LETTERS)}"


def _fitting(values: dict[str, str]) -> dict[str, str]:
    """Return the values of fields that the user model has.

    Names are cut to fit; an address never is, since what is left may be someone else's.
    """
    fitting = {}
    for name, value in values.items():
        field = find_field(name)
        if not isinstance(field, CharField | TextField):
            continue
        fitting[name] = value[: field.max_length]
        if fitting[name] != value and name not in NAMES:
            raise SignInRefused("does_not_fit")
    return fitting
