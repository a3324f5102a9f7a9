"""Which sessions a person has: kept by another package where one is installed, else by us.

django-qsessions and django-user-sessions name the user in each session's row, allauth.usersessions
has a table beside the sessions, and so does this app with CORBADO_SESSION_LIST.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from corbado_auth.client_info import user_agent
from corbado_auth.conf import conf
from corbado_auth.models import db_for_write
from corbado_auth.session import SIGN_IN, belongs_to, former_key, primary_key
from corbado_auth.sign_in_record import ListedSession
from corbado_auth.statements import insert_values

from . import stores

__all__ = [
    "Entry",
    "entries",
    "forget",
    "is_on",
    "known_keys",
    "note_sign_in",
    "note_sign_out",
]

MAX_KEY = 40
MAX_USER_AGENT = 255


@dataclass(frozen=True, slots=True)
class Entry:
    """One session of a person, as their page shows it; times are None where they are not stored."""

    key: str = field(repr=False)  # It would open the session.
    user_agent: str
    signed_in_at: datetime | None
    last_seen_at: datetime | None
    is_current: bool

    @property
    def handle(self) -> str:
        """Return an identifier of the session for pages: the key itself would open the session."""
        return salted_hmac("corbado_auth.sessions", self.key, algorithm="sha256").hexdigest()[:32]


def is_on() -> bool:
    """Return whether there is a list: ours, or another package's."""
    return conf.CORBADO_SESSION_LIST or _has_allauths() or stores.named_user() is not None


def entries(request: HttpRequest) -> list[Entry]:
    """Return the sessions of the signed-in person, this one first, then the newest."""
    return sorted(_alive(request), key=lambda entry: (not entry.is_current, _age(entry)))


def known_keys(users: Collection[Any]) -> set[str]:
    """Return the keys that the list has of these users, given by primary key; some may be old."""
    rows = stores.named_user()
    if rows is not None:
        return set(rows.filter(user__in=users).values_list("session_key", flat=True))
    keys: set[str] = set()
    for listed in _tables():
        keys.update(listed.filter(user__in=users).values_list("session_key", flat=True))
    return keys


def forget(keys: Iterable[str]) -> None:
    """Take sessions off the list."""
    keys = list(keys)
    for listed in _tables() if keys else ():
        listed.filter(session_key__in=keys).delete()


def note_sign_in(request: HttpRequest | None, user: Any, **_signal: Any) -> None:
    """Put the session on the list: one statement. Connected to ``user_logged_in``."""
    session = getattr(request, "session", None)
    if request is None or session is None or not belongs_to(session, user):
        return
    if _has_allauths():
        # By itself, it only records sign-ins through allauth.
        _allauths().objects.create_from_request(request, user=user)
    elif _keeps_list():
        if session.session_key is None:
            session.create()  # Another user's session was flushed.
        _list(request, session, user.pk, timezone.now())


def note_sign_out(request: HttpRequest | None, **_signal: Any) -> None:
    """Take the session off the list. Connected to ``user_logged_out``."""
    session = getattr(request, "session", None)
    if session is not None and session.session_key and _is_ours():
        _listed().filter(session_key=session.session_key).delete()


def _list(request: HttpRequest, session: SessionBase, user: Any, at: datetime) -> None:
    key = str(session.session_key)
    if len(key) > MAX_KEY:
        return  # Sessions in cookies have no short key: see corbado_auth.E014.
    values = {
        "user_id": user,
        "session_key": key,
        "signed_in_at": at,
        "user_agent": user_agent(request, MAX_USER_AGENT),
    }
    # A session that signs in once more keeps its row, whether its key changes or not.
    former = former_key(request)
    if not former or not _listed().filter(session_key=former, user=user).update(**values):
        insert_values(ListedSession, using=db_for_write(), **values)


def _alive(request: HttpRequest) -> list[Entry]:
    """Return the listed sessions that are still this person's; take the others off the list."""
    user: Any = request.user
    rows = stores.named_user()
    if rows is None:
        _list_this_one(request)
    tables = _tables() if rows is None else [rows]
    found = [row for listed in tables for row in listed.filter(user=user.pk)]
    sessions = stores.read([row.session_key for row in found])
    bindings = _bindings(user)
    alive = [
        row
        for row in found
        if (data := sessions.get(row.session_key, {})).get(SESSION_KEY) == primary_key(user)
        # A new password has ended it, though it is still there.
        and (not bindings or data.get(HASH_SESSION_KEY) in bindings)
    ]
    forget({row.session_key for row in found} - {row.session_key for row in alive})
    return [_of_row(row, request) for row in alive]


def _bindings(user: Any) -> set[str]:
    """Return the session hashes that Django accepts for this user, with former secret keys, too."""
    if not hasattr(user, "get_session_auth_hash"):
        return set()
    return {user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()}


def _list_this_one(request: HttpRequest) -> None:
    """Put this session on the list if it began before that was on, or has got another key."""
    session, user = request.session, request.user.pk
    if any(each.filter(session_key=session.session_key, user=user).exists() for each in _tables()):
        return
    if _has_allauths():
        _allauths().objects.create_from_request(request)
    else:
        noted = session.get(SIGN_IN)
        at = datetime.fromtimestamp(noted["at"], UTC) if noted else timezone.now()
        _list(request, session, user, at)


def _of_row(row: Any, request: HttpRequest) -> Entry:
    """Read a row of either table: each has its own names for the times."""
    signed_in = getattr(row, "signed_in_at", None) or getattr(row, "created_at", None)
    last_seen = next(
        (
            getattr(row, name)
            for name in ("last_seen_at", "updated_at", "last_activity")
            if getattr(row, name, None)
        ),
        None,
    )
    return Entry(
        key=row.session_key,
        user_agent=row.user_agent or "",
        signed_in_at=signed_in,
        last_seen_at=last_seen,
        is_current=row.session_key == request.session.session_key,
    )


def _age(entry: Entry) -> float:
    latest = entry.last_seen_at or entry.signed_in_at
    return -latest.timestamp() if latest else 0.0


def _tables() -> list[QuerySet[Any]]:
    if _has_allauths():
        return [_allauths()._base_manager.all()]
    return [_listed()] if _is_ours() else []


def _listed() -> QuerySet[ListedSession]:
    return ListedSession.objects.using(db_for_write())


def _is_ours() -> bool:
    """Return whether the list is our own table."""
    return _keeps_list() and not _has_allauths()


def _keeps_list() -> bool:
    """Return whether it is, in a site without allauth's."""
    return conf.CORBADO_SESSION_LIST and stores.named_user() is None


def _has_allauths() -> bool:
    return apps.is_installed("allauth.usersessions")


def _allauths() -> Any:
    app, name = "usersessions", "UserSession"
    return apps.get_model(app, name)
