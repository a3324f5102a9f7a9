"""django-jazzmin: its login page has our component, and staff sign in there."""

from __future__ import annotations

from tests.support.admin_cases import AdminCases


class TestJazzmin(AdminCases):
    """What every theme has to do."""

    its_own = "jazzmin/css/main.css"
