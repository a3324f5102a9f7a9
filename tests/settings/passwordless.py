"""The test site with other ways in that need no password: links, social accounts, OpenID."""

from __future__ import annotations

import warnings

from tests.settings.default import *

with warnings.catch_warnings():
    # python3-openid, which social-auth needs, imports a module that is deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    __import__("defusedxml.cElementTree")

INSTALLED_APPS = [*INSTALLED_APPS, "social_django", "mozilla_django_oidc"]
AUTHENTICATION_BACKENDS = [
    *AUTHENTICATION_BACKENDS,
    "sesame.backends.ModelBackend",
    "social_core.backends.github.GithubOAuth2",
    "mozilla_django_oidc.auth.OIDCAuthenticationBackend",
]
OIDC_OP_TOKEN_ENDPOINT = "https://oidc.example/token"
OIDC_OP_USER_ENDPOINT = "https://oidc.example/user"
OIDC_RP_CLIENT_ID = "shop"
OIDC_RP_CLIENT_SECRET = "made up"
OIDC_RP_SIGN_ALGO = "HS256"
