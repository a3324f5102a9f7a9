"""django-grappelli: its login page has our component, and staff sign in there."""

from __future__ import annotations

from tests.support.admin_cases import AdminCases


class TestGrappelli(AdminCases):
    """What every theme has to do."""

    its_own = "grappelli/stylesheets/screen.css"
