"""Create local users of the user model that this run has."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser


def create_user(
    email: str, *, password: str | None = None, user_name: str = "", **fields: Any
) -> AbstractBaseUser:
    """Save a local user; where the model has a user name, it is the email unless given.

    Two users whose addresses differ only in case need a ``user_name``: MariaDB ignores case.
    """
    model = get_user_model()
    fields[model.get_email_field_name()] = email
    if user_name and model.get_email_field_name() != model.USERNAME_FIELD:
        fields[model.USERNAME_FIELD] = user_name
    fields.setdefault(model.USERNAME_FIELD, email)
    user = model(**fields)
    user.set_password(password)
    user.save()
    return user
