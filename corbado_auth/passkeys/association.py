"""Which Corbado user a signed-in local user is, and which address their new passkey goes to.

Corbado attaches a new passkey to whoever owns the address and tells us no user ID. So the account
row comes first, then the token; otherwise a site where users can set an unproven address would
let one user add a passkey to another's Corbado user.
"""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from corbado_auth.backends import CorbadoBackend, SignInRefused, corbado_backend
from corbado_auth.conf import conf
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.identity import CorbadoEmail, CorbadoUser, Passkey
from corbado_auth.local_users import email_of, users_with_email
from corbado_auth.models import CorbadoAccount, db_for_write
from corbado_auth.signals import send_account_linked

__all__ = ["AssociationRefused", "account_of", "address_for_passkey", "passkeys_of"]


class AssociationRefused(Exception):
    """No passkey can be added from here; ``reason`` is a code for the log and the page."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def account_of(user: AbstractBaseUser) -> CorbadoAccount | None:
    """Return the user's account in this project, or None."""
    return (
        CorbadoAccount.objects.using(db_for_write())
        .filter(project_id=conf.CORBADO_PROJECT_ID, user_id=user.pk)
        .first()
    )


def passkeys_of(user: AbstractBaseUser) -> list[Passkey]:
    """Return the user's passkeys, the last used first; raises CorbadoError."""
    account = account_of(user)
    if account is None:
        return []
    passkeys = CorbadoService().list_passkeys(account.corbado_user_id)
    return sorted(
        passkeys,
        key=lambda passkey: str(passkey.last_used or passkey.created or ""),
        reverse=True,
    )


def address_for_passkey(user: AbstractBaseUser) -> str:
    """Return the address for which Corbado may be asked for an association token.

    Makes the Corbado user and the account row first where there are none yet. Raises
    AssociationRefused, and CorbadoError.
    """
    service = CorbadoService()
    account = account_of(user) or _introduce(user, service)
    corbado_user = service.get_user(account.corbado_user_id)
    if corbado_user.is_gone:
        raise AssociationRefused("corbado_user_deleted")
    if corbado_user.verified_emails:
        return corbado_user.verified_emails[0]
    # A Corbado user that we made and who has not confirmed the address yet: it must be nobody
    # else's there.
    for email in corbado_user.emails:
        owners = service.find_users(email.address) if email.address else []
        if [owner.id for owner in owners] == [corbado_user.id]:
            return email.address
    raise AssociationRefused("no_confirmed_email")


def _introduce(user: AbstractBaseUser, service: CorbadoService) -> CorbadoAccount:
    """Create a Corbado user for this local user, and the row that ties the two."""
    address = email_of(user)
    backend = corbado_backend()
    if not address:
        raise AssociationRefused("no_email")
    if backend is None or not backend.local_emails_are_verified:
        # The address proves nothing here; a magic link will.
        raise AssociationRefused("unproven_email")
    if len(users_with_email([address], using=db_for_write())) != 1:
        raise AssociationRefused("ambiguous_email")
    if not _would_be_found(backend, user, address):
        raise AssociationRefused("unproven_email")
    if service.find_users(address):
        raise AssociationRefused("known_at_corbado")
    full_name = str(getattr(user, "get_full_name", str)())
    corbado_user_id = service.create_user(address, full_name=full_name)
    if corbado_user_id is None:
        raise AssociationRefused("known_at_corbado")
    return _write_row(user, corbado_user_id)


def _would_be_found(backend: CorbadoBackend, user: AbstractBaseUser, address: str) -> bool:
    """Tell whether the site's own match_user() takes the address for this user's.

    It may want more than the class attribute says, such as the proof that django-allauth keeps.
    """
    person = CorbadoUser(id="", emails=(CorbadoEmail(address, "active"),))
    try:
        return not backend.match_by_email or backend.match_user(person) == user
    except SignInRefused:
        return False


def _write_row(user: AbstractBaseUser, corbado_user_id: str) -> CorbadoAccount:
    account = CorbadoAccount(
        user_id=user.pk,
        project_id=conf.CORBADO_PROJECT_ID,
        corbado_user_id=corbado_user_id,
    )
    try:
        with transaction.atomic(using=db_for_write()):
            account.save(using=db_for_write(), force_insert=True)
    except IntegrityError:
        # Linked in another tab meanwhile: that row decides.
        raise AssociationRefused("conflict") from None
    send_account_linked(account)
    return account
