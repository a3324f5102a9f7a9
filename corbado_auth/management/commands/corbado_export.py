"""``manage.py corbado_export``: export all that this app and Corbado hold about a person."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management.base import CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q
from django.utils import timezone

from corbado_auth.conf import conf
from corbado_auth.corbado_api.connect import ConnectService
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.exceptions import CorbadoError, CorbadoRejected
from corbado_auth.existing_users.report_files import open_report
from corbado_auth.management.base import CorbadoCommand, find_user
from corbado_auth.models import ConnectAccount, CorbadoAccount, db_for_write
from corbado_auth.projects import each_project

# Anyone who has one of these could act as the person.
SECRETS = {"digest", "session_key"}


class Command(CorbadoCommand):
    help = """\
Write everything that this app holds about one person, and what Corbado says
about them, to a JSON file that only you can read (mode 0600).

All tables of this app are searched. Session keys and digests of links are left
out: they are secrets, and say nothing about the person. Add your own tables
yourself, including the user's row.
"""
    epilog = """\
examples:
  python manage.py corbado_export --user erin --output erin.json
  python manage.py corbado_export --user erin --output erin.json --without-corbado
"""

    def add_arguments(self, parser: CommandParser) -> None:
        name = get_user_model().USERNAME_FIELD
        parser.add_argument("--user", required=True, help=f"{name} of the local user")
        parser.add_argument(
            "--output", required=True, type=Path, metavar="FILE", help="where to write it"
        )
        parser.add_argument(
            "--without-corbado", action="store_true", help="do not ask Corbado: only our tables"
        )
        self.add_dry_run(parser, "show how many rows it would be; write no file, ask nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        # People whom the site's manager hides may ask as well.
        user = find_user(options["user"], even_hidden=True)
        asks_corbado = not (options["without_corbado"] or options["dry_run"])
        at_corbado: list[dict[str, Any]] = []
        for project in each_project() if asks_corbado else ():
            with project:
                at_corbado += _at_corbado_or_stop(_accounts(user))
        found: dict[str, Any] = {
            "user": user.get_username(),
            "exported_at": timezone.now(),
            "tables": _tables(user, _corbado_user_ids(user)),
        }
        rows = f"{sum(map(len, found['tables'].values()))} rows about {user.get_username()}"
        if options["dry_run"]:
            self.stdout.write(f"Would write {rows}. Nothing was written.")
            return
        if asks_corbado:
            found["at_corbado"] = at_corbado
        text = json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        output = options["output"]
        try:
            with open_report(output) as file:
                file.write(f"{text}\n")
        except OSError as error:
            raise CommandError(
                f"{output} cannot be written: {error.strerror}", returncode=2
            ) from None
        self.stdout.write(f"Wrote {rows}.")


def _accounts(user: Any) -> list[CorbadoAccount | ConnectAccount]:
    connect = ConnectAccount.objects.current() if conf.CORBADO_CONNECT else None
    return [
        *CorbadoAccount.objects.current().filter(user_id=user.pk),
        *(connect.filter(user_id=user.pk) if connect is not None else ()),
    ]


def _corbado_user_ids(user: Any) -> set[str]:
    """Return the person's IDs at Corbado, in former projects of the site, too."""
    found: set[str] = set()
    for model in (CorbadoAccount, ConnectAccount):
        rows = model._default_manager.using(db_for_write()).filter(user_id=user.pk)
        found.update(rows.values_list("corbado_user_id", flat=True))
    return found - {""}


def _tables(user: Any, corbado_user_ids: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the person's rows in every table of this app, so that no new table is forgotten."""
    tables = {}
    for model in apps.get_app_config("corbado_auth").get_models():
        whose = _whose(model, user, corbado_user_ids)
        rows = model._base_manager.using(db_for_write()).filter(whose) if whose else ()
        tables[str(model._meta.model_name)] = [_row(row) for row in rows]
    return tables


def _whose(model: type[Model], user: Any, corbado_user_ids: set[str]) -> Q:
    whose = Q()
    for field in model._meta.concrete_fields:
        if field.related_model is get_user_model():
            whose |= Q(**{field.name: user.pk})
        elif field.related_model is CorbadoAccount:
            whose |= Q(**{f"{field.name}__user": user.pk})
        elif field.name == "corbado_user_id" and corbado_user_ids:
            whose |= Q(corbado_user_id__in=corbado_user_ids)
    return whose


def _row(row: Model) -> dict[str, Any]:
    fields = [field for field in row._meta.concrete_fields if field.name not in SECRETS]
    return {field.name: field.value_from_object(row) for field in fields}


def _at_corbado_or_stop(accounts: Iterable[CorbadoAccount | ConnectAccount]) -> list[Any]:
    try:
        return [_at_corbado(account) for account in accounts]
    except CorbadoError as error:
        raise CommandError(
            f"{error}. Nothing was written: run it again, or add --without-corbado."
        ) from None


def _at_corbado(account: CorbadoAccount | ConnectAccount) -> dict[str, Any]:
    """Return what Corbado says about one account; without a user if it knows none."""
    corbado_user_id = account.corbado_user_id
    is_at_connect = isinstance(account, ConnectAccount)
    service = ConnectService() if is_at_connect else CorbadoService()
    said: dict[str, Any] = {"project_id": account.project_id, "user": None, "passkeys": []}
    if isinstance(account, ConnectAccount) and not corbado_user_id:
        corbado_user_id = ConnectService().find_user(account.handle)
    try:
        person = service.get_user(corbado_user_id) if corbado_user_id else None
    except CorbadoRejected as error:
        if error.error_type != "not_found":
            raise
        person = None
    if person is not None:
        said["user"] = asdict(person)
        said["passkeys"] = [asdict(each) for each in service.list_passkeys(corbado_user_id)]
    return said
