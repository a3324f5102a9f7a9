"""A permission for Django REST framework."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.permissions import BasePermission

from corbado_auth.headless.origins import SIGN_IN_HEADER
from corbado_auth.headless.signed import is_recent_proof
from corbado_auth.impersonation import is_impersonating
from corbado_auth.session import is_recent, primary_key
from corbado_auth.step_up.asking import RECENT, page_behind, seconds_of, sign_in_again_url

__all__ = ["RecentSignIn"]


class RecentSignInRequired(APIException):  # type: ignore[misc]  # it has no types
    """The 401 for a person whose sign-in is too long ago, or who came with a token."""

    status_code = 401


class RecentSignIn(BasePermission):  # type: ignore[misc]
    """A permission for people who have signed in recently, in this session.

    A token does not count, since nothing says when its owner signed in; beside one, the header
    ``Corbado-Auth-Proof`` counts, which has the proof of a sign-in by the JSON API. Everyone else
    gets a 401 with ``login_url``, the page that asks them to sign in again.
    """

    # How many seconds ago may the sign-in have been?
    recent_sign_in = RECENT

    @sensitive_variables("proof")
    def has_permission(self, request: Any, view: Any) -> bool:
        """Return whether the sign-in is recent; raise the 401 or 403 otherwise."""
        plain: HttpRequest = request._request
        if not request.user.is_authenticated:
            return False
        if is_impersonating(plain):
            raise PermissionDenied(gettext("You are acting as someone else."), "impersonating")
        if is_recent(request, seconds_of(self.recent_sign_in)):
            return True
        proof, key = plain.headers.get(SIGN_IN_HEADER), primary_key(request.user)
        if is_recent_proof(proof, key, self.recent_sign_in):
            return True
        raise RecentSignInRequired(
            {
                "error": "recent_sign_in_required",
                "message": gettext("Please sign in again."),
                "login_url": sign_in_again_url(request, page_behind(plain)),
            }
        )
