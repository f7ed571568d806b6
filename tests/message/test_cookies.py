"""Our own cookies: found, unclear ones ignored, and never passed on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.cookies import (
    LOGON_COOKIE,
    SESSION_COOKIE,
    OwnCookies,
    has_own,
    sets_own,
    take_own,
    without_own,
)


@pytest.mark.parametrize(
    ("values", "session", "logon"),
    [
        ([], b"", b""),
        ([b"a=1; b=2"], b"", b""),
        ([b"__Host-casproxy=x"], b"x", b""),
        ([b"a=1; __Host-casproxy=x; __Host-casproxy-logon=n"], b"x", b"n"),
        ([b"__Host-casproxy=x", b"__Host-casproxy-logon=n"], b"x", b"n"),
        ([b"__Host-casproxy=x; __Host-casproxy=x"], b"x", b""),
        ([b"__Host-casproxy=x; __Host-casproxy=y"], b"", b""),
        ([b"__Host-casproxy=x", b"__Host-casproxy=y"], b"", b""),
        ([b"__Host-casproxy=x; __Host-casproxy=y; __Host-casproxy=y"], b"", b""),
        ([b"__host-casproxy=x"], b"", b""),
        ([b"__Host-casproxy"], b"", b""),
        ([b" __Host-casproxy = x "], b"x", b""),
        ([b"__Host-casproxy=a=b"], b"a=b", b""),
    ],
)
def test_values_of_ours(values, session, logon):
    """One clear value each; a second, different one makes both worthless."""
    assert take_own(values) == OwnCookies(session, logon)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"a=1; b=2", b"a=1; b=2"),
        (b"a=1; __Host-casproxy=x; b=2", b"a=1; b=2"),
        (b"__Host-casproxy=x; b=2", b"b=2"),
        (b"__Host-casproxy=x", b""),
        (b"__HOST-CASPROXY=x; __Host-casproxy-logon=y;a", b"a"),
        (b"a=__Host-casproxy", b"a=__Host-casproxy"),
        (b"a=1; X-BEResource=localhost~1; b=2", b"a=1; b=2"),
        (b"x-backendcookie=s; X-AnonResource=true; X-AnonResource-Backend=x~1", b""),
        (b"a=X-BEResource", b"a=X-BEResource"),
    ],
)
def test_what_passes_on(value, kept):
    """Everything but ours, byte for byte."""
    assert without_own(value) == kept


PARTS = st.lists(
    st.sampled_from([SESSION_COOKIE, LOGON_COOKIE, b"__HOST-casproxY", b"a", b"=", b";", b" ", b"x", b"\t"])
)


@given(PARTS)
def test_nothing_of_ours_passes(parts):
    """Whatever the field looks like, no pair that begins like ours is left, and what holds ours is noticed."""
    value = b"".join(parts)
    names = [pair.partition(b"=")[0].strip().lower() for pair in without_own(value).split(b";")]

    assert not any(name.startswith(b"__host-casproxy") for name in names)
    if take_own([value]) != OwnCookies():
        assert has_own(value)


@pytest.mark.parametrize(
    ("value", "ours"),
    [
        (b"__Host-casproxy=x; Path=/", True),
        (b" __HOST-CASPROXY-logon = x", True),
        (b"__Host-casproxy", True),
        (b"a=__Host-casproxy", False),
        (b"UserContext=1", False),
        (b"=__Host-casproxy=x; Path=/", True),
        (b" = __host-casproxy-logon=x", True),
        (b"==__Host-casproxy", True),
        (b"=a=__Host-casproxy", False),
    ],
)
def test_what_a_backend_may_not_set(value, ours):
    """Our cookies are ours alone."""
    assert sets_own(value) is ours
