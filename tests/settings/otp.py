"""The test site with django-otp and django-two-factor-auth."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "two_factor",
]
MIDDLEWARE = [
    *MIDDLEWARE,
    "django_otp.middleware.OTPMiddleware",
    "corbado_auth.contrib.otp.PasskeyMiddleware",
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "tests.neighbours.test_otp.ShopBackend",
]
OTP_LOGIN_URL = "second-factor"
