"""The test site with Django REST framework, simplejwt and django-cors-headers."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "corsheaders",
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework_simplejwt.authentication.JWTAuthentication",
    ],
}
SIMPLE_JWT = {
    "SIGNING_KEY": "only-for-the-tests-and-long-enough-for-sha-256",
    "TOKEN_OBTAIN_SERIALIZER": "tests.neighbours.test_simplejwt.WithShop",
}
