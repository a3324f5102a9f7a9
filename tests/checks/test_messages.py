"""What all checks have in common: ids, hints, levels, and no secret."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.checks import ERROR, INFO, WARNING, CheckMessage, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import override_settings

from corbado_auth.checks import ids
from tests.checks.test_checks import ALL_IDS, GOOD, SPEAKS_UP, backends, messages
from tests.checks.test_deploy_checks import DEPLOYED
from tests.checks.test_lockout import WEBHOOK_ON


def everything_said() -> list[CheckMessage]:
    changes = [change for _id, change in [*SPEAKS_UP.values(), *DEPLOYED.values()]]
    said = [message for change in changes for message in messages(**change, deploy=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apps, "is_installed", lambda app: False)
        said += messages()
        patch.setattr(apps, "is_installed", lambda app: True)
        said += messages(**WEBHOOK_ON)
    return said + messages(**backends("no.such.Backend"))


# tests/accounts/test_email_index_checks.py asks the database, test_checks.py and test_urls.py have
# other user models and URLconfs, test_connect.py has Connect, and what records requests is in
# tests/neighbours/test_telemetry.py, as are other apps' settings in test_easyaudit.py and
# test_session_timeout.py; test_admin_sites.py has other admin sites, test_headless.py the API,
# test_notices.py sends emails, and tests/projects/test_checks.py has several projects.
ELSEWHERE = {
    ids.ADDRESS_IS_USER_NAME,
    ids.ADMIN_SITE_REPLACED,
    ids.PASSWORDS_STILL_TAKEN,
    ids.EMAIL_INDEX_MISSING,
    ids.EMAIL_FIELD_MISSING,
    ids.NEW_USERS_INCOMPLETE,
    ids.NEXT_NAMED_DIFFERENTLY,
    ids.NO_PAGE_AFTER_SIGN_IN,
    ids.URLS_TAKEN,
    ids.EMAIL_LOOKUP_BLIND,
    ids.CONNECT_MALFORMED,
    ids.CONNECT_SESSION_COOKIE_TRAVELS,
    ids.CONNECT_CSRF_UNREADABLE,
    ids.CONNECT_EMAIL_IDENTIFIER,
    ids.CONNECT_SPLIT,
    ids.TOKENS_RECORDED,
    ids.SECRETS_RECORDED,
    ids.CSP_BLOCKS_CORBADO,
    ids.PASSKEYS_DENIED,
    ids.SESSION_TIMEOUT_LOSES_TOKENS,
    ids.EASY_AUDIT_RAISES,
    ids.PROJECTS_MALFORMED,
    ids.PROJECTS_SHARE,
    ids.PROJECT_UNRESOLVED,
    ids.PLAIN_SETTINGS_IGNORED,
    ids.RESOLVER_NEEDLESS,
    ids.API_MALFORMED,
    ids.API_ORIGINS_UNUSED,
    ids.EMAILS_WITHOUT_TIMEOUT,
    ids.EVENTS_OFF,
}


def test_every_id_is_used_and_belongs_to_one_thing() -> None:
    assert len(set(ALL_IDS.values())) == len(ALL_IDS)
    said = {message.id for message in everything_said()}
    assert said | ELSEWHERE == set(ALL_IDS.values())


def test_the_letter_of_an_id_is_its_level() -> None:
    for message in everything_said():
        letter = {ERROR: "E", WARNING: "W", INFO: "I"}[message.level]
        assert str(message.id).startswith(f"corbado_auth.{letter}")


def test_every_message_has_a_hint() -> None:
    assert all(message.hint and len(message.hint) > 20 for message in everything_said())


def test_no_message_shows_a_secret() -> None:
    assert "canary" not in "".join(map(str, everything_said()))


@override_settings(**{**GOOD, "CORBADO_API_SECRET": ""})
def test_manage_py_check_runs_them() -> None:
    with pytest.raises(SystemCheckError, match=ids.API_SECRET_MISSING):
        call_command("check")


@pytest.mark.matrix
def test_the_test_site_itself_leaves_no_question_open() -> None:
    found = run_checks(tags=["corbado_auth"], include_deployment_checks=True)
    # An Info asks the site nothing: some user models cause one that only Corbado can answer.
    assert [each for each in found if each.level > INFO and not each.is_silenced()] == []
