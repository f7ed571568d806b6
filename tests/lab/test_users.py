"""The users of the lab and their files."""

import pytest

from proxy.accounts.passwords import verify
from proxy.directory.people import Directory
from proxy.directory.users_file import parse_users
from proxy.lab.users import KEY_FILE, USERS, USERS_FILE, write_users
from proxy.session.keys import KeyRing, new_key


def test_each_password_is_the_name(tmp_path):
    """Of every user, and everybody is found under each name they may type."""
    write_users(tmp_path)
    entries = parse_users((tmp_path / USERS_FILE).read_text(), USERS_FILE)

    assert [entry.account for entry in entries] == [user.account() for user in USERS]
    assert all(verify(user.name, entry.password_hash) for user, entry in zip(USERS, entries, strict=True))
    people = Directory([entry.account for entry in entries], "LAB")
    for user in USERS:
        for login in (user.name, user.login, user.account().upn, *user.account().addresses):
            assert people.find(login) == user.account()


def test_the_files_are_the_owner_s_alone(tmp_path):
    """Mode 0600, users and keys."""
    write_users(tmp_path)

    assert {(tmp_path / name).stat().st_mode & 0o777 for name in (USERS_FILE, KEY_FILE)} == {0o600}


def test_a_second_start_leaves_nobody_but_the_lab_s_users(tmp_path):
    """The users are written anew, so nobody who was added stays; the keys stay, and with them the sign-ins."""
    write_users(tmp_path)
    keys = (tmp_path / KEY_FILE).read_text()
    (tmp_path / USERS_FILE).write_text("config_version = 1\n")
    write_users(tmp_path)

    assert len(parse_users((tmp_path / USERS_FILE).read_text(), USERS_FILE)) == len(USERS)
    assert (tmp_path / KEY_FILE).read_text() == keys


@pytest.mark.parametrize("content", [b"", b"\xff", b"no key\n", f"{new_key()}\n{new_key()}x\n".encode()])
def test_keys_that_cannot_be_used_are_made_anew(tmp_path, content):
    """A damaged file does not keep the lab from starting."""
    (tmp_path / KEY_FILE).write_bytes(content)
    write_users(tmp_path)

    assert len(KeyRing.parse((tmp_path / KEY_FILE).read_text()).fingerprints) == 1
