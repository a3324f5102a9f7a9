"""Create, list, change and delete connect tokens (API notes C.3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Response

from corbado_auth.emulator.backend_api.listing import page_of
from corbado_auth.emulator.connect import tokens
from corbado_auth.emulator.fields import Fields
from corbado_auth.emulator.records import ConnectToken
from corbado_auth.emulator.routing import Call, Route, bare
from corbado_auth.emulator.wire import invalid, known, not_found

MAX_LIFETIME = 366 * 24 * 3600


def create(call: Call) -> Response:
    """Issue a token for one user; only this answer has its secret."""
    fields = call.fields()
    token_type = fields.text("type", required=True, one_of=tokens.TYPES)
    data = Fields(fields.typed("data", dict, required=True) or {}, prefix="data.")
    lifetime = fields.typed("maxLifetimeInSeconds", int)
    identifier = data.text("identifier", required=True)
    display_name = data.text("displayName", required=token_type == tokens.APPEND)
    if "data" in call.body:
        fields.problems += data.problems
    fields.check()
    if lifetime is not None and not 0 < lifetime <= MAX_LIFETIME:
        raise invalid("maxLifetimeInSeconds", "must be a number of seconds above 0")
    token = tokens.issue(
        call.project, token_type, identifier, display_name, lifetime or tokens.LIFETIME
    )
    return bare({**_describe(token), "secret": token.secret})


def list_tokens(call: Call) -> Response:
    found, paging = page_of(call.project.store.connect_tokens.all(), COLUMNS, call.request.args)
    return bare({"connectTokens": [_describe(token) for token in found], "paging": paging})


def update(call: Call) -> Mapping[str, Any]:
    """Set the status of a token; ``consumed`` withdraws it."""
    fields = call.fields()
    status = fields.text("status", required=True, one_of=tokens.STATUSES)
    fields.check()
    store = call.project.store
    with store.transaction():
        token = known(
            store.connect_tokens.get(call.params["connectTokenID"]), "connectToken doesn't exist"
        )
        store.connect_tokens.put(replace(token, status=status))
    return {}


def delete(call: Call) -> Mapping[str, Any]:
    store = call.project.store
    with store.transaction():
        if store.connect_tokens.remove(call.params["connectTokenID"]) is None:
            raise not_found("connectToken doesn't exist")
    return {}


def _describe(token: ConnectToken) -> dict[str, Any]:
    data = {"identifier": token.identifier}
    if token.token_type == tokens.APPEND:
        data["displayName"] = token.display_name
    return {
        "id": token.id,
        "tokenType": token.token_type,
        "data": data,
        "connectTokenStatus": token.status,
        "expires": int(token.expires),
    }


COLUMNS = {
    "token": lambda row: row.secret,
    "tokenType": lambda row: row.token_type,
    "status": lambda row: row.status,
    "expires": lambda row: row.expires,
}
PATH = "/v2/connectTokens/{connectTokenID}"
ROUTES = (
    Route("backend", "POST", "/v2/connectTokens", create),
    Route("backend", "GET", "/v2/connectTokens", list_tokens, needs_body=False),
    Route("backend", "PATCH", PATH, update),
    Route("backend", "DELETE", PATH, delete, needs_body=False),
)
