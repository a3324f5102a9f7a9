"""Signed values that a client holds between two calls; they take no database row and no cookie.

They are the state of a sign-in that has begun, a verified person who has to confirm, and the proof
of a recent sign-in that is sent along with a token. The client may read them; all expire.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from django.core import signing
from django.core.cache import cache
from django.utils.crypto import get_random_string
from django.views.decorators.debug import sensitive_variables

from corbado_auth.conf import conf
from corbado_auth.identity import CorbadoUser
from corbado_auth.models import CorbadoAccount
from corbado_auth.sign_in.pending import pack, unpack
from corbado_auth.throttle import note_cache_failure

__all__ = ["Pending", "State", "is_recent_proof", "new_proof"]


STATE_SALT = "corbado_auth.headless.state"
PENDING_SALT = "corbado_auth.headless.pending"
PROOF_SALT = "corbado_auth.headless.proof"
STATE_AGE = 60 * 60
PENDING_AGE = 5 * 60


@dataclass(frozen=True, slots=True)
class State:
    """A sign-in that has begun: at which origin, and for which address, if the client knows it.

    ``email`` is the address that the person typed into this client. If the token's account has
    confirmed it, the token is not one of someone else's account.
    """

    id: str
    origin: str
    email: str = field(default="", repr=False)

    @classmethod
    def new(cls, origin: str, email: str) -> State:
        """Begin a sign-in."""
        return cls(get_random_string(22), origin, email)

    def sign(self) -> str:
        """Return the text that the client sends back."""
        return _sign([self.id, self.origin, self.email], STATE_SALT)

    @classmethod
    def read(cls, text: object, origin: str) -> State | None:
        """Return the state if it is ours, fresh, and from the origin that began; else None."""
        value = _read(text, STATE_SALT, STATE_AGE)
        state = cls(*value) if isinstance(value, list) and len(value) == 3 else None
        return state if state is not None and state.origin == origin else None

    @property
    def is_used(self) -> bool:
        """Return whether this sign-in has been finished; False if the cache does not know."""
        try:
            return cache.get(_used_key(self.id)) is not None
        except Exception as error:  # noqa: BLE001 -- whatever the cache's driver raises
            note_cache_failure(error)
            return False

    def use_up(self) -> bool:
        """Mark the state as used; return False if another request has used it."""
        return _use_up(self.id, STATE_AGE)


@dataclass(frozen=True, slots=True)
class Pending:
    """A verified person who is signed in only when the client confirms it.

    It is void once this person has signed in, here or elsewhere, which raises the count.
    """

    id: str
    origin: str
    mode: str
    corbado_user: CorbadoUser
    count: int

    @classmethod
    def new(cls, origin: str, mode: str, corbado_user: CorbadoUser) -> Pending:
        """Return a pending sign-in for a verified person."""
        count = _count(corbado_user)
        return cls(get_random_string(22), origin, mode, corbado_user, count)

    def sign(self) -> str:
        """Return the text that the client sends back."""
        value = [self.id, self.origin, self.mode, pack(self.corbado_user), self.count]
        return _sign(value, PENDING_SALT)

    @classmethod
    def read(cls, text: object, origin: str) -> Pending | None:
        """Return the result if it is ours, fresh, and comes from the same origin; else None."""
        value = _read(text, PENDING_SALT, PENDING_AGE)
        try:
            found, where, mode, user, count = value
            pending = cls(found, where, mode, unpack(user), count)
        except (KeyError, TypeError, ValueError):
            return None  # Not ours, or written by another release.
        return pending if pending.origin == origin else None

    def use_up(self) -> bool:
        """Mark it as used; return False if it was used, or the person has signed in since."""
        return _count(self.corbado_user) == self.count and _use_up(self.id, PENDING_AGE)


def new_proof(user_key: str) -> str:
    """Return the proof that this user has just signed in, for calls with a token."""
    return _sign([user_key, int(time.time())], PROOF_SALT)


@sensitive_variables("text")
def is_recent_proof(text: object, user_key: str, seconds: int) -> bool:
    """Return whether the text proves that this user signed in at most ``seconds`` ago."""
    value = _read(text, PROOF_SALT, seconds)
    return isinstance(value, list) and value[:1] == [user_key]


def _sign(value: list[Any], salt: str) -> str:
    return signing.dumps(value, salt=_of_project(salt), compress=True)


def _read(text: object, salt: str, max_age: int) -> Any:
    try:
        return (
            signing.loads(text, salt=_of_project(salt), max_age=max_age)
            if isinstance(text, str)
            else None
        )
    except (signing.BadSignature, ValueError):
        return None


def _of_project(salt: str) -> str:
    """Return the salt for this project: what is signed for one project is void at another."""
    return f"{salt}.{conf.CORBADO_PROJECT_ID}.{conf.CORBADO_CONNECT_PROJECT_ID}"


def _count(corbado_user: CorbadoUser) -> int:
    account = CorbadoAccount.objects.for_corbado_user(corbado_user.id)
    return -1 if account is None else account.sign_in_count


def _use_up(key: str, seconds: int) -> bool:
    """Note that something has been used. A failing cache refuses nobody."""
    try:
        return bool(cache.add(_used_key(key), 1, seconds))
    except Exception as error:  # noqa: BLE001 -- whatever the cache's driver raises
        note_cache_failure(error)
        return True


def _used_key(key: str) -> str:
    return f"corbado_auth.headless.{sha256(key.encode()).hexdigest()[:32]}"
