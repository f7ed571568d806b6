"""What was sealed opens; nothing else does, and nothing else happens."""

import base64
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.cookie import MAX_VALUE, NAME, Seal, clear_cookie, format_cookie, set_cookie
from proxy.session.keys import KeyRing, new_key
from proxy.session.session import Session

RING = KeyRing.parse(new_key())
SEAL = Seal(RING)
ALICE = Session(id="0f" * 16, user="LAB\\alice", epoch=2, begun=1.5, renewed=99.0, public=True, light=False)
SESSIONS = st.builds(
    Session,
    id=st.binary(min_size=16, max_size=16).map(bytes.hex),
    user=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=256),
    epoch=st.integers(0, 2**40),
    begun=st.floats(0, 1e11),
    renewed=st.floats(0, 1e11),
    public=st.booleans(),
    light=st.booleans(),
)


@given(SESSIONS)
def test_what_is_sealed_opens_to_the_same(session: Session) -> None:
    """Every name of up to 256 characters fits, in any script; the value needs no quoting."""
    value = SEAL.seal(session)

    assert SEAL.open(value) == session
    assert len(value) <= MAX_VALUE
    assert set_cookie(value) == f"{NAME}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"


def test_a_value_shows_nothing_and_is_never_the_same() -> None:
    """Sealing hides the name, and two seals of one session differ."""
    first, second = SEAL.seal(ALICE), SEAL.seal(ALICE)

    assert first != second
    assert b"alice" not in base64.urlsafe_b64decode(first)


@given(st.data())
def test_every_change_closes_it(data: st.DataObject) -> None:
    """Each character replaced, removed or added gives None, even where base64 would not mind."""
    value = SEAL.seal(ALICE)
    at = data.draw(st.integers(0, len(value)))
    end = data.draw(st.integers(at, min(len(value), at + 3)))
    changed = value[:at] + data.draw(st.text(max_size=3)) + value[end:]

    assert (SEAL.open(changed) == ALICE) is (changed == value)


@pytest.mark.parametrize("loose", ["{}\n", " {}", "{} ", "{}====", "{}\x00", "!{}", '"{}"'])
def test_another_spelling_of_the_same_bytes_is_none(loose: str) -> None:
    """A session has one value, so that nothing can be hidden in it."""
    assert SEAL.open(loose.format(SEAL.seal(ALICE))) is None


def test_unused_bits_of_the_last_character_count() -> None:
    """The last character before the padding holds bits that decoders ignore; they must be as we wrote them."""
    value = SEAL.seal(ALICE)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    body, padding = value.rstrip("="), value.count("=")
    others = [body[:-1] + letter + "=" * padding for letter in letters if letter != body[-1]]

    assert [other for other in others if SEAL.open(other)] == []


@given(st.one_of(st.text(), st.binary().map(lambda octets: octets.decode("latin-1")), st.just("A" * 100_000)))
def test_garbage_is_none(value: str) -> None:
    """Whatever a browser sends, the answer is the same and nothing is raised."""
    assert SEAL.open(value) is None


@given(st.binary(max_size=200))
def test_fernet_shaped_garbage_is_none(octets: bytes) -> None:
    """What looks like a token and is none fails like everything else."""
    assert SEAL.open(base64.urlsafe_b64encode(b"\x80" + octets).decode()) is None


def test_foreign_keys_do_not_open() -> None:
    """Only a ring that holds the key opens; rotation keeps sessions."""
    key, other = new_key(), new_key()
    value = Seal(KeyRing.parse(key)).seal(ALICE)

    assert Seal(KeyRing.parse(other)).open(value) is None
    assert Seal(KeyRing.parse(f"{other}\n{key}")).open(value) == ALICE


GOOD = ["0f" * 16, "u", 0, 1.0, 1.0, True, False]


def with_field(at: int, field: object) -> list[object]:
    """Give the good fields with one replaced."""
    return [*GOOD[:at], field, *GOOD[at + 1 :]]


@pytest.mark.parametrize(
    "plain",
    [
        b"", b"\x01", b"\x02" + json.dumps(GOOD).encode(), json.dumps(GOOD).encode(), b"\x01\xff",
        b"\x01" + b"[" * 1400,
        *(
            b"\x01" + json.dumps(fields).encode()
            for fields in (
                {}, None, [], GOOD[:-1], [*GOOD, 1], with_field(0, "0F" * 16), with_field(0, "0f" * 15),
                with_field(0, 7),
                with_field(1, ""), with_field(1, 5), with_field(2, True), with_field(2, 1.0), with_field(3, "1"),
                with_field(3, float("nan")), with_field(4, float("inf")), with_field(4, -1.0), with_field(3, 10**400),
                with_field(3, True), with_field(5, 1), with_field(6, None),
            )
        ),
    ],
)  # fmt: skip
def test_sealed_by_us_but_no_session_is_none(plain: bytes) -> None:
    """What another version or another use of the key sealed is not guessed at."""
    assert SEAL.open(RING.fernet.encrypt(plain).decode()) is None


def test_whole_moments_are_moments() -> None:
    """A moment without fraction may be written as a whole number."""
    plain = b"\x01" + json.dumps(with_field(3, 1)).encode()

    opened = SEAL.open(RING.fernet.encrypt(plain).decode())

    assert opened is not None
    assert type(opened.begun) is float


@pytest.mark.parametrize("user", ["x" * 3000, "\ud800"])
def test_what_fits_no_cookie_is_not_sealed(user: str) -> None:
    """Better no sign-in than a cookie that the browser drops."""
    with pytest.raises(ValueError, match=r"too long|surrogates"):
        SEAL.seal(Session(id="0f" * 16, user=user, epoch=0, begun=1.0, renewed=1.0, public=True, light=True))


@pytest.mark.parametrize("value", ["", "a b", "a;b", "a\r\nb", "é", "a,b", '"a"', "a\n"])
def test_no_value_leaves_its_place_in_the_header(value: str) -> None:
    """A value cannot bring attributes or lines of its own."""
    with pytest.raises(ValueError, match="no value"):
        format_cookie(NAME, value)


def test_clearing_is_said_with_the_same_attributes() -> None:
    """Browsers remove a __Host- cookie only by one that has its prefix's attributes."""
    assert re.fullmatch(rf"{NAME}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax", clear_cookie())
