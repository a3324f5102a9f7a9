"""django-otp: a sign-in with a passkey of Corbado Connect counts as verified."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from corbado_auth.session import PASSKEY, last_sign_in

__all__ = ["Passkey", "PasskeyMiddleware"]


class Passkey:
    """The ``user.otp_device`` after a sign-in with a passkey: not a row, and without a secret."""

    name = "Passkey"
    confirmed = True
    persistent_id = ""

    def __init__(self, user: Any) -> None:
        self.user = user
        self.user_id = user.pk


class PasskeyMiddleware:
    """Middleware that makes ``user.is_verified()`` true after a sign-in with a Connect passkey.

    Place it after django-otp's OTPMiddleware. Corbado's older API does not distinguish a passkey
    from a link by email, so a sign-in through it is not verified. Costs no query.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Wrap the user, which is still looked up only on demand."""
        request.user = SimpleLazyObject(partial(_verified, request, request.user))  # type: ignore[assignment]
        request.auser = partial(_averified, request, request.auser)
        return self.get_response(request)


def _verified(request: HttpRequest, user: Any) -> Any:
    request.user = user  # last_sign_in() reads it.
    if user.is_authenticated and user.otp_device is None and _began_with_passkey(request):
        user.otp_device = Passkey(user)
    return user


async def _averified(request: HttpRequest, auser: Callable[[], Any]) -> Any:
    user = await auser()
    if user.is_authenticated and user.otp_device is None:
        request.user = user
        if await sync_to_async(_began_with_passkey)(request):
            user.otp_device = Passkey(user)
    return user


def _began_with_passkey(request: HttpRequest) -> bool:
    last = last_sign_in(request)
    return last is not None and last.method == PASSKEY
