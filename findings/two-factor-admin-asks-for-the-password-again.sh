#!/usr/bin/env bash
# What: django-two-factor-auth's admin sends a person who is signed in, but has no second factor,
#   to the form for user name and password, not to the page that sets one up.
# Versions: django-two-factor-auth 1.18.1, django-otp 1.7.5, Django 5.2.19, Python 3.11.
# Guess: the person is known and only the second factor is missing, so the admin leads to its
#   set-up, or says that it is needed.
# Truth: "not verified" is treated like "not signed in". The login page shows its form to anybody,
#   and nothing leads to the set-up page.
# Output seen on 2026-11-27:
#   /admin/ -> /admin/login/?next=/admin/ /account/login/?next=/admin/
#   status 200 - still signed in: ada
#   fields of the page: auth-username auth-password
#   set-up page: 200
# Why it matters: staff who sign in with a passkey, perhaps without any password, end up at a
#   password form. A site with both has to link to the set-up page itself.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 django-two-factor-auth==1.18.1 django-otp==1.7.5

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
        "django.contrib.messages",
        "django.contrib.admin",
        "django_otp",
        "django_otp.plugins.otp_static",
        "django_otp.plugins.otp_totp",
        "two_factor",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django_otp.middleware.OTPMiddleware",
    ],
    LOGIN_URL="two_factor:login",
    STATIC_URL="/static/",
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
from django.contrib import admin
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path
from two_factor.admin import AdminSiteOTPRequired
from two_factor.urls import urlpatterns as two_factor_urls

call_command("migrate", verbosity=0)
staff = User.objects.create_superuser("ada")
admin.site.__class__ = AdminSiteOTPRequired


def sign_in(request):
    login(request, staff)
    return HttpResponse()


urlpatterns = [
    path("in/", sign_in),
    path("admin/", admin.site.urls),
    path("", include(two_factor_urls)),
]
client = Client()
client.get("/in/")
answer = client.get("/admin/", follow=True)
steps = [url for url, _ in answer.redirect_chain]
page = answer.content.decode()
asks = [name for name in ("auth-username", "auth-password") if f'name="{name}"' in page]

print("/admin/ ->", *steps)
print("status", answer.status_code, "- still signed in:", answer.wsgi_request.user.username)
print("fields of the page:", *asks)
print("set-up page:", client.get("/account/two_factor/setup/").status_code)
if steps[-1:] != ["/account/login/?next=/admin/"] or len(asks) != 2:
    sys.exit("django-two-factor-auth no longer behaves as described")
PY
