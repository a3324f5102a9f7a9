"""Which passkeys were added or removed with Connect's component, which lists them in the browser.

We compare them when the component takes a token to list them: when the page is opened, and after
the changes that it then makes.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from corbado_auth.corbado_api.connect import ConnectService
from corbado_auth.events import log_event
from corbado_auth.exceptions import CorbadoError
from corbado_auth.known_passkeys import note_passkeys
from corbado_auth.models import ConnectAccount

__all__ = ["note_changes"]

# The first list of a person is compared with the passkeys that are older than this, by Corbado's
# own time: they may just have added their first one.
JUST_ADDED = timedelta(minutes=10)


def note_changes(request: HttpRequest, account: ConnectAccount) -> None:
    """Ask Corbado for a person's passkeys, and send signals for what has changed.

    A backend API key may lack the permission. That is logged, and breaks nothing.
    """
    service = ConnectService()
    try:
        if not account.corbado_user_id:
            account.corbado_user_id = service.find_user(account.handle)
        found = service.list_passkeys(account.corbado_user_id) if account.corbado_user_id else None
    except CorbadoError as error:
        log_event(
            logging.INFO,
            "Connect: passkeys not compared: %s (local user %s)",
            error,
            account.user_id,
            event="passkeys_not_compared",
            reason=error.error_type,
            corbado_user_id=account.corbado_user_id,
        )
        return
    if found is None:
        return
    long_ago = timezone.now() - JUST_ADDED
    old = (each.id for each in found if each.created is None or each.created < long_ago)
    note_passkeys(request, account, (each.id for each in found), before=old)
