from __future__ import annotations

from allauth.account.models import EmailAddress

from corbado_auth.addresses import same_address
from corbado_auth.backends import CorbadoBackend, SignInRefused


class ShopBackend(CorbadoBackend):
    # allauth makes everyone prove the address, and match_user() looks at the proof.
    local_emails_are_verified = True

    def match_user(self, corbado_user):
        """Return the user who has proved one of the confirmed addresses to allauth."""
        confirmed = corbado_user.verified_emails
        proved = EmailAddress.objects.lookup(confirmed).filter(verified=True)
        owners = {
            row.user
            for row in proved.select_related("user")
            # The database takes some look-alikes for the same, and so does lower().
            if any(same_address(row.email, address) for address in confirmed)
        }
        namesake = super().match_user(corbado_user)
        if namesake is not None and namesake not in owners:
            raise SignInRefused("not_proved_to_allauth")
        if len(owners) > 1:
            raise SignInRefused("ambiguous_email")
        return owners.pop() if owners else None

    def configure_user(self, request, user, corbado_user, created):
        """Tell allauth the address of a new user: Corbado has seen it proved."""
        if created and user.email:
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user
