"""Promises of the access log's lines."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

import proxy.events.access as access_module
from proxy.events.access import AccessEncoder, AccessEntry, Way, encode_access
from proxy.model.reply import Deed

ENTRY = AccessEntry(
    time=1_795_456_831.412,
    client=b"192.0.2.7",
    request_id=b"abc",
    method=b"GET",
    target=b"/owa/?a=secret",
    status=200,
    bytes_out=1234,
    bytes_in=567,
    seconds=0.00125,
    host=b"branch.localhost:8443",
    way=Way("Branch", "cas02.branch.example", "enforce", "sites.Branch.trust"),
    because="host branch.localhost",
    trust="trusted",
    user="LAB\\alice",
    tls="TLSv1.3",
)


def test_line_has_the_documented_fields():
    """One request is one JSON line with these fields in this order."""
    line = encode_access(ENTRY)

    assert list(json.loads(line).items()) == [
        ("@timestamp", "2026-11-23T18:00:31.412Z"),
        ("client.address", "192.0.2.7"),
        ("http.request.id", "abc"),
        ("http.request.method", "GET"),
        ("url.path", "/owa/"),
        ("url.domain", "branch.localhost:8443"),
        ("http.response.status_code", 200),
        ("http.response.bytes", 1234),
        ("http.request.bytes", 567),
        ("event.duration", 1250000),
        ("casproxy.site", "Branch"),
        ("destination.domain", "cas02.branch.example"),
        ("casproxy.policy", "enforce"),
        ("casproxy.policy_source", "sites.Branch.trust"),
        ("casproxy.decision", "host branch.localhost"),
        ("casproxy.trust", "trusted"),
        ("error.type", ""),
        ("user.name", "LAB\\alice"),
        ("tls.version", "TLSv1.3"),
        ("http.version", "1.1"),
    ]
    assert line.endswith(b"}\n")


def test_a_time_just_before_a_second_is_not_lifted_out_of_it():
    """Milliseconds have three digits even where rounding would give a thousand."""
    line = encode_access(ENTRY._replace(time=1_795_456_831.9999998))

    assert json.loads(line)["@timestamp"] == "2026-11-23T18:00:31.999Z"


def test_every_field_is_documented():
    """The table in the module's docstring names each field of the line."""
    documented = set(re.findall(r"`([@a-z._]+)`", access_module.__doc__))

    assert set(json.loads(encode_access(ENTRY))) <= documented


def test_the_query_never_shows():
    """A query may hold secrets, so it is not written, harmless or not."""
    assert b"secret" not in encode_access(ENTRY)
    assert b"secret" not in encode_access(ENTRY._replace(target=b'/"?secret'))


def test_a_long_path_is_cut():
    """A path of any length leaves a line of bounded length."""
    assert len(encode_access(ENTRY._replace(target=b"/" + b"a" * 100_000))) < 3000


def test_the_second_turns():
    """The remembered text of the second is not used for another one."""
    encoder = AccessEncoder()
    times = [
        json.loads(encoder.encode(ENTRY._replace(time=at)))["@timestamp"][17:] for at in (59.0, 59.9994, 60.001, 59.5)
    ]

    assert times == ["59.000Z", "59.999Z", "00.001Z", "59.500Z"]


def test_what_is_for_the_metrics_shows_nowhere():
    """Nor does it make the encoder remember a tail for each value of it."""
    encoder = AccessEncoder()
    plain = encoder.encode(ENTRY)

    assert encoder.encode(ENTRY._replace(answer_seconds=0.5, deed=Deed.SIGNED_IN)) == plain
    assert len(encoder._tails) == 1


def test_tails_are_bounded():
    """What is remembered does not fill the memory, even if its values were many."""
    encoder = AccessEncoder()
    for number in range(6000):
        line = encoder.encode(ENTRY._replace(way=Way(str(number))))

    assert json.loads(line)["casproxy.site"] == "5999"
    assert len(encoder._tails) <= 4096


@given(st.lists(st.binary(max_size=80), min_size=5, max_size=5), st.text(st.characters(exclude_categories=[])))
def test_nothing_hostile_forges_a_line(raw, site):
    """Any bytes of the wire and any name of a site give one line of valid JSON without control bytes."""
    client, request_id, method, target, host = raw
    entry = ENTRY._replace(client=client, request_id=request_id, method=method, target=target, host=host, way=Way(site))
    line = encode_access(entry)

    assert len(line.decode().splitlines()) == 1
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", line)
    assert len(json.loads(line)) == 20


def test_harmless_and_harmful_paths_read_the_same():
    """The fast path and the slow path write the same text where both can."""
    quick = json.loads(encode_access(ENTRY))
    slow = json.loads(encode_access(ENTRY._replace(host=b'"')))

    assert {**quick, "url.domain": '"'} == slow
