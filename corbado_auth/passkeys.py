"""Passkeys of a signed-in user: see them, add one, remove one."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_variables

from . import intent
from .association import AssociationRefused, account_of, address_for_passkey, passkeys_of
from .client_info import client_info
from .endings import Endings
from .exceptions import CorbadoError, CorbadoRejected
from .recent_sign_in import is_recent
from .service import CorbadoService
from .sign_in import SeeOther

__all__ = ["AddPasskeyView", "PasskeysView", "RemovePasskeyView"]

logger = logging.getLogger("corbado_auth")


@method_decorator([login_required, never_cache, csrf_protect], name="dispatch")
class PasskeyPage(Endings):
    """Serve signed-in users only; nothing about identity comes from the request."""

    # How fresh does the sign-in have to be to add or remove a passkey? In seconds.
    recent_sign_in = 10 * 60

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer with a page when Corbado gives no good answer."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except CorbadoError as error:
            logger.error("Passkeys: %s", error)
            if isinstance(error, CorbadoRejected):
                return self.misconfigured()
            return self.unavailable(getattr(error, "retry_after", None))

    def is_recent(self) -> bool:
        """Tell whether the person signed in a moment ago: an old session may be stolen."""
        return is_recent(self.request, self.recent_sign_in)

    def sign_in_again(self) -> HttpResponse:
        """Ask for a fresh sign-in, and come back."""
        here = reverse("corbado_auth:passkeys")
        login_url = f"{intent.login_page_url()}?{urlencode({'next': here})}"
        return self.show("passkeys_sign_in_again", {"login_url": login_url}, 403)

    def unavailable(self, retry_after: int | None = None) -> HttpResponse:
        """Answer while Corbado does not."""
        response = self.show("passkeys_unavailable", {}, 503)
        response.headers["Retry-After"] = str(self.wait(retry_after))
        return response

    def show(self, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """Render one page."""
        template = f"corbado_auth/{name}.html"
        response = render(self.request, template, {**self.context(), **context}, status=status)
        response.headers["Referrer-Policy"] = "same-origin"
        return response


class PasskeysView(PasskeyPage):
    """List the passkeys of the signed-in user."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Show what Corbado has."""
        return self.show("passkeys", {"passkeys": passkeys_of(_user(request))})


class AddPasskeyView(PasskeyPage):
    """Let a signed-in user add a passkey with ``<corbado-passkey-associate>``."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Go to the list: a session that ended here comes back from the login page with a GET."""
        return SeeOther(reverse("corbado_auth:passkeys"))

    @sensitive_variables("token")
    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Show the component with a fresh association token: one use, and never in a URL."""
        if not self.is_recent():
            return self.sign_in_again()
        try:
            address = address_for_passkey(_user(request))
        except AssociationRefused as refusal:
            logger.warning("No passkey added: %s (local user %s)", refusal.reason, request.user.pk)
            return self.through_corbado(refusal.reason)
        token = CorbadoService().create_association_token(address, client_info(request))
        return self.show("passkey_add", {"token": token, "address": address})

    def through_corbado(self, reason: str) -> HttpResponse:
        """Ask the person to sign in through Corbado once, which links by the normal rule."""
        return self.show("passkey_through_corbado", {"reason": reason}, 409)


class RemovePasskeyView(PasskeyPage):
    """Remove one passkey of the signed-in user, after a question."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, passkey_id: str) -> HttpResponseBase:
        """Ask first."""
        if not self.is_recent():
            return self.sign_in_again()
        passkeys = {passkey.id: passkey for passkey in passkeys_of(_user(request))}
        if passkey_id not in passkeys:
            return SeeOther(reverse("corbado_auth:passkeys"))
        context = {"passkey": passkeys[passkey_id], "is_last": len(passkeys) == 1}
        return self.show("passkey_remove", context)

    def post(self, request: HttpRequest, passkey_id: str) -> HttpResponseBase:
        """Remove it; Corbado refuses a passkey of anybody else."""
        if not self.is_recent():
            return self.sign_in_again()
        account = account_of(_user(request))
        if account is not None:
            CorbadoService().delete_passkey(account.corbado_user_id, passkey_id)
        # Gone already, or never this person's: the list shows what is.
        return SeeOther(reverse("corbado_auth:passkeys"))


def _user(request: HttpRequest) -> Any:
    return request.user
