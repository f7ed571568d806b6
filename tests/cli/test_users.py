"""Promises of `casproxy users`."""

import io
import json
import stat
import sys
import time
from types import SimpleNamespace

import pytest

from proxy.accounts.file import read_users
from proxy.accounts.passwords import verify
from proxy.cli import main
from proxy.model.accounts import Account, Mailbox

CHEAP = ["--memory-kib", "64", "--iterations", "1"]
ALICE = Account(
    name="LAB\\alice",
    upn="alice@lab.example",
    addresses=("a.smith@mail.example", "alice@mail.example"),
    display="Alice Smith",
    groups=("Staff", "Board"),
    mailbox=Mailbox(site="Branch"),
)
ALICE_WORDS = [
    "LAB\\alice",
    *("--site", "Branch", "--upn", "alice@lab.example", "--display", "Alice Smith"),
    *("--address", "a.smith@mail.example", "--address", "alice@mail.example"),
    *("--group", "Staff", "--group", "Board"),
]


@pytest.fixture
def users(tmp_path, monkeypatch):
    """Run `casproxy users` with a file that is not there yet; the password is on standard input."""

    def run(action: str, *words: str, password: str = "secret") -> int:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(password.encode()), isatty=lambda: False))
        costs = CHEAP if action == "add" else []
        return main.main(["users", action, *words, *costs, "--file", str(run.path)])

    run.path = tmp_path / "users.toml"
    return run


@pytest.fixture
def two(users, capsys):
    """Run it with Alice, who has everything, and Bob, who has a password only."""
    assert users("add", *ALICE_WORDS) == users("add", "LAB\\bob") == 0
    capsys.readouterr()
    return users


def test_an_added_user_is_in_the_file(users, capsys):
    """All that was said is there, the password as a hash that opens with it; the new file is for its owner alone."""
    before = int(time.time())

    assert users("add", *ALICE_WORDS) == 0

    (entry,) = read_users(users.path)
    assert before <= entry.account.epoch <= time.time()
    assert entry.account == Account(
        **{key: getattr(ALICE, key) for key in ALICE.__slots__} | {"epoch": entry.account.epoch}
    )
    assert verify("secret", entry.password_hash)
    assert stat.S_IMODE(users.path.stat().st_mode) == 0o600
    assert capsys.readouterr().out == f"Added LAB\\alice to {users.path}.\n"


def test_the_password_may_come_from_a_file(users, tmp_path):
    """Its first line is taken."""
    (tmp_path / "password").write_text("another\n")

    assert users("add", "LAB\\bob", "--password-file", str(tmp_path / "password")) == 0
    assert verify("another", read_users(users.path)[0].password_hash)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["lab\\ALICE"], 'users.toml:20: "lab\\ALICE" is already a login of "LAB\\alice". See line 3;'),
        (["LAB\\eve", "--upn", "alice@lab"], 'The login "alice@lab" of "LAB\\eve" is already one of "LAB\\alice".'),
        (["eve"], '"eve" is not a domain and a user.'),
        (["LAB\\eve", "--group", "a\nb"], '"a\\x0ab" holds control or formatting characters.'),
    ],
    ids=["name", "clash", "no domain", "control"],
)
def test_a_user_that_cannot_be_added_is_1(two, capsys, words, told):
    """Names of both users and the reason are told, and the file stays."""
    before = two.path.read_text()

    assert two("add", *words) == 1

    assert told in capsys.readouterr().err
    assert two.path.read_text() == before


def test_without_a_password_nobody_is_added(users, capsys):
    """The file is not even made."""
    assert users("add", "LAB\\bob", password="") == 1
    assert not users.path.exists()
    assert "at least one character" in capsys.readouterr().err


def test_a_removed_user_is_gone(two, capsys):
    """Any login with a domain names the user; the answer has the canonical name."""
    assert two("remove", "alice@mail.example") == 0

    assert [entry.account.name for entry in read_users(two.path)] == ["LAB\\bob"]
    assert capsys.readouterr().out == f"Removed LAB\\alice from {two.path}.\n"


