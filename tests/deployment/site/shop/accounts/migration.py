from __future__ import annotations

from corbado_auth.existing_users import UserMigration


class ShopMigration(UserMigration):
    def has_proven_email(self, user):
        return user.emailaddress_set.filter(email=user.email.lower(), verified=True).exists()
