"""Who may call a webhook: Basic authentication against CORBADO_WEBHOOK_SECRETS."""

from __future__ import annotations

import base64
import binascii

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from corbado_auth.conf import conf
from corbado_auth.projects import project_names, use_project

__all__ = ["is_authorized", "is_complete", "other_owner"]


def is_authorized(request: HttpRequest) -> bool:
    """Return whether the request carries one of the site's webhook credentials.

    An incomplete entry matches nothing: an environment variable that was never set easily becomes
    ``None`` or ``"user:"``, which anyone could send.
    """
    scheme, _space, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        given = b""
    # Whole strings are compared, so that a password may contain a colon, and all of them, so
    # that the time does not reveal which one was nearly right.
    complete = filter(is_complete, conf.CORBADO_WEBHOOK_SECRETS)
    matches = [constant_time_compare(given, entry) for entry in complete]
    return scheme.lower() == "basic" and any(matches)


def other_owner(request: HttpRequest) -> str:
    """Return whose the credentials are, if they belong to another project of this site."""
    for name in project_names():
        with use_project(name):
            if is_authorized(request):
                return name
    return ""


def is_complete(entry: object) -> bool:
    """Return whether an entry is ``"user:password"`` with neither part blank."""
    user, _colon, password = entry.partition(":") if isinstance(entry, str) else ("", "", "")
    return bool(user.strip() and password.strip())
