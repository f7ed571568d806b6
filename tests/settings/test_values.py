"""Values of each kind, from a file and from text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.settings.keys import Kind, key_named
from proxy.settings.schema import Errors, Limits, Log, ServerSettings, Settings, Timeouts, Trust
from proxy.settings.values import BadValue, describe_type, did_you_mean, read_value, spell_seconds

SWITCH = key_named(Trust, "allow_internal_untrusted_certs")
CONNECT = key_named(Timeouts, "connect")
BODY = key_named(Limits, "body_bytes")
LISTEN = key_named(ServerSettings, "listen")
FILES = key_named(Trust, "ca_files")
ACCESS = key_named(Log, "access")
DETAIL = key_named(Errors, "detail")
NAME = key_named(ServerSettings, "name")
TOKEN = key_named(ServerSettings, "admin_token")
VERSION = key_named(Settings, "config_version")


@pytest.mark.parametrize(
    ("key", "written", "expected"),
    [
        (SWITCH, 0, False),
        (SWITCH, 1, True),
        (SWITCH, False, False),
        (CONNECT, "250ms", 0.25),
        (CONNECT, "30s", 30.0),
        (CONNECT, "5m", 300.0),
        (CONNECT, "2h", 7200.0),
        (CONNECT, "1.5s", 1.5),
        (BODY, 0, 0),
        (LISTEN, "a:1", ("a:1",)),
        (LISTEN, ["a:1", "b:2"], ("a:1", "b:2")),
        (FILES, [], ()),
        (ACCESS, False, False),
        (DETAIL, "full", "full"),
        (VERSION, 1, 1),
    ],
)
def test_file_values(key, written, expected):
    """Each kind takes what the reference says."""
    assert expected == read_value(key, written, text=False)


@pytest.mark.parametrize(
    ("key", "written", "expected"),
    [
        (SWITCH, "0", False),
        (SWITCH, "true", True),
        (CONNECT, "3s", 3.0),
        (BODY, "1048576", 1_048_576),
        (LISTEN, "a:1, b:2,", ("a:1", "b:2")),
        (FILES, "", ()),
        (FILES, "a.pem", ("a.pem",)),
        (ACCESS, "false", False),
        (NAME, "CAS01", "CAS01"),
        (VERSION, "1", 1),
    ],
)
def test_text_values(key, written, expected):
    """Variables and flags are text: numbers and booleans are read from it, lists are separated by commas."""
    assert expected == read_value(key, written, text=True)


@pytest.mark.parametrize(
    ("key", "written", "sentence", "suggestion"),
    [
        (CONNECT, 5, "no unit", 'Write "5s".'),
        (CONNECT, 2.5, "no unit", 'Write "2.5s".'),
        (CONNECT, float("nan"), "no unit", ""),
        (CONNECT, 10**30, "too large", ""),
        (FILES, [1 << 99], "too large", ""),
        (CONNECT, "30", "is not a time", 'Write "30s".'),
        (CONNECT, "5 min", "is not a time", 'Write "5m".'),
        (CONNECT, "PT5S", "is not a time", ""),
        (CONNECT, "0s", "more than zero", ""),
        (CONNECT, "25h", "too large", ""),
        (CONNECT, ["5s"], "is a list", ""),
        (BODY, -1, "too small", ""),
        (BODY, 2**62, "too large", ""),
        (BODY, 1.5, "a number with a fraction", ""),
        (BODY, True, "a boolean", ""),
        (BODY, "35 MiB", "bytes", "Write 36700160."),
        (BODY, "12", "is a string", "Write 12."),
        (LISTEN, 8443, "a whole number", ""),
        (LISTEN, [8443], "a whole number", 'Write "8443".'),
        (FILES, "a.pem", "is a string", 'Write ["a.pem"].'),
        (ACCESS, 1, "a whole number", "Write true."),
        (ACCESS, "yes", "a string", "Write true."),
        (DETAIL, "ful", 'not one of "none", "full"', 'Did you mean "full"?'),
        (DETAIL, {}, 'This is not one of "none"', ""),
        (NAME, "a\nb", "control characters", ""),
        (VERSION, 2, "2 is not one of 1", "Take a newer casproxy"),
        (VERSION, True, "True is not one of 1", "Take a newer"),
        (SWITCH, 2, "it takes only 0, 1, true or false", "Write 0 to refuse"),
        (SWITCH, "1", "it takes only 0, 1, true or false", "Write 1."),
    ],
)
def test_wrong_values_say_what_to_write(key, written, sentence, suggestion):
    """A wrong value is explained, and where one can guess what was meant, that is suggested."""
    with pytest.raises(BadValue) as caught:
        read_value(key, written, text=False)

    assert sentence in caught.value.sentence
    assert suggestion in caught.value.suggestion
    assert bool(suggestion) == bool(caught.value.suggestion)


def test_numbers_that_cannot_be_shown_are_refused():
    """Python refuses to write very long numbers; the explanation does not try."""
    for key in (CONNECT, BODY, DETAIL, SWITCH, VERSION, NAME):
        with pytest.raises(BadValue, match="too large"):
            read_value(key, 1 << 99_999, text=False)


def test_secret_is_not_in_the_sentence():
    """What is wrong with a secret is told without it."""
    with pytest.raises(BadValue) as caught:
        read_value(TOKEN, 4711, text=False)

    assert (caught.value.sentence, caught.value.suggestion) == ("This takes a string.", "")
    assert TOKEN.secret


@given(st.sampled_from([*range(1, 2000)]))
def test_durations_survive_writing(milliseconds):
    """What is written as a duration is read as the same."""
    seconds = milliseconds / 1000

    assert seconds == pytest.approx(read_value(CONNECT, spell_seconds(seconds), text=False))


def test_thirty_days_are_spelled_out():
    """A long time is written in digits, which can be read back."""
    assert spell_seconds(2_592_000.0) == "2592000s"
    assert spell_seconds(123_456.789) == "123456.789s"


@given(st.sampled_from([SWITCH, CONNECT, BODY, LISTEN, FILES, ACCESS, DETAIL, NAME, VERSION]), st.text(), st.booleans())
def test_any_text_is_a_value_or_told(key, written, text):
    """No text makes anything but a value or an explanation."""
    try:
        value = read_value(key, written, text=text)
    except BadValue as fault:
        value = fault.sentence

    assert value is not None


def test_suggestions_ignore_case():
    """A key in the wrong case is near enough."""
    assert did_you_mean("Listen", ["listen", "name"]) == "Did you mean listen?"
    assert did_you_mean("zzz", ["listen"]) == ""


def test_types_have_names():
    """Each TOML type has a name; anything else is no TOML."""
    assert [describe_type(each) for each in (True, 1, 1.0, "", [], {}, None)] == [
        "a boolean",
        "a whole number",
        "a number with a fraction",
        "a string",
        "a list",
        "a table",
        "something else",
    ]
    assert len(Kind) == len({each.value for each in Kind})
