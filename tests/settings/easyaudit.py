"""The test site with django-easy-audit, which raises its own errors."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "easyaudit"]
MIDDLEWARE = [*MIDDLEWARE, "easyaudit.middleware.easyaudit.EasyAuditMiddleware"]
DJANGO_EASY_AUDIT_PROPAGATE_EXCEPTIONS = True
