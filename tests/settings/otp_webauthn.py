"""The test site with django-otp-webauthn: passkeys of the site's own as a second factor."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "django_otp", "django_otp_webauthn"]
MIDDLEWARE = [*MIDDLEWARE, "django_otp.middleware.OTPMiddleware"]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "tests.neighbours.test_otp_webauthn.ShopBackend",
    "django_otp_webauthn.backends.WebAuthnBackend",
]
OTP_WEBAUTHN_RP_ID = "localhost"
OTP_WEBAUTHN_RP_NAME = "Shop"
OTP_WEBAUTHN_ALLOWED_ORIGINS = ["http://localhost"]
