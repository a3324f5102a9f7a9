from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("courses/<slug:slug>/", views.CourseView.as_view(), name="course"),
    path("dates/<int:pk>/book/", views.BookView.as_view(), name="book"),
    path("my-bookings/", views.MyBookingsView.as_view(), name="my-bookings"),
    path("my-bookings/<int:pk>/cancel/", views.CancelView.as_view(), name="cancel"),
    path("account/", views.AccountView.as_view(), name="account"),
    path("login/", views.LoginView.as_view(), name="login"),
    path("login/connect/", views.ConnectLoginView.as_view(), name="connect-login"),
]
