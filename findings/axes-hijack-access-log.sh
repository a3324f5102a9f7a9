#!/usr/bin/env bash
# What: django-axes logs a sign-in of the customer, from the support person's address, when
#   support acts as that customer through django-hijack.
# Versions: django-axes 8.3.1, django-hijack 3.7.9, Django 5.2.19, Python 3.11.
# Guess: the access log lists sign-ins with credentials; nobody entered any for the customer.
# Truth: axes writes an entry at each `user_logged_in`, and hijack sends it for the customer, and
#   for the support person again at the release. Nothing in the entries tells them from sign-ins.
# Output seen on 2026-11-27:
#   support 192.0.2.7 /in/
#   customer 192.0.2.7 /hijack/acquire/
#   support 192.0.2.7 /hijack/release/
# Why it matters: alarms about new addresses and lists of sign-ins that are built on these rows,
#   or on the signal, show people sign-ins that they never made. Our app records none there.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 django-hijack==3.7.9 django-axes==8.3.1

"$work/venv/bin/python" - <<'PY'
import sys

import django
from django.conf import settings

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
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
        "axes",
        "hijack",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "hijack.middleware.HijackUserMiddleware",
        "axes.middleware.AxesMiddleware",
    ],
    AUTHENTICATION_BACKENDS=["axes.backends.AxesStandaloneBackend", MODEL_BACKEND],
    LOGGING_CONFIG=None,
)
django.setup()
import logging

from axes.models import AccessLog
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

logging.disable()
call_command("migrate", verbosity=0)
support = User.objects.create_superuser("support")
customer = User.objects.create_user("customer")


def sign_in(request):
    login(request, support, backend=MODEL_BACKEND)
    return HttpResponse()


urlpatterns = [path("in/", sign_in), path("hijack/", include("hijack.urls"))]
client = Client(REMOTE_ADDR="192.0.2.7")
client.get("/in/")
client.post("/hijack/acquire/", {"user_pk": customer.pk})
client.post("/hijack/release/")

entries = list(AccessLog.objects.order_by("pk").values_list("username", "ip_address", "path_info"))
for entry in entries:
    print(*entry)
if entries != [
    ("support", "192.0.2.7", "/in/"),
    ("customer", "192.0.2.7", "/hijack/acquire/"),
    ("support", "192.0.2.7", "/hijack/release/"),
]:
    sys.exit("the two packages no longer behave as described")
PY
