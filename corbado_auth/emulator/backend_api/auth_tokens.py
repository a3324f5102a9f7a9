"""Validate auth tokens: the one call on which a sign-in depends (API notes 1.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from corbado_auth.emulator import accounts
from corbado_auth.emulator.backend_api.shapes import full_user
from corbado_auth.emulator.routing import Call, Route
from corbado_auth.emulator.wire import TOKEN_LENGTH, known


def validate(call: Call) -> Mapping[str, Any]:
    """Use up a token and return its user.

    Unknown, used, expired and foreign tokens get the same answer.
    """
    fields = call.fields()
    # The format is checked before the token is looked up (API notes 7.1).
    text = fields.text("token", required=True, length=TOKEN_LENGTH)
    fields.client_info(required=True)
    fields.check()
    project = call.project
    token = project.spend_token("auth", text)
    # That used and expired tokens get this answer, too, is INFERRED 3.
    user = known(project.store.users.get(token.user_id) if token else None, "Session doesn't exist")
    email = accounts.email_of(project, user.id)
    return {
        "data": {
            "userID": user.id,
            "user": full_user(project, user),
            "userData": json.dumps(
                {"username": email or user.name, "userFullName": user.full_name}
            ),
        }
    }


ROUTES = (Route("backend", "POST", "/v1/authTokens/validate", validate),)
