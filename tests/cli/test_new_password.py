"""Promises of a new password."""

import argparse
import getpass
import io
import sys
from types import SimpleNamespace

import pytest

from proxy.accounts.passwords import verify
from proxy.cli.new_password import NoPassword, add_costs, hash_new_password
from proxy.directory.phc import Costs, read_phc

CHEAP = ["--memory-kib", "64", "--iterations", "1"]


def arguments(*words: str) -> argparse.Namespace:
    """Parse the costs."""
    parser = argparse.ArgumentParser()
    add_costs(parser)
    return parser.parse_args(words)


@pytest.fixture
def stdin(monkeypatch):
    """Put bytes, or a terminal, in place of standard input."""

    def put(octets: bytes, *, is_terminal: bool = False) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(octets), isatty=lambda: is_terminal))

    return put


def type_in(monkeypatch, *passwords: str) -> list[str]:
    """Answer the questions; gives what was asked."""
    asked, left = [], list(passwords)

    def answer(prompt: str) -> str:
        asked.append(prompt)
        if not left:
            raise EOFError
        return left.pop(0)

    monkeypatch.setattr(getpass, "getpass", answer)
    return asked


def test_the_usual_costs_are_the_defaults():
    """Without a word they are those of a check of nobody's password."""
    assert vars(arguments()) == {"memory_kib": 65_536, "iterations": 3, "lanes": 1}
    assert Costs(*vars(arguments()).values()) == Costs()


@pytest.mark.parametrize("line", [b"secret", b"secret\n", b"secret\r\n", b"secret\nmore\n"])
def test_standard_input_gives_its_first_line(stdin, line):
    """Line ends do not belong to the password."""
    stdin(line)

    phc = hash_new_password(arguments(*CHEAP))

    assert read_phc(phc).costs == Costs(64, 1, 1)
    assert verify("secret", phc)


def test_blanks_belong_to_the_password(stdin):
    """Nothing but the line's end is taken off."""
    stdin(b" secret \n")

    assert verify(" secret ", hash_new_password(arguments(*CHEAP)))


def test_a_file_gives_its_first_line(tmp_path, stdin):
    """Standard input is left alone then."""
    stdin(b"other")
    (tmp_path / "password").write_text("secret\n")

    assert verify("secret", hash_new_password(arguments(*CHEAP), str(tmp_path / "password")))


def test_a_terminal_is_asked_twice(monkeypatch, stdin):
    """The same word twice is the password."""
    stdin(b"", is_terminal=True)
    asked = type_in(monkeypatch, "secret", "secret")

    assert verify("secret", hash_new_password(arguments(*CHEAP)))
    assert asked == ["Password: ", "The same again: "]


@pytest.mark.parametrize("typed", [("secret", "secre7"), ("secret",), ()], ids=["differ", "ended", "nothing"])
def test_a_slip_at_the_terminal_is_told(monkeypatch, stdin, typed):
    """Two words that differ, or an end of input, are no password; none is shown."""
    stdin(b"", is_terminal=True)
    type_in(monkeypatch, *typed)

    with pytest.raises(NoPassword) as raised:
        hash_new_password(arguments(*CHEAP))

    assert raised.value.code == 1
    assert "secre" not in str(raised.value)


@pytest.mark.parametrize(
    ("line", "words", "told"),
    [
        (b"", CHEAP, "at least one character"),
        (b"a" * 1025, CHEAP, "at most 1024 bytes"),
        (b"secret\xff", CHEAP, "is not UTF-8"),
        (b"secret", ["--memory-kib", "999999999"], "Its memory (m) must be from 1 to 262144."),
        (b"secret", ["--lanes", "0"], "Its lanes (p) must be"),
    ],
)
def test_what_cannot_be_hashed_is_told(stdin, line, words, told):
    """The reason is a sentence without the password."""
    stdin(line)

    with pytest.raises(NoPassword) as raised:
        hash_new_password(arguments(*words))

    assert told in str(raised.value)
    assert raised.value.code == 1
    assert "secret" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_3(tmp_path):
    """The file is named."""
    with pytest.raises(NoPassword, match=r"No such file or directory: .*absent") as raised:
        hash_new_password(arguments(*CHEAP), str(tmp_path / "absent"))

    assert raised.value.code == 3
