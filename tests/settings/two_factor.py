"""The test site with django-two-factor-auth, whose own sign-in asks for the code."""

from __future__ import annotations

from tests.settings.otp import *

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "tests.neighbours.test_two_factor.ShopBackend",
]
OTP_LOGIN_URL = "two_factor:login"
