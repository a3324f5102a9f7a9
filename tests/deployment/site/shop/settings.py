"""A shop as it runs on its developer's machine: SQLite, runserver, mails on the console."""

from __future__ import annotations

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = True
SECRET_KEY = "for-the-developer's-machine-only"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "shop.accounts",
    "shop.orders",
    "corbado_auth",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "shop" / "templates"],
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

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SQLITE_FILE", BASE_DIR / "shop.sqlite3"),
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
LOGIN_REDIRECT_URL = "orders"
LOGOUT_REDIRECT_URL = "home"

# The users, with django-allauth ---------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"

AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",  # the passwords that people have
    "shop.accounts.backends.ShopBackend",  # passkeys and magic links
]
LOGIN_URL = "account_login"
# The login page is for signed-in people, too: a magic link may open it, and adding a passkey asks
# for a fresh sign-in.
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False
# allauth's list of sessions learns of a session from the requests in it, however it began.
USERSESSIONS_TRACK_ACTIVITY = True

# Corbado --------------------------------------------------------------------------------------

CORBADO_PROJECT_ID = os.environ.get("CORBADO_PROJECT_ID")
CORBADO_API_SECRET = os.environ.get("CORBADO_API_SECRET")
CORBADO_BACKEND_API_URL = os.environ.get("CORBADO_BACKEND_API_URL")
CORBADO_FRONTEND_API_URL = os.environ.get("CORBADO_FRONTEND_API_URL")
CORBADO_USER_MIGRATION = "shop.accounts.migration.ShopMigration"
if "CORBADO_WEBHOOK_SECRETS" in os.environ:
    CORBADO_WEBHOOK_SECRETS = [os.environ["CORBADO_WEBHOOK_SECRETS"]]
