"""Offering a passkey to people who sign in with a password: to whom, when, and their answer.

Decided at sign-in, so that pages do not have to write, and an offer that nobody answers is not
repeated any sooner.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from corbado_auth.backends import corbado_backend
from corbado_auth.conf import conf
from corbado_auth.impersonation import is_impersonating
from corbado_auth.models import ConnectAccount, CorbadoAccount, PasskeyNudge
from corbado_auth.passwords import came_with_password
from corbado_auth.projects import is_project_known
from corbado_auth.session import belongs_to, was_another_user
from corbado_auth.switch import is_enabled

__all__ = ["CONNECT", "answer", "consider", "is_offered"]

# In a session that began with a password, until the offer is answered: the products for which a
# passkey is offered.
SESSION_KEY = "_corbado_auth_nudge"
V1, CONNECT = "v1", "connect"


def consider(request: HttpRequest | None, user: Any, **_signal: Any) -> None:
    """Decide whether this session will show the offer. Connected to ``user_logged_in``."""
    session = getattr(request, "session", None)
    if request is None or session is None or not belongs_to(session, user):
        return
    if was_another_user(request, user) or not is_project_known():
        return
    session.pop(SESSION_KEY, None)
    by_password = came_with_password(request, user)
    # While a site moves to Connect, people who sign in the older way are asked, too.
    asked = {V1: by_password, CONNECT: by_password or conf.CORBADO_CONNECT == "both"}
    if any(asked[each] for each in _products()) and _is_due(user):
        # People who have signed in through Corbado do not need the offer. An account row alone says
        # nothing about the person: corbado_migrate_users writes one for everyone.
        offered = [
            each for each in _products() if asked[each] and not _signed_in(each, user.pk).exists()
        ]
        if offered and is_enabled(request):
            _remember(user, "")
            session[SESSION_KEY] = offered


def is_offered(request: HttpRequest, product: str = "") -> bool:
    """Return whether pages of this session show the offer; takes one query until it is answered.

    ``product`` defaults to the one that the site uses. The query covers what the person has said or
    done in another browser meanwhile.
    """
    session = getattr(request, "session", None)
    user = getattr(request, "user", AnonymousUser())
    product = product or _products()[0]
    if session is None or product not in session.get(SESSION_KEY, ()) or not user.is_authenticated:
        return False
    if is_impersonating(request) or not is_enabled(request):
        return False
    return _of(user).filter(~Exists(_signed_in(product, OuterRef("user_id"))), answer="").exists()


def answer(request: HttpRequest, said: PasskeyNudge.Answer) -> None:
    """Record the signed-in user's answer; this session does not ask again."""
    request.session.pop(SESSION_KEY, None)
    _remember(request.user, said)


def _products() -> list[str]:
    """Return the products in use, the one that ``{% corbado_passkey_nudge %}`` offers first."""
    used = {False: [V1], True: [CONNECT], "both": [V1, CONNECT]}
    return used[conf.CORBADO_CONNECT]


def _is_due(user: AbstractBaseUser) -> bool:
    backend = corbado_backend()
    if backend is None or backend.days_between_nudges is None:
        return False
    since = timezone.now() - timedelta(days=backend.days_between_nudges)
    last_word = [PasskeyNudge.Answer.NEVER, PasskeyNudge.Answer.ADDED]
    keeps_quiet = Q(answer__in=last_word) | Q(quiet_since__gt=since)
    return not _of(user).filter(keeps_quiet).exists()


def _remember(user: Any, said: str) -> None:
    PasskeyNudge.objects.current().update_or_create(
        user_id=user.pk,
        project_id=conf.CORBADO_PROJECT_ID,
        defaults={"quiet_since": timezone.now(), "answer": said},
    )


def _of(user: Any) -> QuerySet[PasskeyNudge]:
    return PasskeyNudge.objects.current().filter(user_id=user.pk)


def _signed_in(product: str, user_id: Any) -> QuerySet[Any]:
    """Return the account with which this person has signed in."""
    accounts: QuerySet[Any] = (
        ConnectAccount.objects.current() if product == CONNECT else CorbadoAccount.objects.current()
    )
    return accounts.filter(user_id=user_id, first_sign_in_at__isnull=False)
