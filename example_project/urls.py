from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("example_project.workshop.urls")),
    path("corbado/", include("corbado_auth.urls")),
    path("admin/", admin.site.urls),
]
