"""The pages of the shop."""

from __future__ import annotations

from accounts.views import account
from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("account/", account, name="account"),
    path("password/", auth_views.PasswordResetView.as_view(), name="password_reset"),
    path("corbado/", include("corbado_auth.urls")),
]
