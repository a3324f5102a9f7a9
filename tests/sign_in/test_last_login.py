"""Django's receiver writes ``last_login`` by one plain UPDATE, which else ends as ``save()``."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model, login
from django.contrib.auth.signals import user_logged_in
from django.db.models import Model
from django.db.models.signals import post_save, pre_save
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone

from tests.support.vouching import come_as, signed_in_as

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
User = get_user_model()


@pytest.fixture
def ada(make_user: Callable[..., Any]) -> Any:
    """Ada, who has been here before."""
    ada = make_user(ADA)
    come_as(Client(), ADA)
    return ada


def told(act: Callable[[], object]) -> list[dict[str, Any]]:
    """Return what receivers of the user's signals are told meanwhile."""
    heard = []

    def hear(**kwargs: Any) -> None:
        heard.append({**kwargs, "instance": kwargs["instance"].pk})

    for signal in (pre_save, post_save):
        signal.connect(hear, sender=User)
    try:
        act()
    finally:
        for signal in (pre_save, post_save):
            signal.disconnect(hear, sender=User)
    return heard


@pytest.mark.matrix
def test_receivers_are_told_what_django_tells_them(ada: Any, client: Client) -> None:
    request = RequestFactory().get("/")
    request.session = client.session
    by_django = told(lambda: login(request, ada, "django.contrib.auth.backends.ModelBackend"))
    assert [each["update_fields"] for each in by_django] == [frozenset({"last_login"})] * 2
    assert told(lambda: come_as(Client(), ADA)) == by_django


@pytest.mark.matrix
def test_what_a_receiver_changes_is_written(ada: Any) -> None:
    moment = timezone.now().replace(year=2001)

    def change(instance: Any, **_signal: Any) -> None:
        instance.last_login = moment

    pre_save.connect(change, sender=User)
    try:
        come_as(Client(), ADA)
    finally:
        pre_save.disconnect(change, sender=User)
    ada.refresh_from_db()
    assert ada.last_login == moment


@pytest.mark.parametrize("step", ["save", "save_base", "_do_update"])
def test_a_model_that_takes_part_in_saving_still_does(
    step: str, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    djangos = getattr(User, step)

    def replaced(self: Model, *args: Any, **kwargs: Any) -> Any:
        taken.append(step)
        return djangos(self, *args, **kwargs)

    monkeypatch.setattr(User, step, replaced)
    assert come_as(client := Client(), ADA).status_code == 303
    assert taken == [step]
    assert signed_in_as(client) == str(ada.pk)


@pytest.mark.matrix
def test_a_receiver_gets_a_user_like_any_other(ada: Any) -> None:
    before = ada.last_login

    def receive(request: HttpRequest, user: Any, **_signal: Any) -> None:
        copy = pickle.loads(pickle.dumps(user))  # noqa: S301 -- as caches do
        assert "save" not in vars(copy)
        user.password = "!another"  # noqa: S105
        user.save()

    user_logged_in.connect(receive)
    try:
        come_as(Client(), ADA)
    finally:
        user_logged_in.disconnect(receive)
    ada.refresh_from_db()
    assert ada.password == "!another"  # noqa: S105
    assert ada.last_login > before if before else ada.last_login


def test_someone_who_is_deleted_meanwhile_is_not_signed_in(ada: Any) -> None:
    def delete(instance: Any, **_signal: Any) -> None:
        User.objects.filter(pk=instance.pk).delete()

    pre_save.connect(delete, sender=User)
    try:
        assert come_as(client := Client(), ADA).status_code == 503
    finally:
        pre_save.disconnect(delete, sender=User)
    assert signed_in_as(client) is None
