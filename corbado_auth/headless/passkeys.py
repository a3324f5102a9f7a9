"""The passkeys of the person who calls: list, add, name, remove."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from corbado_auth.client_info import client_info
from corbado_auth.conf import conf
from corbado_auth.connect.tokens import TokenIssuer
from corbado_auth.corbado_api.service import SignInService
from corbado_auth.events import log_event
from corbado_auth.exceptions import CorbadoError
from corbado_auth.identity import Passkey, is_passkey_id
from corbado_auth.json_views import Refusal
from corbado_auth.passkeys.association import (
    AskedTooOften,
    AssociationRefused,
    address_for_passkey,
    passkeys_of,
    remove_passkey,
    rename_passkey,
)
from corbado_auth.passkeys.forms import PasskeyNameForm
from corbado_auth.sessions.ending import end_sessions, sign_out_everywhere, users_by_key

from .base import HeadlessView

__all__ = ["ConnectTokenView", "PasskeyView", "PasskeysView"]


class PasskeyEndpoint(HeadlessView):
    """A view for the passkeys at Corbado's older API."""

    _what = "passkeys"

    def _respond(self, body: dict[str, Any], **kwargs: Any) -> HttpResponse:
        if conf.uses_connect_alone():
            message = gettext("This site uses Corbado Connect: ask for a connect token.")
            raise Refusal("not_offered", message, 404)
        user = self.require_person()
        return self._respond_to(user, body, **kwargs)

    def _respond_to(self, user: Any, body: dict[str, Any], **kwargs: Any) -> HttpResponse:
        raise NotImplementedError

    def _failed(self, error: CorbadoError) -> Refusal:
        if isinstance(error, AskedTooOften):
            message = gettext("Too many attempts. Wait a minute.")
            return Refusal("too_many_attempts", message, 429, retry_after=60)
        return super()._failed(error)


class PasskeysView(PasskeyEndpoint):
    """List the person's passkeys; with POST, return a token for Corbado's component to add one."""

    http_method_names = ["get", "post"]

    def _respond_to(self, user: Any, body: dict[str, Any], **kwargs: Any) -> HttpResponse:
        if self.request.method != "POST":
            found = passkeys_of(self.request, user)
            return JsonResponse({"passkeys": [_described(each) for each in found]})
        return self._token(user)

    @sensitive_variables("token")
    def _token(self, user: Any) -> HttpResponse:
        """Return an association token: single-use, for the component in this client."""
        self.require_recent_sign_in(user)
        try:
            address = address_for_passkey(self.request, user)
        except AssociationRefused as refusal:
            raise self._refused(user, refusal) from None
        token = SignInService().create_association_token(address, client_info(self.request))
        return JsonResponse({"token": token, "address": address})

    def _refused(self, user: Any, refusal: AssociationRefused) -> Refusal:
        log_event(
            logging.WARNING,
            "No passkey added: %s (local user %s)",
            refusal,
            user.pk,
            event="passkey_refused",
            reason=refusal.reason,
        )
        if refusal.reason == "corbado_user_deleted":
            self._sign_out_everywhere(user)
            return Refusal("closed", gettext("Your account at Corbado is closed."), 403)
        message = gettext("Sign in with Corbado once, and then add a passkey.")
        return Refusal("sign_in_through_corbado", message, 409, reason=refusal.reason)

    def _sign_out_everywhere(self, user: Any) -> None:
        if self.token_user is None:
            sign_out_everywhere(self.request)
        else:
            end_sessions(users_by_key([user.pk]))


class PasskeyView(PasskeyEndpoint):
    """Name or remove one passkey; Corbado refuses to remove another person's."""

    http_method_names = ["patch", "delete"]

    def _respond_to(self, user: Any, body: dict[str, Any], **kwargs: Any) -> HttpResponse:
        if self.request.method == "PATCH":
            return self._rename(user, kwargs["passkey_id"], self.text(body, "name"))
        self.require_recent_sign_in(user)
        remove_passkey(self.request, user, kwargs["passkey_id"])
        return HttpResponse(status=204)

    def _rename(self, user: Any, passkey_id: str, name: str) -> HttpResponse:
        """Keep the name under the rules of the page, which asks for no recent sign-in either."""
        form = PasskeyNameForm({"name": name})
        if not form.is_valid():
            raise Refusal("invalid_field", str(form.errors["name"][0]), 400, field="name")
        # No passkey has an ID of another form, so Corbado is not asked.
        passkeys = passkeys_of(self.request, user) if is_passkey_id(passkey_id) else []
        passkey = next((each for each in passkeys if each.id == passkey_id), None)
        if passkey is None:
            raise Refusal("unknown_passkey", gettext("You have no such passkey."), 404)
        name = form.cleaned_data["name"]
        rename_passkey(user, passkey_id, name)
        return JsonResponse(_described(replace(passkey, name=name)))


class ConnectTokenView(HeadlessView, TokenIssuer):
    """Issue a connect token, with which Connect's component lists, adds or removes passkeys."""

    _what = "token"

    def _respond(self, body: dict[str, Any]) -> HttpResponse:
        if not conf.CORBADO_CONNECT:
            message = gettext("This site does not use Corbado Connect.")
            raise Refusal("not_offered", message, 404)
        self.require_person()
        return super()._respond(body)

    def _require_recent_sign_in(self) -> None:
        self.require_recent_sign_in(self.request.user)


def _described(passkey: Passkey) -> dict[str, Any]:
    return {
        "id": passkey.id,
        "name": passkey.name,
        "authenticator": passkey.authenticator,
        "device": passkey.last_used_device,
        "created": _time(passkey.created),
        "last_used": _time(passkey.last_used) if passkey.was_used else None,
        "is_synced": passkey.is_synced,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