def test_ended_sessions_stay_over(two, capsys):
    """The epoch grows each time, and is larger still for a user who is removed and added again."""
    epochs = [read_users(two.path)[1].account.epoch]
    for _ in range(3):
        assert two("end-sessions", "LAB\\bob") == 0
        epochs.append(read_users(two.path)[1].account.epoch)

    assert epochs == sorted(set(epochs))
    assert "Ended all sessions of LAB\\bob.\n" in capsys.readouterr().out


@pytest.mark.parametrize("action", ["remove", "end-sessions"])
def test_an_unknown_user_is_3(two, capsys, action):
    """The name is told, and the file stays."""
    before = two.path.read_text()

    assert two(action, "LAB\\carol") == 3

    assert capsys.readouterr().err == f'casproxy users: {two.path} has no user "LAB\\carol".\n'
    assert two.path.read_text() == before


def test_the_list_is_for_people(two, capsys):
    """Each user is a line with name, mailbox and other logins."""
    assert two("list") == 0

    head, alice, bob = capsys.readouterr().out.splitlines()
    assert head.split() == ["user", "site", "password", "display", "other", "logins"]
    assert alice.startswith("LAB\\alice  Branch      yes       Alice Smith  alice@lab.example, a.smith@mail.example")
    assert bob == "LAB\\bob    no mailbox  yes"


def test_the_list_is_for_programs(two, capsys):
    """`--json` has every key of every user."""
    assert two("list", "--json") == 0

    alice, bob = json.loads(capsys.readouterr().out)["users"]
    assert alice.keys() == bob.keys()
    assert (alice["addresses"], alice["site"], alice["has_password"]) == (list(ALICE.addresses), "Branch", True)
    assert (bob["site"], bob["database"], bob["version"], bob["sid"]) == (None, None, None, "")


@pytest.mark.parametrize("words", [[], ["--json"]], ids=["people", "programs"])
def test_no_hash_is_ever_listed(two, capsys, words):
    """Neither whole nor in parts."""
    assert two("list", *words) == 0

    told = capsys.readouterr().out
    for entry in read_users(two.path):
        assert "argon2" not in told
        assert all(part not in told for part in entry.password_hash.split("$")[3:])


@pytest.mark.parametrize("action", [["list"], ["remove", "LAB\\bob"], ["end-sessions", "LAB\\bob"]], ids=" ".join)
def test_a_file_that_is_not_there_is_3(users, capsys, action):
    """It is not made."""
    assert users(*action) == 3
    assert "No such file" in capsys.readouterr().err
    assert not users.path.exists()


@pytest.mark.parametrize("action", [["list"], ["remove", "LAB\\bob"], ["add", "LAB\\eve"]], ids=" ".join)
def test_a_file_that_is_not_valid_is_1_and_stays(two, capsys, action):
    """Keys that are not known are told with their line; nothing is lost."""
    broken = two.path.read_text() + 'pasword = "hunter2"\n'
    two.path.write_text(broken)

    assert two(*action) == 1

    told = capsys.readouterr().err
    assert 'users.toml:18: "pasword" is no key of a user. Did you mean password?' in told
    assert "hunter2" not in told
    assert two.path.read_text() == broken


def test_a_folder_that_is_not_there_is_3(users, capsys):
    """Folders are not made."""
    users.path = users.path.parent / "absent" / "users.toml"

    assert users("add", "LAB\\bob") == 3
    assert "was not changed: No such file or directory." in capsys.readouterr().err


@pytest.mark.parametrize("action", ["add", "remove", "list", "end-sessions"])
def test_each_action_has_help(users, capsys, action):
    """`casproxy users ACTION --help` works."""
    assert users(action, "--help") == 0
    assert f"casproxy users {action}" in capsys.readouterr().out
