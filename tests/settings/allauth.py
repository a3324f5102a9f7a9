"""The test site with django-allauth: accounts, second factor, sessions and its API."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.headless",
]
MIDDLEWARE = [
    *MIDDLEWARE,
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "tests.neighbours.test_allauth.ShopBackend",
]
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "corbado_auth.contrib.allauth.AccountAdapter"
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False
ACCOUNT_LOGIN_METHODS = {"username", "email"}
USERSESSIONS_TRACK_ACTIVITY = True
HEADLESS_ONLY = False
