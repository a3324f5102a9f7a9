#!/usr/bin/env bash
# What: allauth.usersessions does not list a session made by Django's own `login()`, not even to
#   its owner; with USERSESSIONS_TRACK_ACTIVITY it does, from the next request on.
# Versions: django-allauth 65.22.1, Django 5.2.19, Python 3.11.
# Guess: rows are made at `user_logged_in`, which every sign-in sends, and the page shows at least
#   the session that asks for it.
# Truth: `allauth.account.signals.user_logged_in` is allauth's own signal, sent by allauth's own
#   views.
# Output seen on 2026-11-27:
#   tracking False: page of sessions 200, rows 0 after the sign-in, 0 after the page
#   tracking True: page of sessions 200, rows 0 after the sign-in, 1 after the page
# Why it matters: "your sessions" and "sign out everywhere" built on these rows leave out every
#   passkey sign-in of another backend. Ending all sessions must not rely on them.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check Django==5.2.19 django-allauth==65.22.1

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
        "allauth",
        "allauth.account",
        "allauth.usersessions",
        "django.contrib.messages",
        "django.contrib.humanize",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
        "allauth.usersessions.middleware.UserSessionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
)
django.setup()
from allauth.usersessions.models import UserSession
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

call_command("migrate", verbosity=0)
user = User.objects.create_user("ada")


def sign_in(request):
    login(request, user)
    return HttpResponse()


urlpatterns = [path("in/", sign_in), path("accounts/", include("allauth.urls"))]
counts = []
for tracked in (False, True):
    with override_settings(USERSESSIONS_TRACK_ACTIVITY=tracked):
        client = Client()
        client.get("/in/")
        after_sign_in = UserSession.objects.count()
        page = client.get("/accounts/sessions/")
        counts.append((page.status_code, after_sign_in, UserSession.objects.count()))
        print(
            f"tracking {tracked}: page of sessions {page.status_code}, "
            f"rows {after_sign_in} after the sign-in, {counts[-1][2]} after the page"
        )

if counts != [(200, 0, 0), (200, 0, 1)]:
    sys.exit("django-allauth no longer behaves as described")
PY
