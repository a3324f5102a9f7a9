#!/usr/bin/env bash
# What: A session that is opened by its key and saved, as a command or a test does, loses user
#   agent and address in django-qsessions and in django-user-sessions.
# Versions: django-qsessions 2.1.0; django-user-sessions 2.0.0 with setuptools 80.9.0 (it imports
#   pkg_resources); Django 5.2.19, Python 3.11.
# Guess: the two columns are facts about the browser; code that saves without knowing them leaves
#   them alone.
# Truth: the store writes what it was constructed with, which is None without these arguments. The
#   browser's next request puts the values back.
# Output seen on 2026-11-27:
#   qsessions, signed in: ('Firefox', '192.0.2.7')
#   qsessions, saved by its key: (None, None)
#   qsessions, next page: ('Firefox', '192.0.2.7')
#   user_sessions, signed in: ('Firefox', '192.0.2.7')
#   user_sessions, saved by its key: (None, None)
#   user_sessions, next page: ('Firefox', '192.0.2.7')
# Why it matters: a job that marks sessions, for instance to ask for a fresh sign-in, blanks the
#   list of devices by which people recognise their own.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 django-qsessions==2.1.0 django-user-sessions==2.0.0 setuptools==80.9.0

for package in qsessions user_sessions; do
  "$work/venv/bin/python" -W ignore - "$package" <<'PY'
import sys
from importlib import import_module

import django
from django.conf import settings

package = sys.argv[1]
settings.configure(
    SECRET_KEY="only for this run",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", package],
    MIDDLEWARE=[
        f"{package}.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    SESSION_ENGINE=f"{package}.backends.db",
)
django.setup()
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path

call_command("migrate", verbosity=0)
user = User.objects.create_user("ada")
Session = import_module(f"{package}.models").Session
SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


def sign_in(request):
    login(request, user)
    return HttpResponse()


urlpatterns = [
    path("in/", sign_in),
    path("", lambda request: HttpResponse(request.user.username)),
]
client = Client(REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT="Firefox")
seen = []


def note(step):
    row = Session.objects.get()
    seen.append((row.user_agent, row.ip))
    print(f"{package}, {step}: {seen[-1]}")


client.get("/in/")
note("signed in")
session = SessionStore(client.cookies["sessionid"].value)
session["reminder"] = True
session.save()
note("saved by its key")
client.get("/")
note("next page")

if seen != [("Firefox", "192.0.2.7"), (None, None), ("Firefox", "192.0.2.7")]:
    sys.exit(f"{package} no longer behaves as described")
PY
done
