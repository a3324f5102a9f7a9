"""Makes local users of whatever model the site of this run has."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser


def create_user(email: str, *, password: str | None = None, **fields: Any) -> AbstractBaseUser:
    """Save a local user; where the model has a user name, it is the email unless given."""
    model = get_user_model()
    fields[model.get_email_field_name()] = email
    fields.setdefault(model.USERNAME_FIELD, email)
    user = model(**fields)
    user.set_password(password)
    user.save()
    return user
