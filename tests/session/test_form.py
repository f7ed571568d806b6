"""The sign-in form is read as browsers and old scripts send it, or not at all."""

from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.form import MAX_BODY, MAX_FIELDS, LogonForm, read_form

TYPE = "application/x-www-form-urlencoded"
REQUIRED = b"destination=d&username=u&password=p"


def test_the_form_of_old_scripts_is_read() -> None:
    """The field list that scripts send since 2003 signs in on a private computer."""
    body = (
        b"destination=https%3A%2F%2Fmail.example%2Fowa%2F&flags=4&forcedownlevel=0&trusted=4"
        b"&username=LAB%5Calice&password=a%26b+c%3D%C3%A4&isUtf8=1"
    )

    assert read_form(body, TYPE) == LogonForm(
        destination="https://mail.example/owa/", username="LAB\\alice", password="a&b c=ä", private=True, light=False
    )


@pytest.mark.parametrize(
    ("extra", "private", "light"),
    [
        (b"", False, False),
        (b"&flags=0", False, False),
        (b"&flags=1", False, True),
        (b"&flags=4", True, False),
        (b"&flags=5", True, True),
        (b"&flags=7", True, True),
        (b"&flags=4&trusted=0", False, False),
        (b"&flags=0&trusted=4", True, False),
        (b"&flags=4&trusted=", False, False),
        (b"&flags=4&trusted=5", False, False),
        (b"&flags=x", False, False),
        (b"&flags=-1", False, False),
        (b"&flags=%B2", False, False),
        (b"&flags=" + b"7" * 5000, False, False),
        (b"&forcedownlevel=1", False, True),
        (b"&forcedownlevel=0", False, False),
        (b"&FLAGS=5&passwordText=x&unknown&&", True, True),
    ],
)
def test_the_choices_of_the_user(extra: bytes, private: bool, light: bool) -> None:
    """`trusted` counts before the bit of `flags`; what is unclear means a public computer and the full version."""
    form = read_form(REQUIRED + extra, TYPE)

    assert form is not None
    assert (form.private, form.light) == (private, light)


@pytest.mark.parametrize(
    ("body", "password"),
    [
        (b"destination=&username=&password=%C3%A4&isUtf8=1", "ä"),
        (b"destination=&username=&password=%C3%A4", "Ã¤"),
        (b"destination=&username=&password=%E4&isUtf8=0", "ä"),
        (b"destination=&username=&password=\xe4", "ä"),
        (b"destination=&username=&password=100%&isUtf8=1", "100%"),
        (b"destination=&username=&password=a=b", "a=b"),
        (b"destination=&username=&password", ""),
        (b"destination=&username=&pass%77ord=x", "x"),
        (b"destination=&username=&password=%00%0A", "\x00\n"),
    ],
)
def test_passwords_are_taken_as_typed(body: bytes, password: str) -> None:
    """Decoded once, in the charset the form states."""
    form = read_form(body, TYPE)

    assert form is not None
    assert form.password == password


@pytest.mark.parametrize("content_type", [TYPE, TYPE.upper(), f"{TYPE}; charset=utf-8", f" {TYPE} ;x"])
def test_parameters_of_the_type_are_free(content_type: str) -> None:
    """Some clients state a charset."""
    assert read_form(REQUIRED, content_type) is not None


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data", f"{TYPE}, text/plain", f"{TYPE}x"])
def test_other_types_are_no_form(content_type: str) -> None:
    """Types that other sites' pages can send without asking are not read."""
    assert read_form(REQUIRED, content_type) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"username=u&password=p",
        b"destination=d&password=p",
        b"destination=d&username=u",
        REQUIRED + b"&username=u",
        REQUIRED + b"&userNAME=u",
        REQUIRED + b"&user%6eame=u",
        REQUIRED + b"&x=1&x=1",
        b"destination=d&username=%ff&password=p&isUtf8=1",
        b"destination=d&username=u&password=%ff&isUtf8=1",
        b"destination=d&username=u&password=%ed%a0%80&isUtf8=1",
        REQUIRED + b"".join(b"&f%d=" % number for number in range(MAX_FIELDS - 2)),
        REQUIRED + b"&" * MAX_FIELDS,
        REQUIRED + b"&x=" + b"x" * MAX_BODY,
    ],
)
def test_what_is_unclear_is_no_form(body: bytes) -> None:
    """A field missing or twice, bytes that are no UTF-8, too many fields, too many bytes."""
    assert read_form(body, TYPE) is None


def test_a_form_may_be_as_large_as_the_bounds() -> None:
    """The bounds themselves are inside."""
    body = REQUIRED + b"".join(b"&f%d=" % number for number in range(MAX_FIELDS - 3))

    assert read_form(body, TYPE) is not None
    assert read_form(body + b"x" * (MAX_BODY - len(body)), TYPE) is not None
    assert read_form(REQUIRED + b"&x=" + b"x" * (MAX_BODY - len(REQUIRED) - 3), TYPE) is not None


def test_nothing_shows_the_password() -> None:
    """A form in a log gives neither password nor token away."""
    form = read_form(b"destination=d&username=u&password=hunter2&token=t0ken", TYPE)

    assert form is not None
    assert (form.password, form.token) == ("hunter2", "t0ken")
    assert "hunter2" not in repr(form)
    assert "t0ken" not in repr(form)


@given(st.binary(max_size=300), st.text(max_size=40))
def test_no_body_does_harm(body: bytes, content_type: str) -> None:
    """Anything is a form or None."""
    read_form(body, content_type)
    read_form(REQUIRED + b"&" + body, TYPE)


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=100))
def test_every_text_survives(text: str) -> None:
    """What a browser encodes is read back, whatever script it is in."""
    form = read_form(f"destination=%2F&isUtf8=1&username=u&password={quote_plus(text)}".encode(), TYPE)

    assert form is not None
    assert form.password == text
