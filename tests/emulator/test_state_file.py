"""``--state FILE`` keeps everything, readable only by its owner."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from corbado_auth.emulator import Emulator, EmulatorConfig
from corbado_auth.emulator.config import ConfigError
from tests.emulator.clients import Browser, Judge, Server
from tests.emulator.conftest import NewEmulator

EMAIL = "ada@example.com"


def test_a_restart_remembers_users_passkeys_tokens_and_clock(tmp_path: Path, judge: Judge) -> None:
    config = EmulatorConfig(port=0, state=tmp_path / "state")
    with Emulator(config) as first:
        browser = Browser(first, judge)
        token = browser.sign_up(EMAIL).data["redirectURL"].rpartition("=")[2]
        server = Server(first, judge)
        server.post("/v1/projectConfig", {"externalName": "Pottery"})
        first.control.advance(60)
        for client in (browser, server):
            client.http.close()
    with Emulator(config) as second:
        authenticator = browser.authenticator
        browser, server = Browser(second, judge), Server(second, judge)
        browser.authenticator = authenticator
        assert server.validate(token).data["user"]["name"] == EMAIL
        assert browser.log_in(EMAIL).status == 200
        assert server.get("/v1/projectConfig").data["externalName"] == "Pottery"
        assert second.control.project.store.clock_offset == 60
        for client in (browser, server):
            client.http.close()


def test_a_used_token_stays_used(tmp_path: Path, judge: Judge) -> None:
    config = EmulatorConfig(port=0, state=tmp_path / "state")
    with Emulator(config) as first:
        user = first.control.add_user(EMAIL)
        token = first.control.issue_auth_token(user.id).id
        first.control.project.spend_token("auth", token)
    with Emulator(config) as second:
        assert second.control.project.spend_token("auth", token) is None


def test_a_reset_empties_the_file(tmp_path: Path) -> None:
    config = EmulatorConfig(port=0, state=tmp_path / "state")
    with Emulator(config) as first:
        first.control.add_user(EMAIL)
        first.control.reset()
    with Emulator(config) as second:
        assert len(second.control.project.store.users) == 0


@pytest.mark.security
@pytest.mark.parametrize("before", [None, 0o644], ids=["new", "open"])
def test_no_other_user_may_read_the_file(
    tmp_path: Path, new_emulator: NewEmulator, before: int | None
) -> None:
    path = tmp_path / "state"
    if before is not None:
        path.touch(before)
    old = os.umask(0)
    try:
        new_emulator(state=path).control.add_user(EMAIL)
    finally:
        os.umask(old)
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_what_the_api_deletes_is_deleted_in_the_file(tmp_path: Path, judge: Judge) -> None:
    config = EmulatorConfig(port=0, state=tmp_path / "state")
    with Emulator(config) as first:
        server = Server(first, judge)
        body = {"email": EMAIL, "create": True, "redirect": "http://shop.example.com"}
        link_id = server.post("/v1/emailLinks", body).data["emailLinkID"]
        server.delete(f"/v1/emailLinks/{link_id}")
        server.http.close()
    with Emulator(config) as second:
        assert len(second.control.project.store.email_links) == 0


def test_two_emulators_do_not_share_a_file(tmp_path: Path, new_emulator: NewEmulator) -> None:
    new_emulator(state=tmp_path / "state")
    with pytest.raises(ConfigError, match="in use by another emulator"):
        Emulator(EmulatorConfig(state=tmp_path / "state"))


def test_another_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ada, " * 100)
    with pytest.raises(ConfigError, match="not a state file"):
        Emulator(EmulatorConfig(state=path))
    assert path.read_text() == "Dear Ada, " * 100


@pytest.mark.parametrize("row", [("User", "{}"), ("User", "{"), ("Shoe", "{}")], ids=str)
def test_a_file_of_another_version_is_refused(tmp_path: Path, row: tuple[str, str]) -> None:
    path = tmp_path / "state"
    with Emulator(EmulatorConfig(port=0, state=path)):
        pass
    with closing(sqlite3.connect(path)) as database, database:
        values = ("pro-1", *row)
        database.execute("INSERT INTO record (project, kind, body, id) VALUES (?, ?, ?, 1)", values)
    with pytest.raises(ConfigError, match="another version"):
        Emulator(EmulatorConfig(state=path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be opened"):
        Emulator(EmulatorConfig(state=tmp_path / "no" / "state"))


def test_a_seed_is_read_at_each_start_and_reset(tmp_path: Path, new_emulator: NewEmulator) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text('{"users": [{"email": "ada@example.com", "fullName": "Ada"}]}')
    emulator = new_emulator(seed=seed, state=tmp_path / "state")
    (before,) = emulator.control.project.store.users.all()
    emulator.stop()
    again = new_emulator(seed=seed, state=tmp_path / "state")
    assert again.control.project.store.users.all() == [before]
    again.control.reset()
    assert [user.name for user in again.control.project.store.users.all()] == [EMAIL]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"users": 1}', '{"users": ["ada"]}', '{"users": [{}]}']
    + ['{"users": [{"email": 1}]}', '{"users": [{"email": "a@b.c", "admin": true}]}'],
)
def test_a_seed_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(text)
    with pytest.raises(ConfigError, match="seed file"):
        Emulator(EmulatorConfig(seed=seed))
