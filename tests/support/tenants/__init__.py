"""Tenants of django-tenants, for tests.settings.tenants."""
