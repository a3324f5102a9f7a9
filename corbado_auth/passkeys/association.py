"""Which Corbado user belongs to a signed-in local user, and which address a new passkey is for.

Corbado adds a new passkey to the owner of the address, and returns no user ID. So the account row
comes first, then the token; otherwise, on a site where users can set an unproven address, one user
could add a passkey to another's Corbado user.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from corbado_auth.backends import corbado_backend
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.exceptions import CorbadoRejected, CorbadoUnavailable
from corbado_auth.identity import CorbadoUser, Passkey, is_passkey_id
from corbado_auth.known_passkeys import (
    expect_removal,
    is_known,
    note_passkeys,
    note_removal,
    seen_passkeys,
)
from corbado_auth.local_users import email_of, users_with_email
from corbado_auth.models import CorbadoAccount, db_for_write
from corbado_auth.passkey_record import PasskeyName
from corbado_auth.throttle import Tally, note_cache_failure

__all__ = [
    "AskedTooOften",
    "AssociationRefused",
    "address_for_passkey",
    "passkeys_before",
    "passkeys_of",
    "remove_passkey",
    "rename_passkey",
]

LIST_KEPT = 30  # seconds
QUESTIONS_PER_MINUTE = 20
# A passkey that is made while a person signs up or in does that sign-in, at most so much later.
SIGN_UP = timedelta(minutes=5)


class AssociationRefused(Exception):
    """No passkey can be added from here; ``reason`` is a code for the log and the page."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(f"{reason}: {advice}" if advice else reason)
        self.reason = reason


class AskedTooOften(CorbadoUnavailable):
    """One user has used up their share of the site's quota at Corbado."""


def passkeys_of(request: HttpRequest, user: AbstractBaseUser) -> list[Passkey]:
    """Return the user's passkeys, last used first; raises CorbadoError.

    The list is cached for half a minute, or until a passkey is added or removed here.
    """
    account = CorbadoAccount.objects.for_user(user)
    if account is None:
        return []
    key = _list_key(account)
    kept: list[Passkey] | None = _with_cache(cache.get, key)
    if kept is not None:
        return _as_shown(kept, account)
    _count(user)
    passkeys = sorted(
        CorbadoService().list_passkeys(account.corbado_user_id),
        key=lambda passkey: str(passkey.last_used or passkey.created or ""),
        reverse=True,
    )
    _with_cache(cache.set, key, passkeys, LIST_KEPT)
    note_passkeys(request, account, (passkey.id for passkey in passkeys))
    return _as_shown(passkeys, account)


def passkeys_before(user: AbstractBaseUser) -> list[str]:
    """Return the IDs of the known passkeys, to find out later which one is new."""
    account = CorbadoAccount.objects.for_user(user)
    return sorted(seen_passkeys(account)) if account is not None else []


def _as_shown(passkeys: list[Passkey], account: CorbadoAccount) -> list[Passkey]:
    """Return passkeys with the names that the person gave them, and their first use."""
    rows = PasskeyName.objects.using(db_for_write()).filter(account=account)
    names = dict(rows.values_list("passkey_id", "name")) if passkeys else {}
    return [
        replace(_with_first_use(passkey, account), name=names.get(passkey.id, ""))
        for passkey in passkeys
    ]


def _with_first_use(passkey: Passkey, account: CorbadoAccount) -> Passkey:
    """Count the sign-up that made a passkey as its first use: Corbado does not."""
    signed_in, created = account.first_sign_in_at, passkey.created
    if passkey.was_used or signed_in is None or created is None:
        return passkey
    if timezone.is_naive(signed_in):
        signed_in = timezone.make_aware(signed_in)
    # Corbado's times have no fractions of a second.
    is_sign_up = timedelta() <= signed_in - created <= SIGN_UP
    return replace(passkey, last_used=signed_in) if is_sign_up else passkey


def rename_passkey(user: AbstractBaseUser, passkey_id: str, name: str) -> None:
    """Store a person's name for a passkey; an empty one restores the name of its device."""
    account = CorbadoAccount.objects.for_user(user)
    if account is None:
        return
    names = PasskeyName.objects.using(db_for_write())
    if name:
        names.update_or_create(account=account, passkey_id=passkey_id, defaults={"name": name})
    else:
        names.filter(account=account, passkey_id=passkey_id).delete()


