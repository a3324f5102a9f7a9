"""The password form next to Corbado's component."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from corbado_auth.passwords import find_user, finds_by_address
from corbado_auth.second_factor import has_second_factor
from corbado_auth.telemetry import Secret

__all__ = ["PasswordForm", "RefusesSecondFactor"]


class RefusesSecondFactor(AuthenticationForm):
    """A password form that refuses users with a second factor, for which it has no field."""

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse users as the other forms do, and then these."""
        super().confirm_login_allowed(user)
        if has_second_factor(user):
            raise ValidationError(
                _("This account needs a second factor, which this form does not ask for."),
                code="second_factor",
            )


class PasswordForm(RefusesSecondFactor):
    """Django's own form, which calls each backend with the arguments that it accepts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        username = self.fields["username"]
        # Corbado's component comes first, and its field should get the focus.
        username.widget.attrs.pop("autofocus", None)
        if finds_by_address():
            username.label = _("Username or email")

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Find the user, or show Django's error."""
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name is not None and password:
            user: Any = find_user(self.request, Secret(password), username=name, address=name)
            self.user_cache = user
            if user is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(user)
        return self.cleaned_data
