"""What is told about each user follows from the site of the mailbox and its certificate."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from proxy.cli.lab_users import curl_command, expect, plain_users, user_lines
from proxy.lab.sign_in import ALL_SITES, Second
from proxy.lab.users import USERS

SECOND = Second(listen=4, admin=5, folder=Path("second"))


class Table(SimpleNamespace):
    """The servers of a lab that does not run."""

    def __getitem__(self, label):
        """Give a server with the fault of the table."""
        return SimpleNamespace(fault=next(site.fault for site in ALL_SITES if site.label == label))


LAB = Table(sites=ALL_SITES)


@pytest.mark.parametrize(
    ("name", "under_1", "under_0"),
    [
        ("alice", (200, 0), (200, 0)),
        ("bob", (200, 0), (502, 43)),
        ("carol", (200, 0), (502, 43)),
        ("dave", (302, 0), (302, 0)),
        ("erin", (200, 0), (200, 0)),
        ("frank", (404, 0), (404, 0)),
        ("gina", (200, 0), (502, 43)),
        ("hank", (200, 0), (502, 43)),
        ("ivan", (503, 42), (503, 42)),
    ],
)
def test_status_and_event_of_each_user(name, under_1, under_0):
    """Only what is not trusted is refused at 0."""
    user = next(user for user in USERS if user.name == name)

    assert [tuple(expect(user, LAB, SECOND, allow=allow)[1:]) for allow in (True, False)] == [under_1, under_0]


def test_the_table_has_a_line_for_each_user():
    """In columns."""
    lines = user_lines(LAB, SECOND)

    assert [line.split()[0] for line in lines] == ["user", *(user.name for user in USERS)]
    assert len({line.index("under 1") if "under 1" in line else line.index("inbox") for line in lines[:4]}) == 1


def test_scripts_learn_everything():
    """Login, password, site, both servers of Branch, and the answers."""
    bob = plain_users(LAB, SECOND)[1]

    assert bob == {
        "name": "bob",
        "login": "LAB\\bob",
        "password": "bob",
        "site": "Branch",
        "groups": ["Staff"],
        "servers": ["cas02.branch.lab.localhost", "cas07.branch.lab.localhost"],
        "answers": {"1": {"status": 200, "event": 0}, "0": {"status": 502, "event": 43}},
    }


def test_the_command_for_curl_brings_the_form_and_keeps_the_cookie():
    """It works in a shell as it stands; tests/e2e/test_lab.py does so."""
    command = curl_command("ca.pem", "https://localhost:1/owa/", "bob")

    assert "username=bob&password=bob" in command
    assert command.endswith(" https://localhost:1/owa/auth.owa")