def remove_passkey(request: HttpRequest, user: AbstractBaseUser, passkey_id: str) -> bool:
    """Remove a passkey of this user at Corbado; return False if there was none of theirs."""
    account = CorbadoAccount.objects.for_user(user)
    if account is None or not is_passkey_id(passkey_id):
        return False
    _count(user)
    expect_removal(account)  # Corbado's event may come before its answer.
    was_there = CorbadoService().delete_passkey(account.corbado_user_id, passkey_id)
    _with_cache(cache.delete, _list_key(account))
    if was_there:
        note_removal(request, account, passkey_id)
    return was_there


def _list_key(account: CorbadoAccount) -> str:
    return f"corbado_auth.passkeys.{account.project_id}.{account.corbado_user_id}"


def _with_cache(call: Callable[..., Any], *arguments: Any) -> Any:
    """Call the cache; return None if it fails, since Corbado can be asked again."""
    try:
        return call(*arguments)
    except Exception as error:  # noqa: BLE001 -- whatever the cache's driver raises
        note_cache_failure(error)
        return None


def _count(user: AbstractBaseUser) -> None:
    """Count a request by this user; each takes up to three calls of the site's quota."""
    if Tally("passkeys", str(user.pk)).add() > QUESTIONS_PER_MINUTE:
        raise AskedTooOften("One user asks for their passkeys too often", retry_after=60)


def address_for_passkey(request: HttpRequest, user: AbstractBaseUser) -> str:
    """Return the address for which to request an association token from Corbado.

    Creates the Corbado user and the account row first if there are none yet. Raises
    AssociationRefused, and CorbadoError. Clears the cached list of passkeys: it is about to change.
    """
    _count(user)
    service = CorbadoService()
    account = CorbadoAccount.objects.for_user(user) or _introduce(user, service)
    _with_cache(cache.delete, _list_key(account))
    corbado_user = _read(account, service)
    if not is_known(account):
        # So that the passkey about to be added is recognized as new.
        known = service.list_passkeys(corbado_user.id)
        note_passkeys(request, account, (passkey.id for passkey in known))
    if account.awaits_proof and not service.list_passkeys(corbado_user.id):
        # The person has just signed in here, and no one has a passkey for the address at Corbado.
        CorbadoAccount.objects.current().filter(pk=account.pk).update(awaits_proof=False)
    if corbado_user.verified_emails:
        return corbado_user.verified_emails[0]
    # A Corbado user whom we created and who has not confirmed the address yet: nobody else may
    # have it there.
    for email in corbado_user.emails:
        owners = service.find_users(email.address) if email.address else []
        if [owner.id for owner in owners] == [corbado_user.id]:
            return email.address
    raise AssociationRefused("no_confirmed_email")


def _read(account: CorbadoAccount, service: CorbadoService) -> CorbadoUser:
    """Return the Corbado user of an account, who may be gone there: 404 (API notes 1.5)."""
    try:
        corbado_user = service.get_user(account.corbado_user_id)
    except CorbadoRejected as error:
        if error.status_code == 404:
            raise AssociationRefused("corbado_user_deleted") from None
        raise
    if corbado_user.is_gone:
        raise AssociationRefused("corbado_user_deleted")
    return corbado_user


def _introduce(user: AbstractBaseUser, service: CorbadoService) -> CorbadoAccount:
    """Create a Corbado user for this local user, and link the two."""
    address = email_of(user)
    backend = corbado_backend()
    if not address:
        raise AssociationRefused("no_email")
    if backend is None or backend.local_emails_are_verified is None:
        raise AssociationRefused(
            "emails_unanswered",
            "the site has not said whether its users proved their addresses; manage.py "
            "check says how to answer (corbado_auth.W006)",
        )
    if not backend.local_emails_are_verified:
        # The address proves nothing here; opening a magic link will.
        raise AssociationRefused("unproven_email")
    if len(users_with_email([address], using=db_for_write())) != 1:
        raise AssociationRefused("ambiguous_email")
    # The site's own match_user() may require more than the class attribute says, such as the proof
    # that django-allauth stores.
    if backend.match_by_email and not backend._matches(user, address):
        raise AssociationRefused("unproven_email")
    if service.find_users(address):
        raise AssociationRefused("known_at_corbado")
    full_name = str(getattr(user, "get_full_name", str)())
    corbado_user_id = service.create_user(address, full_name=full_name)
    if corbado_user_id is None:
        raise AssociationRefused("known_at_corbado")
    try:
        with transaction.atomic(using=db_for_write()):
            # Just created, for a person who has just signed in here.
            account = CorbadoAccount.objects.link(user, corbado_user_id, awaits_proof=False)
            note_passkeys(None, account, [])
            return account
    except IntegrityError:
        # Linked in another tab meanwhile: that row wins.
        raise AssociationRefused("conflict") from None
