from __future__ import annotations

from allauth.account.views import LoginView
from django.contrib import admin
from django.urls import include, path
from django.views.generic import TemplateView

from corbado_auth.decorators import login_page
from shop.orders.views import orders

urlpatterns = [
    path("", TemplateView.as_view(template_name="shop/home.html"), name="home"),
    path("orders/", orders, name="orders"),
    # Before allauth's own: the same view, marked as a login page for Corbado.
    path("accounts/login/", login_page(LoginView.as_view()), name="account_login"),
    path("accounts/", include("allauth.urls")),
    path("corbado/", include("corbado_auth.urls")),
    path("admin/", admin.site.urls),
]
