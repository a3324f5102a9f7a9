"""The form that gives a passkey a name."""

from __future__ import annotations

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from corbado_auth.passkey_record import LONGEST_NAME

__all__ = ["PasskeyNameForm"]

# Control characters, line ends, and what turns the direction of the text around it.
UNSEEN = r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"


class PasskeyNameForm(forms.Form):
    """A name for a passkey; empty for the name of its device."""

    name = forms.CharField(
        label=pgettext_lazy("passkey", "Name"),
        max_length=LONGEST_NAME,
        required=False,
        validators=[
            RegexValidator(
                UNSEEN, _("Use letters, digits, spaces and punctuation only."), inverse_match=True
            )
        ],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
