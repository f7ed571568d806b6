"""What backends are told about who signed in is one line for the name and one for the groups, whatever they hold."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.directory.faults import DirectoryInvalid
from proxy.directory.people import Directory
from proxy.directory.users_file import parse_users
from proxy.message.request import Leg, RequestReader, RequestWriter
from proxy.model.accounts import Account
from tests.gatehouse import ALICE, Gatehouse, head, read

KIT = Gatehouse().kit
LEG = Leg(b"192.0.2.7", peer_trusted=False, host=b"cas02.test", trust=b"trusted")


def test_name_and_groups_are_told():
    """Each in a line of its own."""
    assert KIT.identity_of(ALICE) == b"X-CASProxy-User: LAB\\alice\r\nX-CASProxy-Groups: Staff, Mail\r\n"


def test_no_groups_are_told_as_none():
    """The line stands, so that a backend can tell that it was told."""
    assert KIT.identity_of(Account(name="LAB\\bob")).endswith(b"X-CASProxy-Groups: \r\n")


def test_groups_can_be_left_out():
    """With an empty name of the header there is no line."""
    assert replace(KIT, groups_header="").identity_of(ALICE) == b"X-CASProxy-User: LAB\\alice\r\n"


def test_letters_of_any_script_are_utf_8():
    """And go into a head as they are."""
    lines = KIT.identity_of(Account(name="LAB\\zoë", groups=("Vertrieb Süd", "営業")))
    request = read(head(b""))
    written = RequestWriter("CAS01").write(request.head, request.facts, LEG._replace(identity=lines), b"1")

    assert lines == "X-CASProxy-User: LAB\\zoë\r\nX-CASProxy-Groups: Vertrieb Süd, 営業\r\n".encode()
    assert lines in written


BREAKS = ["\r\nX-Evil: 1", "\n", "\r", "\0", "\x1b", "\r\n\r\nGET / HTTP/1.1"]


@pytest.mark.parametrize("text", BREAKS)
def test_no_name_or_group_breaks_the_head(text):
    """Not even with whole lines: what no source of users may give is refused."""
    for account in (Account(name=f"LAB\\a{text}"), Account(name="LAB\\a", groups=("x", f"y{text}"))):
        with pytest.raises(ValueError, match="control characters"):
            KIT.identity_of(account)


@pytest.mark.parametrize("text", ["\r", "\n", "\0", "Name\r\n", "no line"])
def test_the_last_net_refuses_what_is_no_line(text):
    """Whoever composed it."""
    request = read(head(b""))
    with pytest.raises(ValueError, match="identity lines"):
        RequestWriter("CAS01").write(request.head, request.facts, LEG._replace(identity=text.encode()), b"1")


@pytest.mark.parametrize("text", BREAKS)
def test_no_directory_takes_such_an_account(text):
    """Neither a name nor a group of a users file, nor a name of any directory."""
    spelled = "".join(f"\\u{ord(each):04x}" for each in text)
    for key in (f'name = "LAB\\\\a{spelled}"', f'name = "LAB\\\\a"\ngroups = ["y{spelled}"]'):
        with pytest.raises(DirectoryInvalid):
            parse_users(f"config_version = 1\n[[users]]\n{key}\n", "users.toml")
    with pytest.raises(DirectoryInvalid):
        Directory([Account(name=f"LAB\\a{text}")], "LAB")


TEXTS = st.text(max_size=20)


@given(name=TEXTS, groups=st.lists(TEXTS, max_size=3))
def test_any_account_gives_two_lines_or_nothing(name, groups):
    """Whatever is read again from the head is what was told."""
    try:
        lines = KIT.identity_of(Account(name=name, groups=tuple(groups)))
    except ValueError:
        return
    assert lines.count(b"\r\n") == lines.count(b"\n") == lines.count(b"\r") == 2
    first, second, rest = lines.split(b"\r\n")
    assert (first.decode(), second.decode(), rest) == (
        f"X-CASProxy-User: {name}",
        f"X-CASProxy-Groups: {', '.join(groups)}",
        b"",
    )


def test_what_a_browser_says_of_itself_is_dropped():
    """Under the names of the settings, in every spelling."""
    raw = [(b"Host", b"mail.test"), (b"X_Who", b"LAB\\bob"), (b"x-WHO", b"LAB\\bob"), (b"X-CASProxy-User", b"b")]
    request = read(head(b""))
    facts = RequestReader("CAS01", (b"X-Who",)).read(request.head._replace(fields=raw))

    assert facts.lines == []
