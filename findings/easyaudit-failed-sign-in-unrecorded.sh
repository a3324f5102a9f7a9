#!/usr/bin/env bash
# What: django-easy-audit records a failed sign-in only if its credentials contain a user name; a
#   refused passkey or magic link leaves no row and no log line.
# Versions: django-easy-audit 1.3.9, Django 5.2.19, Python 3.11.
# Guess: it listens to `user_login_failed`, so each failure gets a row, with an empty user name
#   where the credentials have none.
# Truth: the receiver reads `credentials[USERNAME_FIELD]`, and swallows the KeyError, like any
#   other error, unless a setting says otherwise.
# Output seen on 2026-11-27:
#   user_login_failed, by credentials: [['password', 'username'], ['passkey_handle']]
#   login events: [('ada', 2)]
# Why it matters: the login events lack refused passkeys, so an alarm on failed sign-ins there
#   never sees them. Django's own signal does.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check Django==5.2.19 django-easy-audit==1.3.9

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
        "easyaudit",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "easyaudit.middleware.easyaudit.EasyAuditMiddleware",
    ],
    AUTHENTICATION_BACKENDS=[
        f"{__name__}.PasskeyBackend",
        "django.contrib.auth.backends.ModelBackend",
    ],
)
django.setup()
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from easyaudit.models import LoginEvent


class PasskeyBackend:
    def authenticate(self, request, passkey_handle):
        return None  # Nobody has this passkey.


call_command("migrate", verbosity=0)
User.objects.create_user("ada", password="correct horse")
failures = []


def hear(credentials, **_):
    failures.append(sorted(credentials))


user_login_failed.connect(hear)


def sign_in(request):
    authenticate(request, **request.GET.dict())
    return HttpResponse()


urlpatterns = [path("in/", sign_in)]
client = Client()
client.get("/in/", {"username": "ada", "password": "wrong"})
client.get("/in/", {"passkey_handle": "0123"})
rows = list(LoginEvent.objects.values_list("username", "login_type"))

print("user_login_failed, by credentials:", failures)
print("login events:", rows)
if failures != [["password", "username"], ["passkey_handle"]] or rows != [
    ("ada", LoginEvent.FAILED)
]:
    sys.exit("django-easy-audit no longer behaves as described")
PY
