"""The base of the API's views: which origins may call, and who the caller is."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from corbado_auth.api_tokens import exchange
from corbado_auth.impersonation import is_impersonating
from corbado_auth.json_views import JSONView, Refusal, impersonating
from corbado_auth.local_users import email_of
from corbado_auth.session import is_recent, primary_key
from corbado_auth.step_up.asking import RECENT
from corbado_auth.telemetry import SecretText

from . import origins, signed

__all__ = ["HeadlessView"]


class HeadlessView(JSONView):
    """A view of the API, for the site's own origin, for those in CORBADO_API_ORIGINS, and for apps.

    Browsers send the origin, which takes the place of a CSRF token: the session cookie only counts
    on the site's own origin, or if there is none, as in an app.
    """

    _area = "API"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a preflight, or the request, with CORS headers for the origins that may call."""
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response: HttpResponseBase = self._preflight()
        else:
            response = super().dispatch(request, *args, **kwargs)
        origins.allow(request, response)
        return response

    def _preflight(self) -> HttpResponse:
        if not origins.is_allowed(self.request):
            return self._refuse(_other_origin())
        response = HttpResponse(status=204)
        origins.allow_preflight(response, [each.upper() for each in self.http_method_names])
        return response

    def _check_origin(self) -> None:
        if not origins.is_allowed(self.request):
            raise _other_origin()

    def _broken(self) -> str:
        return gettext("The request must be a JSON object of at most 16 kB.")

    @property
    def origin(self) -> str:
        """The origin of the calling page; empty for an app."""
        return origins.origin_of(self.request)

    @cached_property
    @sensitive_variables()
    def token_user(self) -> Any:
        """The user whose token the request has, or None."""
        if "Authorization" not in self.request.headers:
            return None
        kind = exchange()
        try:
            return kind.authenticate(self.request) if kind is not None else None
        except PermissionDenied:
            message = gettext("This token is not valid. Sign in again.")
            raise Refusal("invalid_token", message, 401) from None

    def identify(self) -> Any:
        """Set ``request.user`` to the caller, identified by token or session, and return it."""
        if self.token_user is not None:
            self.request.user = self.token_user
        elif origins.is_foreign(self.request):
            # The cookie was sent by a page on another origin: the site has SameSite=None.
            self.request.user = AnonymousUser()
        return self.request.user

    def require_person(self) -> Any:
        """Return the signed-in person; refuse visitors, and people who impersonate someone."""
        user = self.identify()
        if not user.is_authenticated:
            raise Refusal("not_signed_in", gettext("Sign in first."), 401)
        if is_impersonating(self.request):
            raise impersonating()
        return user

    def is_recent(self, user: Any) -> bool:
        """Return whether the person has just signed in, by this session or the header's proof."""
        if self.token_user is None:
            return is_recent(self.request, RECENT)
        proof = SecretText(self.request.headers.get(origins.SIGN_IN_HEADER, ""))
        return signed.is_recent_proof(proof, primary_key(user), RECENT)

    def require_recent_sign_in(self, user: Any) -> None:
        """Raise Refusal unless the person has just signed in: session or token may be stolen."""
        if not self.is_recent(user):
            message = gettext("Please sign in again.")
            raise Refusal("recent_sign_in_required", message, 401)

    def text(self, body: dict[str, Any], name: str, *, default: str | None = None) -> str:
        """Return a string from the body, or raise Refusal."""
        value = body.get(name, default)
        if not _is_text(value):
            message = gettext("“%s” is missing, or is not text.") % name
            raise Refusal("invalid_field", message, 400, field=name)
        return str(value)


def describe(user: Any) -> dict[str, str]:
    """Return what the API tells people about their own user."""
    return {"id": primary_key(user), "name": user.get_username(), "email": email_of(user)}


def _is_text(value: object) -> bool:
    """Return whether it is a string without NUL or lone surrogates: other packages fail on them."""
    return isinstance(value, str) and not any(
        character == "\x00" or "\ud800" <= character <= "\udfff" for character in value
    )


def _other_origin() -> Refusal:
    message = gettext("Pages on this origin may not call this API.")
    return Refusal("other_origin", message, 403)
