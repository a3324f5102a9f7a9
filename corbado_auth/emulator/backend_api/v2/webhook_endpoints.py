"""Register the URLs that events are sent to (API notes 6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Response

from corbado_auth.emulator.config import origin_of
from corbado_auth.emulator.events import EVENTS
from corbado_auth.emulator.records import WebhookEndpoint
from corbado_auth.emulator.routing import Call, Route, bare
from corbado_auth.emulator.wire import invalid, known, make_id, moments


def create(call: Call) -> Response:
    """Register a URL."""
    given = _read(call, required=True)
    store = call.project.store
    with store.transaction():
        now = store.now()
        blank = {"username": "", "password": "", "created": now, "updated": now}
        endpoint = WebhookEndpoint(id=make_id("web"), **{**blank, **given})
        return bare(_describe(store.webhook_endpoints.put(endpoint)))


def list_endpoints(call: Call) -> Response:
    rows = call.project.store.webhook_endpoints.all()
    return bare({"webhookEndpoints": [_describe(row) for row in rows]})


def update(call: Call) -> Response:
    """Change the given fields."""
    given = _read(call, required=False)
    store = call.project.store
    with store.transaction():
        changed = replace(_endpoint(call), **given, updated=store.now())
        return bare(_describe(store.webhook_endpoints.put(changed)))


def delete(call: Call) -> Mapping[str, Any]:
    store = call.project.store
    with store.transaction():
        store.webhook_endpoints.remove(_endpoint(call).id)
    return {}


def _read(call: Call, *, required: bool) -> dict[str, Any]:
    """Return the fields that were given, named as in the record."""
    fields = call.fields()
    found = {
        "url": fields.text("url", required=required),
        "username": fields.text("basicAuthUsername"),
        "password": fields.text("basicAuthPassword"),
        "events": fields.typed("subscribedEvents", list, required=required),
        "custom_headers": fields.typed("customHeaders", dict, required=required),
    }
    fields.check()
    if found["url"] and origin_of(str(found["url"])) is None:
        raise invalid("url", "must be a valid URL")
    events = found["events"]
    if isinstance(events, list) and any(event not in EVENTS for event in events):
        raise invalid("subscribedEvents", f"must be of {', '.join(EVENTS)}")
    return {key: found[key] for name, key in NAMES.items() if name in call.body}


NAMES = {
    "url": "url",
    "basicAuthUsername": "username",
    "basicAuthPassword": "password",
    "subscribedEvents": "events",
    "customHeaders": "custom_headers",
}


def _endpoint(call: Call) -> WebhookEndpoint:
    return known(
        call.project.store.webhook_endpoints.get(call.params["webhookEndpointID"]),
        "webhookEndpoint doesn't exist",
    )


def _describe(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "basicAuthUsername": row.username,
        "basicAuthPassword": row.password,
        "customHeaders": row.custom_headers,
        "subscribedEvents": row.events,
        **moments(created=row.created, updated=row.updated),
    }


PATH = "/v2/webhookEndpoints/{webhookEndpointID}"
ROUTES = (
    Route("backend", "GET", "/v2/webhookEndpoints", list_endpoints, needs_body=False),
    Route("backend", "POST", "/v2/webhookEndpoints", create),
    Route("backend", "PUT", PATH, update),
    Route("backend", "DELETE", PATH, delete, needs_body=False),
)
