"""A site with an error tracker, a tracer, structured logs and an audit trail."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "django_structlog", "easyaudit"]
MIDDLEWARE = [
    *MIDDLEWARE,
    "django_structlog.middlewares.RequestMiddleware",
    "easyaudit.middleware.easyaudit.EasyAuditMiddleware",
]
DJANGO_EASY_AUDIT_UNREGISTERED_CLASSES_EXTRA: list[str] = []
WSGI_APPLICATION = "tests.neighbours.test_telemetry.application"
ASGI_APPLICATION = "tests.neighbours.test_telemetry.asynchronous"
