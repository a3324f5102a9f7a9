#!/usr/bin/env bash
# What: With django-single-session installed, asking django-rest-knox for an API token signs the
#   person out of the browser, and giving the token back does so once more.
# Versions: django-rest-knox 5.1.0, djangorestframework 3.18.3, django-single-session 0.2.0,
#   Django 5.2.19, Python 3.11.
# Guess: tokens and browser sessions are two things: django-single-session ends other browser
#   sessions when a browser signs in, and a token request has no session.
# Truth: knox sends `user_logged_in` and `user_logged_out` for tokens. The other package takes the
#   first for a new browser session: it ends the real one, saves an empty session for the API
#   client and sets its cookie. At the second it ends all sessions of the person.
# Output seen on 2026-11-27:
#   browser after its sign-in: ada
#   browser after a token was asked for: nobody
#   session cookie for the API client: True
#   browser, signed in again, after the token was given back: nobody
# Why it matters: a receiver of Django's sign-in signals has to check that the request's session
#   is signed in as that user before it writes or deletes anything. Ours do.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 djangorestframework==3.18.3 django-rest-knox==5.1.0 \
  django-single-session==0.2.0

"$work/venv/bin/python" - <<'PY'
import base64
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
        "single_session",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"]
    },
)
django.setup()
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from knox.views import LoginView, LogoutView

call_command("migrate", verbosity=0)
user = User.objects.create_user("ada", password="correct horse")


def sign_in(request):
    login(request, user)
    return HttpResponse()


urlpatterns = [
    path("in/", sign_in),
    path("", lambda request: HttpResponse(request.user.username or "nobody")),
    path("token/", LoginView.as_view()),
    path("revoke/", LogoutView.as_view()),
]
browser, api = Client(), Client()
seen = []


def note(step):
    seen.append((step, browser.get("/").content.decode()))
    print(*seen[-1], sep=": ")


browser.get("/in/")
note("browser after its sign-in")
basic = base64.b64encode(b"ada:correct horse").decode()
answer = api.post("/token/", headers={"authorization": f"Basic {basic}"})
note("browser after a token was asked for")
print("session cookie for the API client:", "sessionid" in answer.cookies)
browser.get("/in/")
api.cookies.clear()
api.post("/revoke/", headers={"authorization": f"Token {answer.json()['token']}"})
note("browser, signed in again, after the token was given back")

if [who for _, who in seen] != ["ada", "nobody", "nobody"] or "sessionid" not in answer.cookies:
    sys.exit("the two packages no longer behave as described")
PY
