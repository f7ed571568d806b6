"""Every error carries what its answer needs."""

import pytest

from proxy import errors
from proxy.errors import (
    ClientFault,
    LoopDetected,
    NoServerHealthy,
    OurFault,
    ProxyError,
    TooManyGroups,
    UpstreamBroke,
    UpstreamBusy,
    UpstreamDisowned,
    UpstreamFault,
    UpstreamForbade,
    UpstreamIncompatible,
    UpstreamNotTrusted,
    UpstreamTimedOut,
    UpstreamTlsFault,
    UpstreamUnreachable,
)

HERE = ("Branch", "cas02.branch.test")

TABLE = [
    (ClientFault(414, "Too long."), 414, "http_request_error", None, True),
    (ClientFault(421, "Nobody.", closes=False), 421, "http_request_error", None, False),
    (UpstreamUnreachable(*HERE, "x"), 503, "connection_refused", 5, False),
    (UpstreamUnreachable(*HERE, "x", "dns_error"), 503, "dns_error", 5, False),
    (UpstreamTimedOut(*HERE, "x"), 504, "http_response_timeout", None, False),
    (UpstreamNotTrusted(*HERE, code=18, text="self-signed certificate"), 502, "tls_certificate_error", None, False),
    (UpstreamTlsFault(*HERE, "x"), 502, "tls_protocol_error", None, False),
    (UpstreamTlsFault(*HERE, "x", "tls_alert"), 502, "tls_alert_received", None, False),
    (UpstreamBroke(*HERE, "x"), 502, "http_protocol_error", None, False),
    (UpstreamBroke(*HERE, "x", "connection_terminated"), 502, "connection_terminated", None, False),
    (UpstreamBusy(*HERE, "x"), 503, "connection_limit_reached", 2, False),
    (UpstreamIncompatible(*HERE, ours="14.3.1.0", theirs="15.0.1.0"), 502, "destination_unavailable", None, False),
    (UpstreamForbade(*HERE, "x"), 502, "destination_unavailable", None, False),
    (UpstreamDisowned(*HERE, "x"), 502, "destination_unavailable", None, False),
    (TooManyGroups(3001, 3000), 403, "http_request_denied", None, False),
    (NoServerHealthy("Branch", 7), 503, "destination_unavailable", 7, False),
    (LoopDetected("x"), 502, "proxy_loop_detected", None, False),
    (OurFault(500, "x"), 500, "proxy_internal_error", None, True),
    (
        OurFault(503, "x", error_type="connection_limit_reached", retry_after=5),
        503,
        "connection_limit_reached",
        5,
        True,
    ),
]


@pytest.mark.parametrize(("error", "status", "kind", "retry", "closes"), TABLE, ids=lambda value: type(value).__name__)
def test_each_error_has_its_status_type_and_retry(error, status, kind, retry, closes):
    """Status, RFC 9209 type, `Retry-After` and whether the connection closes stand in the error itself."""
    assert (error.status, error.error_type, error.retry_after, error.closes) == (status, kind, retry, closes)


def test_the_table_names_every_error():
    """No class of the tree is missing in the table above but the two that are never raised themselves."""
    classes = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, ProxyError)}

    assert classes - {type(row[0]) for row in TABLE} == {ProxyError, UpstreamFault}


@pytest.mark.parametrize("error", [row[0] for row in TABLE if isinstance(row[0], UpstreamFault)], ids=repr)
def test_strangers_read_no_names(error):
    """`public` names neither the server nor the site of the fault."""
    assert (error.site, error.server) == HERE
    assert not any(word in error.public for word in (*HERE, "OpenSSL"))


def test_a_refused_certificate_tells_server_code_and_text():
    """The administrator's sentence has all three."""
    error = UpstreamNotTrusted(*HERE, code=18, text="self-signed certificate")

    assert str(error) == "The certificate of cas02.branch.test was refused: self-signed certificate (OpenSSL code 18)."
    assert (error.code, error.text) == (18, "self-signed certificate")


def test_a_tls_fault_keeps_its_reason():
    """The reason goes into event and page."""
    assert UpstreamTlsFault(*HERE, "x", "not_tls").reason == "not_tls"


def test_being_busy_is_said_to_strangers_too():
    """A 503 of ours asks to come back, a 500 tells nothing."""
    assert "busy" in OurFault(503, "x").public
    assert OurFault(500, "x").public == ProxyError.public


def test_a_client_fault_is_told_in_its_own_words():
    """What the browser did wrong is no secret."""
    assert ClientFault(400, "Bad.").public == "Bad."
