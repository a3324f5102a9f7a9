#!/usr/bin/env bash
# What: With mozilla-django-oidc's SessionRefresh, a support person who starts to act as a
#   customer through django-hijack is sent to the identity provider by the very next page.
# Versions: django-hijack 3.7.9, mozilla-django-oidc 5.0.2, Django 5.2.19, Python 3.11.
# Guess: SessionRefresh looks after people who came through the provider. The customer's session
#   did not, so it is left alone.
# Truth: the session names the support person's OIDC backend but has lost the expiry time stored
#   beside it, which counts as expired. The redirect asks with `prompt=none`, which the provider
#   answers without a page for whoever is signed in there: the support person.
# Output seen on 2026-11-27:
#   page before the hijack: 200 support
#   page after it: 302 idp.example prompt ['none']
# Why it matters: a session's backend says how the session was made, and not whose it is;
#   middleware that decides by the backend has to look at both.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 django-hijack==3.7.9 mozilla-django-oidc==5.0.2

"$work/venv/bin/python" - <<'PY'
import sys
import time
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings

OIDC = "mozilla_django_oidc.auth.OIDCAuthenticationBackend"
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
        "mozilla_django_oidc",
        "hijack",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "hijack.middleware.HijackUserMiddleware",
        "mozilla_django_oidc.middleware.SessionRefresh",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend", OIDC],
    OIDC_RP_CLIENT_ID="client",
    OIDC_RP_CLIENT_SECRET="only for this run",
    OIDC_OP_AUTHORIZATION_ENDPOINT="https://idp.example/authorize",
    OIDC_OP_TOKEN_ENDPOINT="https://idp.example/token",
    OIDC_OP_USER_ENDPOINT="https://idp.example/userinfo",
    OIDC_RP_SIGN_ALGO="HS256",
)
django.setup()
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

call_command("migrate", verbosity=0)
support = User.objects.create_superuser("support")
customer = User.objects.create_user("customer")


def sign_in(request):
    """End as the package's callback view does: sign in, note until when it holds."""
    login(request, support, backend=OIDC)
    request.session["oidc_id_token_expiration"] = time.time() + 900
    return HttpResponse()


urlpatterns = [
    path("in/", sign_in),
    path("", lambda request: HttpResponse(request.user.username)),
    path("oidc/", include("mozilla_django_oidc.urls")),
    path("hijack/", include("hijack.urls")),
]
client = Client()
client.get("/in/")
before = client.get("/")
client.post("/hijack/acquire/", {"user_pk": customer.pk})
after = client.get("/")
location = urlsplit(after.get("Location", ""))
prompt = parse_qs(location.query).get("prompt")

print("page before the hijack:", before.status_code, before.content.decode())
print("page after it:", after.status_code, location.netloc, "prompt", prompt)
if (before.status_code, after.status_code, location.netloc, prompt) != (
    200,
    302,
    "idp.example",
    ["none"],
):
    sys.exit("the two packages no longer behave as described")
PY
