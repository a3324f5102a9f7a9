#!/usr/bin/env bash
# What: After django-session-timeout's limit the next request is sent to the login page, even for
#   a visitor who was never signed in, and `next` has lost the query string.
# Versions: django-session-timeout 0.1.0, Django 5.2.19, Python 3.11.
# Guess: an old anonymous session is emptied and the request goes on; where a sign-in is needed,
#   `next` is the full address, as in Django's own redirects to the login page.
# Truth: any session counts, and the redirect is built from `request.path`.
# Output seen on 2026-11-27:
#   after eleven minutes: 302 /login/?next=/arrive/
# Why it matters: what arrives by a link is lost: a magic link, or a Redirect URL with its
#   one-time token. The middleware answers before our view, so a visitor with an old session who
#   comes back from Corbado has to sign in twice.
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
    LOGIN_URL="/login/",
)
django.setup()
from unittest import mock

from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path

call_command("migrate", verbosity=0)


def put_into_basket(request):
    request.session["basket"] = ["a book"]
    return HttpResponse()


urlpatterns = [
    path("basket/", put_into_basket),
    path("arrive/", lambda request: HttpResponse(request.GET["token"])),
]
client = Client()
client.get("/basket/")
client.get("/arrive/?token=first")
later = time.time() + 601
with mock.patch("django_session_timeout.middleware.time.time", lambda: later):
    late = client.get("/arrive/?token=second")

print("after eleven minutes:", late.status_code, late.get("Location"))
if (late.status_code, late.get("Location")) != (302, "/login/?next=/arrive/"):
    sys.exit("django-session-timeout no longer behaves as described")
PY
