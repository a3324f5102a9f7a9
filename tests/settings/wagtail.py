"""The test site with Wagtail, whose editors sign in on our login page."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "wagtail",
    "wagtail.admin",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.users",
    "modelcluster",
    "taggit",
]
WAGTAIL_SITE_NAME = "Shop"
WAGTAILADMIN_BASE_URL = "http://testserver"
WAGTAILADMIN_LOGIN_URL = "corbado_auth:login"
# Its tables as its models are, without its hundred migrations.
MIGRATION_MODULES: dict[str, None] = dict.fromkeys(
    ("wagtailcore", "wagtailadmin", "wagtaildocs", "wagtailimages", "wagtailusers", "taggit")
)
