#!/usr/bin/env bash
# What: With django-user-sessions, signing out sets a new session cookie for two weeks, with an
#   empty row behind it, and so does any page for a cookie whose session is gone.
# Versions: django-user-sessions 2.0.0, setuptools 80.9.0 (it imports pkg_resources), Django
#   5.2.19, Python 3.11.
# Guess: its middleware does what Django's does: an empty session is not saved, and its cookie is
#   deleted.
# Truth: it saves whatever was modified. `logout()` flushes, which counts as modified, and a key
#   that is not found is replaced by a newly created row.
# Output seen on 2026-11-27:
#   sign-out: cookie for 1209600 s, rows [(None, {})]
#   page with a cookie whose session is gone: cookie for 1209600 s, rows [(None, {})]
# Why it matters: every sign-out leaves a row that belongs to nobody, and a missing cookie is no
#   way to tell that somebody has signed out.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 django-user-sessions==2.0.0 setuptools==80.9.0

"$work/venv/bin/python" - <<'PY'
import sys
import warnings

import django
from django.conf import settings

warnings.simplefilter("ignore")  # pkg_resources says that it is on its way out.
settings.configure(
    SECRET_KEY="only for this run",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "user_sessions",
    ],
    MIDDLEWARE=[
        "user_sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    SESSION_ENGINE="user_sessions.backends.db",
)
django.setup()
from django.contrib.auth import login, logout
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from user_sessions.models import Session

call_command("migrate", verbosity=0)
user = User.objects.create_user("ada")


def sign_in(request):
    login(request, user)
    return HttpResponse()


def sign_out(request):
    logout(request)
    return HttpResponse()


urlpatterns = [
    path("in/", sign_in),
    path("out/", sign_out),
    path("", lambda request: HttpResponse(request.user.username)),
]
client = Client()
signed_in = client.get("/in/").cookies["sessionid"].value
seen = []


def note(step, answer):
    cookie = answer.cookies.get("sessionid")
    rows = [(row.user_id, row.get_decoded()) for row in Session.objects.all()]
    seen.append((bool(cookie) and cookie["max-age"], rows))
    print(f"{step}: cookie for {seen[-1][0]} s, rows {rows}")


note("sign-out", client.get("/out/"))
Session.objects.all().delete()
client.cookies["sessionid"] = signed_in
note("page with a cookie whose session is gone", client.get("/"))

if seen != [(1209600, [(None, {})])] * 2:
    sys.exit("django-user-sessions no longer behaves as described")
PY
