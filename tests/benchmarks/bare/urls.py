"""The bare site: the sign-ins, and a page for people who are signed in."""

from __future__ import annotations

from django.urls import path

from tests.benchmarks.bare import views
from tests.benchmarks.pages import ordinary

urlpatterns = [
    path("", ordinary),
    path("returning/", views.returning),
    path("linking/", views.linking),
    path("creating/", views.creating),
    path("connect/", views.connect),
]
