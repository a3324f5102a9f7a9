"""Finding the handle for what a person typed, for Connect's pre-login action (API notes C.3.4).

The action is a script of the site's own that runs at Corbado; what it sends, and passes on, is up
to its author. Ours is in the documentation.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from corbado_auth.backends import corbado_backend
from corbado_auth.conf import conf, own_project_id
from corbado_auth.events import log_event
from corbado_auth.exceptions import SignInRefused
from corbado_auth.handles import new_handle
from corbado_auth.local_users import users_with_email
from corbado_auth.models import ConnectAccount, db_for_write
from corbado_auth.throttle import Tally

from .views import WebhookView, read_body, text_of

__all__ = ["ConnectIdentifierView"]


# Per name, and in total: the component does not limit attempts itself.
QUESTIONS_PER_NAME = 20
QUESTIONS_PER_MINUTE = 1200
MAX_TYPED = 254

# ``return: false`` keeps the component silent: it falls back to the password without a message.
NOBODY = {
    "identifier": "",
    "error": {"return": False, "code": "user_not_found", "message": ""},
}


class ConnectIdentifierView(WebhookView):
    """Take ``{"identifier": what was typed}`` and return the body that the action passes on.

    People who are unknown, ambiguous, inactive, without a handle, or staff while ``link_staff`` is
    off, all get the same answer, for the same work.
    """

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Return the handle, or none."""
        if not conf.CORBADO_CONNECT:
            raise Http404("CORBADO_CONNECT is off.")
        typed = text_of(read_body(request), "identifier", where="").strip()[:MAX_TYPED]
        project_id = own_project_id()
        is_too_often = Tally("connect_name", project_id + typed).add() > QUESTIONS_PER_NAME
        if is_too_often or Tally("connect_names", project_id).add() > QUESTIONS_PER_MINUTE:
            log_event(
                logging.WARNING,
                "Connect: too many requests for identifiers",
                event="webhook_refused",
                reason="too_many_questions",
            )
            return JsonResponse(NOBODY)
        handle = self._handle(typed)
        return JsonResponse({"identifier": handle} if handle else NOBODY)

    def _find_users(self, typed: str) -> list[AbstractBaseUser]:
        """Return the local users who may be meant, by address or by user name."""
        model = get_user_model()
        named = model._default_manager.using(db_for_write()).filter(**{model.USERNAME_FIELD: typed})
        found = {user.pk: user for user in users_with_email([typed], using=db_for_write())}
        # A case-insensitive collation may match more than was asked for.
        exact: list[Any] = [user for user in named if user.get_username() == typed]
        return list({**found, **{user.pk: user for user in exact}}.values())

    def _handle(self, typed: str) -> str:
        """Return the handle of the one matching person, or an empty string."""
        found = self._find_users(typed)
        user = found[0] if len(found) == 1 else None
        backend = corbado_backend()
        try:
            if user is not None and backend is not None:
                backend.check_connect(user)
        except SignInRefused:
            user = None
        account = self._accounts(user).first()
        if user is None:
            return ""
        if account is not None:
            return account.handle
        # The site's own identifier is known even before there is an account.
        return new_handle(user) if conf.CORBADO_CONNECT_IDENTIFIER else ""

    def _accounts(self, user: AbstractBaseUser | None) -> QuerySet[ConnectAccount]:
        """Return the user's account; for no user, run the same query with an unused handle."""
        accounts = ConnectAccount.objects.current()
        return accounts.filter(user_id=user.pk) if user else accounts.filter(handle="")
