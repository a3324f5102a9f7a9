from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm


class PasswordForm(AuthenticationForm):
    """Django's form, without its grip on the focus: there are two ways to sign in on that page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            del self.fields["username"].widget.attrs["autofocus"]
