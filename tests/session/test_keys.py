"""A ring of keys is read exactly, rotated without signing anybody out, and never shown."""

import base64

import pytest
from cryptography.fernet import InvalidToken
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.keys import MAX_KEYS, MAX_OCTETS, BadKeys, KeyRing, new_key, rotate


def key_of(octets: bytes) -> str:
    """Spell a key."""
    return base64.urlsafe_b64encode(octets).decode()


def test_the_first_key_seals_and_all_open() -> None:
    """A token of a former key opens still; one of a key that is gone does not."""
    old, new = new_key(), new_key()
    token = KeyRing.parse(old).fernet.encrypt(b"x")

    assert KeyRing.parse(f"{new}\n{old}\n").fernet.decrypt(token) == b"x"
    with pytest.raises(InvalidToken):
        KeyRing.parse(new).fernet.decrypt(token)


@pytest.mark.parametrize("form", ["{}", "{}\n", "\ufeff{}\r\n", "# note\n\n  {}  # mine\n#\n"])
def test_comments_and_line_ends_are_free(form: str) -> None:
    """Editors of every system may touch the file."""
    key = new_key()

    assert KeyRing.parse(form.format(key)).fingerprints == KeyRing.parse(key).fingerprints


def test_a_ring_is_read_from_what_its_file_holds() -> None:
    """A byte order mark does not count; what is no text is told with its line, and a huge file is none of ours."""
    key = new_key()

    assert KeyRing.read(f"\ufeff{key}\n".encode()).fingerprints == KeyRing.parse(key).fingerprints
    with pytest.raises(BadKeys, match="Line 2 is not UTF-8"):
        KeyRing.read(f"{key}\n".encode() + b"\xff")
    with pytest.raises(BadKeys, match="some other file"):
        KeyRing.read(b"#" * (MAX_OCTETS + 1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no key in it"),
        ("# only\n\n", "no key in it"),
        ("{key}\nsecret", "Line 2 is no key"),
        ("{key}{key}", "Line 1 is no key"),
        ("{plus}", "Line 1 is no key"),
        ("{loose}", "Line 1 is no key"),
        ("{key}é", "Line 1 is no key"),
        ("{zero}", "Line 1 is no random key"),
        ("# note\n{key}\n{key} # again", "Line 3 repeats the key of line 2"),
    ],
)
def test_what_is_no_ring_is_refused_with_its_line(text: str, words: str) -> None:
    """The sentence names the line and quotes nothing of it."""
    key = new_key()
    plus = key_of(b"\xfb\xff" + bytes(range(30))).replace("-", "+").replace("_", "/")
    loose = key_of(bytes(range(32)))[:42] + "9="  # another spelling of the same bytes
    filled = text.format(key=key, plus=plus, loose=loose, zero=key_of(bytes(32)))

    with pytest.raises(BadKeys, match=words) as refused:
        KeyRing.parse(filled)
    assert key[:8] not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_ring_is_bounded() -> None:
    """A foreign cookie costs a try with each key."""
    with pytest.raises(BadKeys, match="at most 16"):
        KeyRing.parse("\n".join(new_key() for _ in range(MAX_KEYS + 1)))


@given(st.text(max_size=200))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    """Garbage is BadKeys and nothing else."""
    with pytest.raises(BadKeys):
        KeyRing.parse(text)


@given(keys=st.integers(1, MAX_KEYS), keep=st.integers(0, 20))
def test_rotation_keeps_the_newest(keys: int, keep: int) -> None:
    """A new key stands first, then the newest former ones in their order; the result can be read and rotated again."""
    text = "# top\n" + "".join(f"{new_key()} # {number}\n" for number in range(keys)) + "# end\n"
    before = KeyRing.parse(text).fingerprints

    rotated = rotate(text, keep)

    after = KeyRing.parse(rotated).fingerprints
    assert after[0] not in before
    assert after[1:] == before[: min(keep, MAX_KEYS - 1)]
    assert rotated.startswith("# top\n")
    assert rotated.endswith("# end\n")
    assert KeyRing.parse(rotate(rotated, keep)).fingerprints[1:2] == (after[:1] if keep else ())


def test_a_broken_ring_is_not_rotated() -> None:
    """What cannot be read is not made worse."""
    with pytest.raises(BadKeys):
        rotate(f"{new_key()}\nx", 2)


def test_nothing_shows_a_key() -> None:
    """A ring in a log gives fingerprints away, no more."""
    key = new_key()
    ring = KeyRing.parse(key)

    assert repr(ring) == f"KeyRing({ring.fingerprints[0]})"
    assert ring.fingerprints[0] not in base64.urlsafe_b64decode(key).hex()
    assert key[:10] not in repr(ring)


def test_keys_for_other_purposes_are_keys_of_their_own() -> None:
    """Each purpose has other keys, in the order of the ring."""
    old, new = new_key(), new_key()
    ring = KeyRing.parse(f"{new}\n{old}")

    assert ring.derive(b"a")[1] == KeyRing.parse(old).derive(b"a")[0]
    assert len({*ring.derive(b"a"), *ring.derive(b"b")}) == 4
    assert all(len(each) == 32 for each in ring.derive(b"a"))
