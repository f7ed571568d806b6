"""Registry exports are read in every coding and spelling that regedit writes, and nothing in them deceives."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.settings.problems import SettingsInvalid
from proxy.settings.registry import KEY, Value, read_registry

HEADER = "Windows Registry Editor Version 5.00"


def export(*lines: str, header: str = HEADER, key: str = KEY) -> str:
    """Write an export of the key."""
    return "\r\n".join([header, "", f"[{key}]", *lines, ""])


def read(text: str) -> dict[str, int | str | None]:
    """Give number, type or None for a removed value, by name."""
    values = read_registry(text.encode(), "owa.reg")
    return {each.name: each.number if each.number is not None else each.kind or None for each in values}


def refused(text: str) -> list[tuple[int, str]]:
    """Give line and sentence of each problem."""
    with pytest.raises(SettingsInvalid) as caught:
        read_registry(text.encode(), "owa.reg")
    assert all(str(each).startswith("owa.reg") for each in caught.value.problems)
    return [(each.origin.line, each.sentence) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"\xef\xbb\xbf", "utf-8"),
        (b"", "utf-8"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
    ],
)
def test_every_coding(mark, encoding):
    """UTF-16 in both orders and UTF-8, with and without a byte order mark, are the same export."""
    text = export('"Größe"=dword:00000005', '"AllowInternalUntrustedCerts"=dword:00000000')

    assert read_registry(mark + text.encode(encoding), "owa.reg") == (
        Value(name="Größe", line=4, kind="REG_DWORD", number=5),
        Value(name="AllowInternalUntrustedCerts", line=5, kind="REG_DWORD", number=0),
    )


def test_regedit4_is_ansi():
    """The old format's letters are those of Windows."""
    data = export('"Größe"=dword:1', header="REGEDIT4").encode("cp1252")

    assert [(each.name, each.number) for each in read_registry(data, "owa.reg")] == [("Größe", 1)]


@pytest.mark.parametrize("byte", [b"\xff\xfe\x00", b"\xfe\xff\x00", b"\xef\xbb\xbf\xff"])
def test_a_coding_that_does_not_hold_is_told(byte):
    """A file whose first bytes promise what the others break is refused with the coding's name."""
    with pytest.raises(SettingsInvalid, match="which its first bytes promise"):
        read_registry(byte, "owa.reg")


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ('"A"=dword:00000001', 1),
        ('"A"=dword:ffffffff', 2**32 - 1),
        ('"A"=DWORD:0000000A', 10),
        ('"A"=dword:1 ; one', 1),
        ('  "A" = dword:00000001  ', 1),
        ('"A"=hex(4):0f,01,00,00', 271),
        ('"A"=hex(4):0f,\\\r\n  00,00,\\\r\n  00', 15),
        ('"A"=-', None),
        ('"A"="1"', "REG_SZ"),
        ('"A"=""', "REG_SZ"),
        ('"A"=hex:01,00', "REG_BINARY"),
        ('"A"=hex:', "REG_BINARY"),
        ('"A"=hex(0):', "REG_NONE"),
        ('"A"=hex(2):31,00,00,00', "REG_EXPAND_SZ"),
        ('"A"=hex(7):31,00,\\\r\n  00,00', "REG_MULTI_SZ"),
        ('"A"=hex(b):01,00,00,00,00,00,00,00', "REG_QWORD"),
        ('"A"=hex(5):00,00,00,01', "REG_DWORD_BIG_ENDIAN"),
        ('"A"=hex(ffff0012):00', "a type of its own"),
    ],
)
def test_every_form_of_a_value(line, holds):
    """Numbers in both spellings, removed values, and the types that are no numbers."""
    assert read(export(line)) == {"A": holds}


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        KEY.lower(),
        KEY.upper(),
        KEY + "\\",
        KEY.replace("CurrentControlSet", "ControlSet001"),
        KEY.replace("CurrentControlSet", "controlset017"),
    ],
)
def test_the_key_in_every_spelling(key):
    """Case does not count, and an export made offline has numbered control sets."""
    assert read(export('"A"=dword:1', key=key)) == {"A": 1}


@pytest.mark.parametrize(
    "key",
    [
        KEY + r"\Sub",
        KEY + " 2",
        KEY.replace("OWA", "Control Panel"),
        KEY.replace("LOCAL_MACHINE", "CURRENT_USER"),
        KEY.replace("CurrentControlSet", "ControlSet1"),
        r"HKEY_LOCAL_MACHINE\SOFTWARE",
    ],
)
def test_other_keys_do_not_count(key):
    """A value of the same name elsewhere is another value, and a line that cannot be read there is nobody's concern."""
    text = export('"A"=dword:0', '"B"=odd', "odd", '"C"', '"D"=hex(4):00', key=key)

    assert read(text) == {}


