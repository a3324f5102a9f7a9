#!/usr/bin/env bash
# What: allauth's API lists no email address of somebody who signs in through another backend, while
#   its session endpoint shows that very address.
# Versions: django-allauth 65.22.1, Django 5.2.19, Python 3.11.
# Guess: `account/email` has the user's address, unverified, from the first sign-in on; allauth sees
#   `user_logged_in`, and its session endpoint answers with `user.email`.
# Truth: its table of addresses is filled by allauth's own sign-ups and sign-ins alone.
# Output seen on 2026-11-27:
#   session endpoint: 200 ada@example.com
#   addresses: []
# Why it matters: "verified" in allauth says nothing about people who came by a passkey; a front end
#   that asks for a verified address there finds none for them, however Corbado confirmed it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 "django-allauth==65.22.1"

"$work/venv/bin/python" - <<'PY'
import sys

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="only for this run",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "allauth",
        "allauth.account",
        "allauth.headless",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    AUTHENTICATION_BACKENDS=[
        "django.contrib.auth.backends.ModelBackend",
        "allauth.account.auth_backends.AuthenticationBackend",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": ["django.template.context_processors.request"],
            },
        }
    ],
)
django.setup()
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

call_command("migrate", verbosity=0)
ada = User.objects.create_user("ada", "ada@example.com")


def sign_in(request):
    login(request, ada, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


urlpatterns = [
    path("in/", sign_in),
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
]
client = Client()
client.get("/in/")
session = client.get("/_allauth/browser/v1/auth/session")
shown = session.json()["data"]["user"].get("email")
addresses = client.get("/_allauth/browser/v1/account/email").json()["data"]

print("session endpoint:", session.status_code, shown)
print("addresses:", addresses)
if (session.status_code, shown, addresses) != (200, "ada@example.com", []):
    sys.exit("django-allauth no longer behaves as described")
PY
