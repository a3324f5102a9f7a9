"""A site whose login page is its first page."""

from __future__ import annotations

from django.urls import path

from corbado_auth.views import LoginView
from tests.urls import urlpatterns as of_the_test_site

urlpatterns = [path("", LoginView.as_view()), *of_the_test_site[1:]]
