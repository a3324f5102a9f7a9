"""Tokens for the JSON API that work with Django REST framework: knox, simplejwt, and its own."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from corbado_auth.api_tokens import TokenExchange
from corbado_auth.json_views import Refusal

__all__ = ["AuthToken", "Knox", "SimpleJWT"]


class RestFrameworkTokens(TokenExchange):
    """Tokens that a class of authentication of Django REST framework accepts."""

    def _authentication(self) -> Any:
        raise NotImplementedError

    def _pair(self, request: HttpRequest) -> Any:
        """Return user and token of a request, or None if the header is for something else."""
        try:
            return self._authentication().authenticate(Request(request))
        except APIException as error:
            raise PermissionDenied(str(error.default_code)) from None
        except UnicodeError:
            # django-rest-knox decodes a token before it looks at it.
            raise PermissionDenied("malformed") from None

    def authenticate(self, request: HttpRequest) -> Any:
        """Return the user of the Authorization header, or None."""
        pair = self._pair(request)
        return pair[0] if pair else None


class Knox(RestFrameworkTokens):
    """django-rest-knox: a new token for each sign-in, which signing out deletes."""

    def _authentication(self) -> Any:
        from knox.auth import TokenAuthentication as KnoxAuthentication

        return KnoxAuthentication()

    def issue(self, request: HttpRequest, user: Any) -> dict[str, Any]:
        """Return a new token; 403 beyond knox's TOKEN_LIMIT_PER_USER, as in its own view."""
        from django.utils import timezone
        from knox.models import get_token_model
        from knox.settings import knox_settings

        tokens, limit = get_token_model().objects, knox_settings.TOKEN_LIMIT_PER_USER
        if limit is not None:
            valid = tokens.filter(user=user).exclude(expiry__lte=timezone.now())
            if valid.count() >= limit:
                message = gettext("You are signed in on too many devices. Sign out on one first.")
                raise Refusal("too_many_tokens", message, 403)
        stored, token = tokens.create(user=user)
        answer = {"scheme": knox_settings.AUTH_HEADER_PREFIX, "access": token}
        if stored.expiry is not None:
            answer["expires_at"] = stored.expiry.isoformat()
        return answer

    def revoke(self, request: HttpRequest, user: Any, refresh: str) -> None:
        """Delete the token of this request."""
        pair = self._pair(request)
        if pair:
            pair[1].delete()

    def revoke_all(self, user: Any) -> None:
        """Delete all tokens of the user."""
        from knox.models import get_token_model

        get_token_model().objects.filter(user=user).delete()


class SimpleJWT(RestFrameworkTokens):
    """djangorestframework-simplejwt: what the site's TOKEN_OBTAIN_SERIALIZER makes.

    An access token is good until it expires; signing out ends the refresh token, or a sliding
    token, if the site has its app ``token_blacklist``.
    """

    def _authentication(self) -> Any:
        from rest_framework_simplejwt.authentication import JWTAuthentication

        return JWTAuthentication()

    def issue(self, request: HttpRequest, user: Any) -> dict[str, Any]:
        """Return a pair of tokens, with the claims that the site's serializer adds."""
        from django.utils.module_loading import import_string
        from rest_framework_simplejwt.settings import api_settings

        token = import_string(api_settings.TOKEN_OBTAIN_SERIALIZER).get_token(user)
        answer = {"scheme": api_settings.AUTH_HEADER_TYPES[0]}
        if hasattr(token, "access_token"):
            return {**answer, "access": str(token.access_token), "refresh": str(token)}
        return {**answer, "access": str(token)}  # A sliding token.

    def revoke(self, request: HttpRequest, user: Any, refresh: str) -> None:
        """Blacklist the person's own refresh token, or the sliding token of this request."""
        from rest_framework_simplejwt.exceptions import TokenError
        from rest_framework_simplejwt.settings import api_settings
        from rest_framework_simplejwt.tokens import RefreshToken

        pair = self._pair(request)
        if pair and hasattr(pair[1], "blacklist"):
            pair[1].blacklist()
        kind: Any = RefreshToken
        try:
            token = kind(refresh)
        except TokenError:
            return
        is_theirs = str(token.get(api_settings.USER_ID_CLAIM)) == str(
            getattr(user, api_settings.USER_ID_FIELD)
        )
        if is_theirs and hasattr(token, "blacklist"):
            token.blacklist()

    def revoke_all(self, user: Any) -> None:
        """Blacklist every refresh token of the user, if the site has ``token_blacklist``."""
        from django.apps import apps

        if not apps.is_installed("rest_framework_simplejwt.token_blacklist"):
            return
        from rest_framework_simplejwt.token_blacklist import models

        tables: Any = models
        for token in tables.OutstandingToken.objects.filter(user=user, blacklistedtoken=None):
            tables.BlacklistedToken.objects.get_or_create(token=token)


class AuthToken(RestFrameworkTokens):
    """DRF's own tokens: one for each user, for all devices; signing out ends it everywhere."""

    def _authentication(self) -> Any:
        return TokenAuthentication()

    def issue(self, request: HttpRequest, user: Any) -> dict[str, Any]:
        """Return the user's token."""
        model = TokenAuthentication().get_model()
        token, _is_new = model.objects.get_or_create(user=user)
        return {"scheme": TokenAuthentication.keyword, "access": token.key}

    def revoke(self, request: HttpRequest, user: Any, refresh: str) -> None:
        """Delete the user's token."""
        self.revoke_all(user)

    def revoke_all(self, user: Any) -> None:
        """Delete the user's only token."""
        TokenAuthentication().get_model().objects.filter(user=user).delete()
