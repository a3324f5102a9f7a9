"""Settings of the example site.

DEMO SETTINGS: DEBUG is on and the key below is public. They are for one developer on one machine;
never serve a site to other people with them.
"""

from __future__ import annotations

import os
from pathlib import Path

import django

BASE_DIR = Path(__file__).resolve().parent
# The site's database, and what `make demo` keeps beside it.
DATA_DIR = Path(os.environ.get("EXAMPLE_DATA_DIR", BASE_DIR.parent / ".demo"))
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = True  # demo only
SECRET_KEY = "demo-only-and-public-do-not-use-this-key-for-anything-else"  # noqa: S105
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

INSTALLED_APPS = [
    "corbado_auth.admin_site.CorbadoAdminConfig",  # passkeys in the admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "example_project.workshop",
    "corbado_auth",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example_project.urls"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the apps' own folders: here the site overrides corbado_auth/base.html.
        "DIRS": [BASE_DIR / "templates"],
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
        "NAME": DATA_DIR / "site.sqlite3",
        # Lock at the start of a transaction: two people never get the same last place.
        "OPTIONS": {"transaction_mode": "IMMEDIATE"},
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en-ie"
LANGUAGES = [
    ("en-ie", "English"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("fr", "Français"),
    ("nl", "Nederlands"),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Dublin"
USE_TZ = True

STATIC_URL = "static/"

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "my-bookings"
LOGOUT_REDIRECT_URL = "home"

# Mails become files, which `make demo` names.
MAIL_DIR = DATA_DIR / "mail"
if django.VERSION >= (6, 1):
    MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": MAIL_DIR},
        },
    }
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = MAIL_DIR

# Corbado ------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",  # the passwords that people have
    "example_project.backends.WorkshopBackend",  # passkeys and magic links
]

# Without an environment the site talks to the emulator at its usual place, with credentials that
# are worth nothing anywhere else.
CORBADO_PROJECT_ID = os.environ.get("CORBADO_PROJECT_ID", "pro-1")
CORBADO_API_SECRET = os.environ.get("CORBADO_API_SECRET", "corbado1_emulator")
CORBADO_BACKEND_API_URL = os.environ.get("CORBADO_BACKEND_API_URL", "http://localhost:9000")
CORBADO_FRONTEND_API_URL = os.environ.get("CORBADO_FRONTEND_API_URL", "http://localhost:9000")
# With these Corbado asks this site whether it knows a person, and whether a password is right.
CORBADO_WEBHOOK_SECRETS = [os.environ.get("CORBADO_WEBHOOK_SECRETS", "corbado:demo-only")]
# Corbado also says when a user or a passkey is gone; then sessions end here, and people are told.
CORBADO_EMAIL_NOTICES = True
CORBADO_SIGN_IN_HISTORY = True
CORBADO_SESSION_LIST = True

# The site shows both of Corbado's products, each on a login page of its own; a site of yours has
# one.
CORBADO_CONNECT = "both"
CORBADO_CONNECT_CUSTOM_DOMAIN = CORBADO_FRONTEND_API_URL
CORBADO_CONNECT_SCRIPT_URL = f"{CORBADO_FRONTEND_API_URL}/connect/web-js.js"
