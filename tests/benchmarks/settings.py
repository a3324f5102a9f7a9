"""A site as ``startproject`` makes it, in production: with the app, the yardstick, or neither.

WORKER_SITE says which (ours, bare, empty), WORKER_DATABASE and WORKER_CORBADO what is beside it.
"""

from __future__ import annotations

import json
import os

SITE = os.environ["WORKER_SITE"]
IS_BARE = SITE == "bare"

SECRET_KEY = "only-for-the-benchmarks"
ALLOWED_HOSTS = ["www.example.com"]
ROOT_URLCONF = {
    "ours": "tests.benchmarks.urls",
    "bare": "tests.benchmarks.bare.urls",
    "empty": "tests.benchmarks.pages",
}[SITE]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    *{"ours": ["corbado_auth"], "bare": ["tests.benchmarks.bare.apps.BareConfig"]}.get(SITE, []),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DATABASES = {"default": {"CONN_MAX_AGE": None, **json.loads(os.environ["WORKER_DATABASE"])}}
SESSION_ENGINE = os.environ.get("WORKER_SESSIONS", "django.contrib.sessions.backends.db")
if "WORKER_REDIS" in os.environ:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": os.environ["WORKER_REDIS"],
        }
    }
STATIC_URL = "/static/"
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
if SITE == "ours":
    AUTHENTICATION_BACKENDS.append("corbado_auth.backends.CorbadoBackend")
LOGIN_REDIRECT_URL = "/"

CORBADO_PROJECT_ID = "pro-1234567890"
CORBADO_API_SECRET = "corbado1_made-up-secret-of-the-benchmarks"
CORBADO_BACKEND_API_URL = os.environ["WORKER_CORBADO"]
CORBADO_SESSION_LIST = bool(os.environ.get("WORKER_SESSION_LIST"))
CORBADO_WEBHOOK_SECRETS = ["webhooks:made-up-password-of-the-benchmarks"]
