"""The test site with django-csp and django-permissions-policy."""

from __future__ import annotations

from csp.constants import NONCE, SELF

from corbado_auth import csp
from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "csp"]
MIDDLEWARE = [
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    *MIDDLEWARE,
]
DIRECTIVES = {"default-src": [SELF], "script-src": [SELF, NONCE], "base-uri": ["'none'"]}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": csp.allow(DIRECTIVES, {"CORBADO_PROJECT_ID": CORBADO_PROJECT_ID})
}
PERMISSIONS_POLICY: dict[str, list[str] | str] = {
    "camera": [],
    "geolocation": [],
    "publickey-credentials-create": "self",
    "publickey-credentials-get": "self",
}
