"""Tests of what the load generator sends."""

import pytest

from tests.bench.workloads import MIB, SIGNED_IN, WORKLOADS, body_bytes, request_head


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.key)
def test_request_is_one_well_formed_head(workload):
    """Each workload sends a start line, `Host` first, and a blank line."""
    head = request_head(workload, "localhost:1").decode()
    lines = head.split("\r\n")

    assert lines[1] == "Host: localhost:1"
    assert lines[-2:] == ["", ""]
    assert "" not in lines[:-2]


def test_browser_sends_fifteen_fields():
    """The browser's head is of the size that real ones have."""
    browser = next(workload for workload in WORKLOADS if workload.browser)
    head = request_head(browser, "localhost:1")

    assert head.count(b"\r\n") == 1 + 15 + 1
    assert 850 <= len(head) <= 1000


def test_session_is_one_more_field():
    """With a cookie the request is the same but for the cookie."""
    without, signed_in = request_head(SIGNED_IN, "localhost:1"), request_head(SIGNED_IN, "localhost:1", "a=b")

    assert signed_in == without[:-2] + b"Cookie: a=b\r\n\r\n"


def test_upload_announces_its_length():
    """The body that is posted is the one that is announced."""
    upload = next(workload for workload in WORKLOADS if workload.upload)

    assert f"Content-Length: {10 * MIB}".encode() in request_head(upload, "localhost:1")
    assert len(body_bytes(upload.upload)) == 10 * MIB


def test_body_does_not_repeat():
    """A block that arrives twice or out of order changes the body."""
    body = body_bytes(64 * 1024)

    assert len({body[at : at + 1024] for at in range(0, len(body), 1024)}) == 64
