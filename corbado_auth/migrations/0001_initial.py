"""Create the tables of the app."""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import corbado_auth.indexes


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PasskeyNudge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "project_id",
                    models.CharField(max_length=64, verbose_name="Corbado project ID"),
                ),
                ("quiet_since", models.DateTimeField(verbose_name="quiet since")),
                (
                    "answer",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not_now", "Not now"),
                            ("never", "Never"),
                            ("add", "Add a passkey"),
                            ("added", "Added a passkey"),
                        ],
                        max_length=8,
                        verbose_name="answer",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corbado_passkey_nudges",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "passkey nudge",
                "verbose_name_plural": "passkey nudges",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "project_id"), name="corbado_nudge_user"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PendingDeletion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("project_id", models.CharField(max_length=64, verbose_name="Corbado project ID")),
                (
                    "corbado_user_id",
                    models.CharField(blank=True, max_length=64, verbose_name="Corbado user ID"),
                ),
                (
                    "handle",
                    models.CharField(blank=True, max_length=255, verbose_name="handle"),
                ),
                (
                    "is_at_connect",
                    models.BooleanField(default=False, verbose_name="at Connect"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="local user deleted"
                    ),
                ),
                ("failed_at", models.DateTimeField(null=True, verbose_name="last failure")),
            ],
            options={
                "verbose_name": "pending deletion",
                "verbose_name_plural": "pending deletions",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project_id", "corbado_user_id", "handle", "is_at_connect"),
                        name="corbado_deletion_corbado_user",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ConnectAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("project_id", models.CharField(max_length=64, verbose_name="Corbado project ID")),
                ("handle", models.CharField(max_length=255, verbose_name="handle")),
                (
                    "corbado_user_id",
                    models.CharField(blank=True, max_length=64, verbose_name="Corbado user ID"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="linked"
                    ),
                ),
                (
                    "first_sign_in_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="first sign-in"),
                ),
                (
                    "last_sign_in_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last sign-in"),
                ),
                (
                    "sign_in_count",
                    models.PositiveIntegerField(default=0, editable=False, verbose_name="sign-ins"),
                ),
                (
                    "last_password_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="last password sign-in"
                    ),
                ),
                (
                    "is_new_user",
                    models.BooleanField(default=False, editable=False, verbose_name="new user"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="connect_accounts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "Connect account",
                "verbose_name_plural": "Connect accounts",
                "indexes": [
                    models.Index(fields=["corbado_user_id"], name="corbado_connect_corbado_user")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("handle", "project_id"), name="corbado_connect_handle"
                    ),
                    models.UniqueConstraint(
                        fields=("project_id", "user"), name="corbado_connect_local_user"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CorbadoAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("project_id", models.CharField(max_length=64, verbose_name="Corbado project ID")),
                (
                    "corbado_user_id",
                    models.CharField(max_length=64, verbose_name="Corbado user ID"),
                ),
                (
                    "email",
                    models.EmailField(blank=True, max_length=254, verbose_name="email at Corbado"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="linked"
                    ),
                ),
                (
                    "first_sign_in_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="first sign-in"),
                ),
                (
                    "last_sign_in_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last sign-in"),
                ),
                (
                    "sign_in_count",
                    models.PositiveIntegerField(default=0, editable=False, verbose_name="sign-ins"),
                ),
                (
                    "last_password_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="last password sign-in"
                    ),
                ),
                (
                    "is_new_user",
                    models.BooleanField(default=False, editable=False, verbose_name="new user"),
                ),
                (
                    "awaits_proof",
                    models.BooleanField(default=False, editable=False, verbose_name="awaits proof"),
                ),
                (
                    "created_for_email",
                    models.CharField(
                        editable=False,
                        max_length=254,
                        null=True,
                        verbose_name="created for the address",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corbado_accounts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "Corbado account",
                "verbose_name_plural": "Corbado accounts",
                "indexes": [
                    corbado_auth.indexes.BeginningIndex(
                        fields=["email"], name="corbado_account_email"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("corbado_user_id", "project_id"),
                        name="corbado_account_corbado_user",
                    ),
                    models.UniqueConstraint(
                        fields=("project_id", "user"), name="corbado_account_local_user"
                    ),
                    models.UniqueConstraint(
                        fields=("project_id", "created_for_email"),
                        name="corbado_account_created_for",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MigrationLease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "project_id",
                    models.CharField(max_length=64, unique=True, verbose_name="Corbado project ID"),
                ),
                ("holder", models.CharField(max_length=128, verbose_name="holder")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
            ],
            options={
                "verbose_name": "migration lease",
                "verbose_name_plural": "migration leases",
            },
        ),
        migrations.CreateModel(
            name="MigrationAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("project_id", models.CharField(max_length=64, verbose_name="Corbado project ID")),
                ("asked_at", models.DateTimeField(null=True, verbose_name="asked at")),
                (
                    "request_id",
                    models.CharField(blank=True, max_length=64, verbose_name="request ID"),
                ),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("created", "Created"),
                            ("linked", "Linked"),
                            ("skipped", "Skipped"),
                            ("refused", "Refused"),
                        ],
                        max_length=16,
                        verbose_name="outcome",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=64, verbose_name="reason")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corbado_migration_attempts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "migration attempt",
                "verbose_name_plural": "migration attempts",
                "indexes": [
                    models.Index(
                        fields=["project_id", "outcome", "reason"], name="corbado_attempt_outcome"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project_id", "user"), name="corbado_attempt_local_user"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SignInSwitch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("is_on", models.BooleanField(default=True, verbose_name="on")),
                (
                    "changed_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="changed"),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="changed by",
                    ),
                ),
            ],
            options={
                "verbose_name": "switch for passkeys",
                "verbose_name_plural": "switch for passkeys",
            },
        ),
        migrations.CreateModel(
            name="StaffInvitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("project_id", models.CharField(max_length=64, verbose_name="Corbado project ID")),
                ("digest", models.CharField(max_length=64, unique=True, verbose_name="digest")),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corbado_invitations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "staff invitation",
                "verbose_name_plural": "staff invitations",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project_id", "user"), name="corbado_invitation_local_user"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ListedSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "session_key",
                    models.CharField(max_length=40, unique=True, verbose_name="session key"),
                ),
                ("signed_in_at", models.DateTimeField(verbose_name="signed in")),
                (
                    "user_agent",
                    models.CharField(blank=True, max_length=255, verbose_name="browser"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corbado_sessions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "listed session",
                "verbose_name_plural": "listed sessions",
            },
        ),
        migrations.CreateModel(
            name="SignInRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "project_id",
                    models.CharField(blank=True, max_length=64, verbose_name="Corbado project ID"),
                ),
                (
                    "corbado_user_id",
                    models.CharField(blank=True, max_length=64, verbose_name="Corbado user ID"),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_index=True, default=django.utils.timezone.now, verbose_name="time"
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("passkey", "Passkey"),
                            ("corbado", "Passkey or link by email"),
                            ("other", "Password, or another way"),
                        ],
                        max_length=8,
                        verbose_name="method",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[("signed_in", "Signed in"), ("refused", "Refused")],
                        max_length=16,
                        verbose_name="outcome",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=64, verbose_name="reason")),
                ("ip_address", models.GenericIPAddressField(null=True, verbose_name="IP address")),
                (
                    "user_agent",
                    models.CharField(blank=True, max_length=255, verbose_name="browser"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corbado_sign_ins",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "sign-in",
                "verbose_name_plural": "sign-ins",
                "indexes": [
                    models.Index(fields=["corbado_user_id"], name="corbado_sign_in_corbado_user")
                ],
            },
        ),
        migrations.CreateModel(
            name="KnownPasskeys",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("project_id", models.CharField(max_length=64, verbose_name="Corbado project ID")),
                (
                    "corbado_user_id",
                    models.CharField(max_length=64, verbose_name="Corbado user ID"),
                ),
                ("passkey_ids", models.TextField(blank=True, verbose_name="passkeys")),
                (
                    "seen_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="seen"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corbado_known_passkeys",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "known passkeys",
                "verbose_name_plural": "known passkeys",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project_id", "corbado_user_id"), name="corbado_known_passkeys_of"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PasskeyName",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("passkey_id", models.CharField(max_length=64, verbose_name="passkey")),
                ("name", models.CharField(max_length=64, verbose_name="name")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="passkey_names",
                        to="corbado_auth.corbadoaccount",
                        verbose_name="account",
                    ),
                ),
            ],
            options={
                "verbose_name": "passkey name",
                "verbose_name_plural": "passkey names",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "passkey_id"), name="corbado_passkey_name"
                    )
                ],
            },
        ),
    ]
