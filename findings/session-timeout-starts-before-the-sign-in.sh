#!/usr/bin/env bash
# What: django-session-timeout counts from an anonymous visitor's first page: someone who shops
#   for a while and then signs in is soon signed out, and signing in again does not help.
# Versions: django-session-timeout 0.1.0, Django 5.2.19, Python 3.11.
# Guess: SESSION_EXPIRE_SECONDS is how long a sign-in lasts, so a sign-in starts the clock.
# Truth: the time of the first request with anything in the session is kept in the session, and
#   `login()` keeps what an anonymous session, or one of the same person, holds.
# Output seen on 2026-11-27:
#   minute 0: /basket/ -> 200
#   minute 1: / -> 200
#   minute 9: /in/ -> 200
#   minute 10.5: /in/ -> 200
#   minute 11.5: / -> 302 /accounts/login/?next=/
#   signed in: False
# Why it matters: the age of a session says nothing about the sign-in, so "recent" needs a mark
#   that every sign-in writes anew. A step-up does not extend such a session.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 django-session-timeout==0.1.0

"$work/venv/bin/python" - <<'PY'
import sys
import time

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
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django_session_timeout.middleware.SessionTimeoutMiddleware",
    ],
    SESSION_EXPIRE_SECONDS=600,
)
django.setup()
from unittest import mock

from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path

call_command("migrate", verbosity=0)
user = User.objects.create_user("ada")


def put_into_basket(request):
    request.session["basket"] = ["a book"]
    return HttpResponse()


def sign_in(request):
    login(request, user)
    return HttpResponse()


urlpatterns = [
    path("basket/", put_into_basket),
    path("in/", sign_in),
    path("", lambda request: HttpResponse(request.user.username)),
]
client = Client()
start = time.time()
steps = []
for minute, page in [(0, "/basket/"), (1, "/"), (9, "/in/"), (10.5, "/in/"), (11.5, "/")]:
    with mock.patch("django_session_timeout.middleware.time.time", lambda: start + 60 * minute):
        answer = client.get(page)
    steps.append((minute, page, answer.status_code))
    print(f"minute {minute}: {page} -> {answer.status_code} {answer.get('Location', '')}")
signed_in = "_auth_user_id" in client.session

print("signed in:", signed_in)
if [status for *_, status in steps] != [200, 200, 200, 200, 302] or signed_in:
    sys.exit("django-session-timeout no longer behaves as described")
PY
