#!/usr/bin/env bash
# What: With django-axes installed, each API token that django-rest-knox hands out makes a Django
#   session: a row that nobody is signed in to, and a cookie in the answer.
# Versions: django-rest-knox 5.1.0, djangorestframework 3.18.3, django-axes 8.3.1, Django 5.2.19,
#   Python 3.11.
# Guess: neither needs a session here: knox identifies by the Authorization header, axes counts
#   failures by address or user name.
# Truth: axes stores a hash of the session key with each sign-in, to find the entry again at the
#   sign-out. knox's `user_logged_in` comes with a session without a key, so axes creates one.
# Output seen on 2026-11-27:
#   status: 200 - keys: expiry token
#   cookies: sessionid
#   session rows after three tokens: [{}, {}, {}]
# Why it matters: API clients fill the session table and get cookies that nobody asked for; lists of
#   sign-ins that count session rows count them too.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 djangorestframework==3.18.3 django-rest-knox==5.1.0 django-axes==8.3.1

"$work/venv/bin/python" - <<'PY'
import base64
import logging
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
        "rest_framework",
        "knox",
        "axes",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "axes.middleware.AxesMiddleware",
    ],
    AUTHENTICATION_BACKENDS=[
        "axes.backends.AxesStandaloneBackend",
        "django.contrib.auth.backends.ModelBackend",
    ],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"]
    },
)
django.setup()
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import path
from knox.views import LoginView

logging.disable()
call_command("migrate", verbosity=0)
User.objects.create_user("ada", password="correct horse")
urlpatterns = [path("token/", LoginView.as_view())]

basic = base64.b64encode(b"ada:correct horse").decode()
for _ in range(3):
    answer = Client().post("/token/", headers={"authorization": f"Basic {basic}"})
contents = [session.get_decoded() for session in Session.objects.all()]

print("status:", answer.status_code, "- keys:", *sorted(answer.json()))
print("cookies:", *answer.cookies)
print("session rows after three tokens:", contents)
if (answer.status_code, list(answer.cookies), contents) != (200, ["sessionid"], [{}, {}, {}]):
    sys.exit("the two packages no longer behave as described")
PY
