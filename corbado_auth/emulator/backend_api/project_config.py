"""Read and save the project config, and try its webhook (API notes 1.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corbado_auth.emulator import webhooks
from corbado_auth.emulator.backend_api.listing import page_of
from corbado_auth.emulator.config import origin_of
from corbado_auth.emulator.fields import Fields
from corbado_auth.emulator.project import CONFIG_DEFAULTS, Project
from corbado_auth.emulator.records import Delivery
from corbado_auth.emulator.routing import Call, Route
from corbado_auth.emulator.wire import ApiError, invalid, timestamp

ENUMS: Mapping[str, tuple[str, ...]] = {
    "appType": ("empty", "web", "native"),
    "externalApplicationProtocolVersion": ("v1", "v2"),
    "passkeyAppendInterval": ("0d", "1d", "3d", "1w", "3w", "1m", "3m"),
    "environment": ("dev", "prod"),
    "frontendFramework": (
        "react",
        "vuejs",
        "vanillajs",
        "angular",
        "svelte",
        "nextjs",
        "nuxtjs",
        "flutter",
    ),
    "backendLanguage": ("javascript", "php", "go", "other"),
    "signupFlow": ("PasskeyWithEmailOTPFallback", "EmailOTPSignup"),
    "loginFlow": ("PasskeyWithEmailOTPFallback",),
    "fallbackLanguage": ("en", "de", "fr"),
}
TEXTS = (
    "webhookURL",
    "webhookUsername",
    "webhookPassword",
    "authSuccessRedirectUrl",
    "applicationUrl",
    "webauthnRPID",
)
OTHERS: Mapping[str, Any] = {"webhookActions": [], "hasExistingUsers": False}
URLS = ("webhookURL", "authSuccessRedirectUrl", "applicationUrl")


def get(call: Call) -> Mapping[str, Any]:
    """Return the whole config with its secrets, as Corbado does: a client must never log it."""
    project = call.project
    started = timestamp(project.store.now())
    return {
        "data": {
            **project.config,
            "projectID": project.id,
            "projectSubscriptionID": "",
            "backendAPIUrl": project.base_url,
            "frontendAPIUrl": project.base_url,
            "cname": "",
            "cliSecret": "",
            "created": started,
            "updated": started,
            "status": "active",
        }
    }


def save(call: Call) -> Mapping[str, Any]:
    """Change the given fields. Unknown ones are ignored (INFERRED 8)."""
    fields = call.fields()
    values = {name: _value(fields, name) for name in (*CONFIG_DEFAULTS, *TEXTS, *OTHERS)}
    fields.client_info(required=False)
    fields.check()
    given = {name: value for name, value in values.items() if name in call.body}
    if "externalName" in given and not 2 <= len(given["externalName"]) <= 255:
        raise invalid("externalName", "the length must be between 2 and 255")
    for name in URLS:
        if given.get(name) and origin_of(given[name]) is None:
            raise invalid(name, "must be a valid URL")
    call.project.save_config(given)
    return {}


def try_webhook(call: Call) -> Mapping[str, Any]:
    """Call the site's webhook with the stored test users (values of ``code``: INFERRED 13)."""
    fields = call.fields()
    action = fields.text("action", required=True, one_of=webhooks.ACTIONS)
    fields.client_info(required=False)
    fields.check()
    project = call.project
    config = project.config
    data = {"username": config["webhookTestValidUsername"]}
    if action == "passwordVerify":
        data["password"] = config["webhookTestValidPassword"]
    try:
        webhooks.ask(project, action, data)
        code, details = "ok", "The webhook answered"
    except ApiError as error:
        code, details = error.error_type, error.details
    runtime = project.store.deliveries.all()[-1].runtime if len(project.store.deliveries) else 0.0
    return {"data": {"code": code, "details": details, "runtime": runtime}}


def list_webhook_logs(call: Call) -> Mapping[str, Any]:
    """List the webhook calls; passwords are masked (whether Corbado masks them is unknown)."""
    rows = [row for row in call.project.store.deliveries.all() if row.action in webhooks.ACTIONS]
    logs, paging = page_of(rows, COLUMNS, call.request.args)
    return {"data": {"logs": [_log(call.project, row) for row in logs], "paging": paging}}


def _log(project: Project, row: Delivery) -> dict[str, Any]:
    return {
        "webhookID": row.id,
        "projectID": project.id,
        "action": row.action,
        "responseID": row.response_id,
        "requestURL": row.url,
        "requestBody": row.body,
        "responseStatus": row.status,
        "responseHeaders": {},
        "responseBody": row.answer,
        "responseError": row.error,
        "runtime": row.runtime,
        "created": f"{timestamp(row.created)}Z",
    }


def _value(fields: Fields, name: str) -> Any:
    default = CONFIG_DEFAULTS.get(name, OTHERS.get(name, ""))
    if isinstance(default, bool):
        return fields.boolean(name)
    if isinstance(default, str):
        return fields.text(name, one_of=ENUMS.get(name, ()))
    return fields.typed(name, type(default))


COLUMNS = {"action": lambda row: row.action, "created": lambda row: row.created}
ROUTES = (
    Route("backend", "GET", "/v1/projectConfig", get, needs_body=False),
    Route("backend", "POST", "/v1/projectConfig", save),
    Route("backend", "PUT", "/v1/projectConfig/testWebhook", try_webhook),
    Route("backend", "GET", "/v1/webhookLogs", list_webhook_logs, needs_body=False),
)