def test_a_text_over_lines_hides_nothing():
    """What looks like our key and value inside a text of another key is that text."""
    text = export('"Note"="first', f"[{KEY}]", '\\"A\\"=dword:0', 'last"', key=r"HKEY_LOCAL_MACHINE\SOFTWARE")

    assert read(text) == {}


def test_a_text_over_lines_in_our_key():
    """It ends where its quote is, and what follows is read again; escapes do not end it."""
    assert read(export('"A"="one \\" \\\\', 'two"', '"B"=dword:2')) == {"A": "REG_SZ", "B": 2}


def test_names_have_escapes():
    """A quote in a name is written with a backslash."""
    assert read(export('"A\\"B\\\\"=dword:1')) == {'A"B\\': 1}


def test_comments_and_the_default_value():
    """Lines that begin with a semicolon are passed over, also ones that end in a backslash; `@` is a value."""
    assert read(export("; \\", '"A"=dword:1', '  ;"A"=dword:0', '@="x"')) == {"A": 1, "": "REG_SZ"}


def test_the_last_counts():
    """Values are written one after the other, whatever the case of their names, in either part of the file."""
    text = export('"A"=dword:1', '"a"=dword:2', f"[{KEY}\\Other]", '"a"=dword:7', f"[{KEY}]", '"A"=-')

    assert read(text) == {"A": None}


def test_control_sets_that_agree():
    """Offline exports have several; the same value in each is one."""
    sets = (KEY.replace("CurrentControlSet", f"ControlSet00{number}") for number in (1, 2))
    body = [line for key in sets for line in (f"[{key}]", '"A"=dword:1')]

    assert read(export(*body)) == {"A": 1}


def test_control_sets_that_differ():
    """Which one is in use stands elsewhere, so nothing is guessed; the current one counts when it is there."""
    sets = (KEY.replace("CurrentControlSet", f"ControlSet00{number}") for number in (1, 2))
    body = [line for number, key in enumerate(sets) for line in (f"[{key}]", f'"A"=dword:{number}')]

    assert refused(export(*body, key="HKEY_USERS")) == [
        (7, "controlset002 and another control set hold different values; which is in use is not said.")
    ]
    assert read(export('"A"=dword:5', *body)) == {"A": 5}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('"A"=dword:', '"dword:" is no value that regedit writes.'),
        ('"A"=dword:xyz', '"dword:xyz" is no value that regedit writes.'),
        ('"A"=1', '"1" is no value that regedit writes.'),
        ('"A"=', '"" is no value that regedit writes.'),
        ('"A"', '"A" has no value.'),
        ('"A"=dword:000000001', '"1" stands behind a value.'),
        ('"A"="x" y', '" y" stands behind a value.'),
        ('"A"=-1', '"1" stands behind a value.'),
        ('"A"=hex(4):01,00', '"A" is a REG_DWORD of 2 bytes; it takes four.'),
        ("A=dword:1", '"A=dword:1" is no line of a registry export.'),
    ],
)
def test_a_line_that_cannot_be_read_is_told(line, sentence):
    """Each with its number, all in one go: a switch that silently does nothing is the worst kind."""
    assert refused(export('"B"=dword:1', line, "odd")) == [
        (5, sentence),
        (6, '"odd" is no line of a registry export.'),
    ]


def test_removing_the_key_is_told():
    """It would mean every value, named or not; they are to be named."""
    assert refused(export(f"[-{KEY}]")) == [(4, "This removes the whole key.")]


@pytest.mark.parametrize("text", ["", "\n\n", "[trust]\nallow = 0\n", "Windows Registry Editor Version 6\n"])
def test_no_export(text):
    """Something else is refused at its first line."""
    assert "no registry export" in refused(text)[0][1]


@pytest.mark.parametrize("key", [KEY, r"HKEY_LOCAL_MACHINE\SOFTWARE"])
def test_a_file_that_was_cut_off(key):
    """A text without an end swallows what follows, so nothing of the file is believed."""
    assert refused(export('"A"="x', "y", key=key)) == [(4, "A text that starts here has no end: the file was cut off.")]


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: export(text).encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused(data):
    """Whatever the file holds, the answer is values or problems."""
    with suppress(SettingsInvalid):
        assert isinstance(read_registry(data, "owa.reg"), tuple)
