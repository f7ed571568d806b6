"""Promises of changing one user in a users file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.directory.edit import UserUnknown, add_user, end_sessions, find_user, remove_user
from proxy.directory.faults import DirectoryInvalid
from proxy.directory.users_file import Entry, parse_users, render_users
from proxy.model.accounts import Account, Mailbox

TEXT = """\
# Users of the lab.
config_version = 1

[[users]]
name = 'LAB\\alice'  # the first
epoch = 5  # raised on Monday

# Bob may sign in by his address.
[[users]]
name = 'LAB\\bob'
addresses = [
    'bob@mail.example',
]
"""

INLINE = "config_version = 1  # one\nusers = [{name = 'LAB\\alice'}, {name = 'LAB\\bob'}]\n"

CAROL = Entry(Account(name="LAB\\carol", mailbox=Mailbox(site="Branch")), "")

NAMES = st.lists(st.sampled_from("abcdef"), unique=True, min_size=1)


def names(text: str) -> list[str]:
    """List the users of a text."""
    return [entry.account.name for entry in parse_users(text, "users.toml")]


def test_a_user_is_added_at_the_end():
    """What was there stays to the letter."""
    edited = add_user(TEXT, "users.toml", CAROL)

    assert edited.startswith(TEXT)
    assert parse_users(edited, "users.toml") == (*parse_users(TEXT, "users.toml"), CAROL)


def test_a_user_is_removed_with_what_is_said_of_it():
    """Comments about the next user and everything else stay."""
    assert remove_user(TEXT, "users.toml", "lab\\ALICE") == TEXT.replace(
        "[[users]]\nname = 'LAB\\alice'  # the first\nepoch = 5  # raised on Monday\n", "", 1
    )
    assert names(remove_user(TEXT, "users.toml", "bob@mail.example")) == ["LAB\\alice"]


@pytest.mark.parametrize(("now", "epoch"), [(0, 6), (5, 6), (6, 6), (1_790_000_000, 1_790_000_000)])
def test_an_epoch_grows_to_the_time_at_least(now, epoch):
    """It grows even when the clock went back; the line is changed, no other is."""
    edited = end_sessions(TEXT, "users.toml", "LAB\\alice", now)

    assert edited == TEXT.replace("epoch = 5  # raised on Monday", f"epoch = {epoch}")


def test_an_epoch_that_is_not_written_is_added():
    """It stands below the header."""
    edited = end_sessions(TEXT, "users.toml", "LAB\\bob", 7)

    assert edited == TEXT.replace("[[users]]\nname = 'LAB\\bob'", "[[users]]\nepoch = 7\nname = 'LAB\\bob'")


@pytest.mark.parametrize(
    ("edited", "left"),
    [
        (add_user(INLINE, "u", CAROL), ["LAB\\alice", "LAB\\bob", "LAB\\carol"]),
        (remove_user(INLINE, "u", "LAB\\alice"), ["LAB\\bob"]),
        (end_sessions(INLINE, "u", "LAB\\bob", 7), ["LAB\\alice", "LAB\\bob"]),
        (
            end_sessions(TEXT.replace("epoch = 5", '"e\\u0070och" = 5'), "u", "LAB\\alice", 7),
            ["LAB\\alice", "LAB\\bob"],
        ),
    ],
    ids=["add", "remove", "end sessions", "escaped key"],
)
def test_what_cannot_be_changed_in_place_is_written_anew(edited, left):
    """Users written inline and odd keys are right all the same."""
    assert names(edited) == left
    assert "#" not in edited


@pytest.mark.parametrize("login", ["LAB\\carol", "alice", "", "OTHER\\alice"])
def test_an_unknown_user_is_told(login):
    """Nothing is changed; a bare name is nobody's, for the file knows no default domain."""
    for change in (remove_user, lambda *words: end_sessions(*words, 1)):
        with pytest.raises(UserUnknown):
            change(TEXT, "users.toml", login)


@pytest.mark.parametrize(
    ("account", "told"),
    [
        (Account(name="lab\\Alice"), 'users.toml:15: "lab\\Alice" is already a login of "LAB\\alice". See line 4;'),
        (Account(name="LAB\\eve", upn="bob@mail.example"), "users.toml:16: The login"),
        (Account(name="eve"), 'users.toml:16: name: "eve" is not a domain and a user.'),
        (Account(name="LAB\\eve", groups=("a\nb",)), "users.toml:17: groups:"),
        (Account(name="LAB\\\ud800"), "users.toml:16: name:"),
    ],
)
def test_a_user_that_cannot_be_added_is_told_with_its_reason(account, told):
    """The rules are those of the file."""
    with pytest.raises(DirectoryInvalid) as raised:
        add_user(TEXT, "users.toml", Entry(account, ""))

    assert told[: told.index(":")] in str(raised.value)
    assert told.split(": ", 1)[1] in str(raised.value)


def test_a_broken_file_is_not_changed():
    """Keys that are not known are an error, so that nothing of them is lost."""
    with pytest.raises(DirectoryInvalid, match="no key of a user"):
        remove_user(TEXT + "hobby = 'x'\n", "users.toml", "LAB\\alice")


@given(NAMES, st.data())
def test_adding_and_removing_leaves_the_others(everyone, data):
    """Whoever goes, the others stay in their order."""
    text = "config_version = 1\n"
    for each in everyone:
        text = add_user(text, "u", Entry(Account(name=f"LAB\\{each}"), ""))
    gone = data.draw(st.sampled_from(everyone))

    left = remove_user(text, "u", f"{gone}@lab")

    assert names(left) == [f"LAB\\{each}" for each in everyone if each != gone]
    assert text == render_users(parse_users(text, "u"))


def test_a_user_is_found_by_any_login():
    """The entry is that of the file."""
    assert find_user(parse_users(TEXT, "u"), "BOB@mail.example").account.name == "LAB\\bob"
