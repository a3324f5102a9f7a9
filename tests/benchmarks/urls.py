"""The site with the app."""

from __future__ import annotations

from django.urls import include, path

from tests.benchmarks.pages import ordinary

urlpatterns = [
    path("", ordinary),
    path("corbado/", include("corbado_auth.urls")),
]
