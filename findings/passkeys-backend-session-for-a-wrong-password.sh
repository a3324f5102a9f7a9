#!/usr/bin/env bash
# What: With django-passkeys' backend, a wrong password makes a session: a row in the database and
#   a cookie for a visitor who is not signed in.
# Versions: django-passkeys 2.1, Django 5.2.19, Python 3.11.
# Guess: `authenticate()` only looks; a session is made by `login()`.
# Truth: the backend notes in the session that no passkey was used, before it looks at the
#   password.
# Output seen on 2026-11-27:
#   authenticate(): None
#   cookies: sessionid
#   session rows: [{'passkey': {'passkey': False}}]
# Why it matters: wrong passwords fill the session table, and a session key no longer means that
#   the visitor has something worth keeping.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check Django==5.2.19 django-passkeys==2.1

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
        "django.contrib.sessions",
        "passkeys",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    AUTHENTICATION_BACKENDS=["passkeys.backend.PasskeyModelBackend"],
    FIDO_SERVER_ID="localhost",
    FIDO_SERVER_NAME="A site",
)
django.setup()
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path

call_command("migrate", verbosity=0)
User.objects.create_user("ada", password="correct horse")


def sign_in(request):
    return HttpResponse(str(authenticate(request, username="ada", password="wrong")))


urlpatterns = [path("in/", sign_in)]
answer = Client().get("/in/")
rows = [session.get_decoded() for session in Session.objects.all()]

print("authenticate():", answer.content.decode())
print("cookies:", *answer.cookies)
print("session rows:", rows)
if (answer.content, list(answer.cookies), rows) != (
    b"None",
    ["sessionid"],
    [{"passkey": {"passkey": False}}],
):
    sys.exit("django-passkeys no longer behaves as described")
PY
