#!/usr/bin/env bash
# What: The change of `last_login` that a sign-in makes has no actor in django-auditlog, and its
#   middleware makes every page, also for visitors without a cookie, `Vary: Cookie`.
# Versions: django-auditlog 3.4.1, Django 5.2.19, Python 3.11.
# Guess: the actor is looked up when an entry is written; `login()` has set `request.user` by
#   then, so the person is named. A page that touches neither user nor session is not affected.
# Truth: the middleware looks at `request.user` once, before the view: at a sign-in that is
#   nobody. For the same reason the session is read on every request, whatever the view does.
# Output seen on 2026-11-27:
#   changed field and actor: [('last_login', 'None'), ('first_name', 'ada')]
#   Vary of a page without user and session: Cookie
# Why it matters: the entry for a sign-in names the person as the object only, never as the actor;
#   and a page that a shared cache could keep once for everybody is kept once per cookie.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check Django==5.2.19 django-auditlog==3.4.1

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
        "auditlog",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "auditlog.middleware.AuditlogMiddleware",
    ],
)
django.setup()
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path

call_command("migrate", verbosity=0)
user = User.objects.create_user("ada")
auditlog.register(User)


def sign_in(request):
    login(request, user)
    return HttpResponse()


def rename(request):
    person = User.objects.get(pk=user.pk)
    person.first_name = "Ada"
    person.save()
    return HttpResponse()


urlpatterns = [
    path("in/", sign_in),
    path("rename/", rename),
    path("imprint/", lambda request: HttpResponse("the same for everybody")),
]
client = Client()
client.get("/in/")
client.get("/rename/")
actors = [(*entry.changes, str(entry.actor)) for entry in LogEntry.objects.order_by("pk")]
vary = Client().get("/imprint/").headers.get("Vary")

print("changed field and actor:", actors)
print("Vary of a page without user and session:", vary)
if actors != [("last_login", "None"), ("first_name", "ada")] or vary != "Cookie":
    sys.exit("django-auditlog no longer behaves as described")
PY
