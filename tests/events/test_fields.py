"""Promises of the fields that tell a verdict."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.events.fields import verdict_fields
from proxy.model.verdict import CertificateFacts
from tests.handmade import CLOSED, OPEN, UNSEEN, link, worst


def test_without_a_verdict_there_are_none():
    """Most events have nothing to do with trust."""
    assert verdict_fields(None) == {}


def test_fields_of_an_open_chain():
    """Names and values are those that collectors are set up for."""
    assert verdict_fields(OPEN) == {
        "tls.server.subject": "CN=cas02.branch.example",
        "tls.server.issuer": "CN=Corp Issuing 3",
        "tls.server.not_before": "2026-11-15T12:00:00Z",
        "tls.server.not_after": "2026-12-06T12:00:00Z",
        "tls.server.hash.sha256": "2f6c" * 16,
        "tls.server.x509.alternative_names": ["cas02", "cas02.branch.example"],
        "casproxy.valid_for": "cas02, cas02.branch.example",
        "casproxy.reasons": ["missing_intermediate", "name_mismatch"],
        "casproxy.why": "It is missing_intermediate.",
        "casproxy.cure": "Mend missing_intermediate.",
        "casproxy.chain": [
            "CN=cas02.branch.example — presented — until 2026-12-06",
            "CN=Corp Issuing 3 — not sent by the server, not in the trust store",
        ],
        "casproxy.trust_store": "142 from certifi, 1 from certs/branch-root.pem",
        "casproxy.resembles": "HQ",
    }


def test_a_trusted_backend_has_no_reasons():
    """What is not known, or is not so, is empty."""
    fields = verdict_fields(replace(CLOSED, trusted=True, findings=()))

    assert (fields["casproxy.reasons"], fields["casproxy.why"], fields["casproxy.resembles"]) == ([], "", "")


def test_a_chain_that_was_not_fetched_leaves_the_reason():
    """Even without certificates the record says why."""
    fields = verdict_fields(UNSEEN)

    assert fields["casproxy.reasons"] == ["self_signed"]
    assert "tls.server.subject" not in fields


def test_an_unreadable_certificate_has_its_fingerprint():
    """Dates that nobody could read are empty."""
    fields = verdict_fields(replace(OPEN, presented=(CertificateFacts(size=1, sha256="c" * 64, fault="cut"),)))

    assert (fields["tls.server.hash.sha256"], fields["tls.server.not_after"]) == ("c" * 64, "")


def test_a_broken_signature_stands_in_the_chain():
    """A link that only looks like one is told as such."""
    (entry,) = verdict_fields(replace(CLOSED, path=(link(CLOSED.presented[0], 0, signed=False),)))["casproxy.chain"]

    assert entry == "CN=cas02.branch.example — presented — signature does not verify — until 2026-12-06"


def test_lists_stop_at_twenty_and_count():
    """Two thousand names leave twenty and a number."""
    names = tuple(f"n{number}.example" for number in range(100))
    leaf = replace(OPEN.presented[0], names=names, name_count=2000)
    fields = verdict_fields(replace(OPEN, presented=(leaf,)))

    assert fields["tls.server.x509.alternative_names"] == [*names[:20], "… 1,980 more"]
    assert fields["casproxy.valid_for"].endswith(" and 1,995 more")


@pytest.mark.parametrize("text", ["a", "\U000e0001", "\\", '"', "\U0001f600", "é"])
def test_the_worst_texts_are_cut(text):
    """Escapes and long encodings do not make a text longer than it may be."""
    fields = verdict_fields(worst(text))

    assert len(fields["tls.server.subject"].encode()) <= 256
    assert fields["tls.server.subject"].endswith("…")
    assert sum(len(entry.encode()) for entry in fields["tls.server.x509.alternative_names"]) <= 3100


@given(st.text(st.characters(exclude_categories=[]), min_size=1, max_size=300))
def test_every_field_is_clean(text):
    """Whatever a certificate holds, each value is one printable line."""
    values = verdict_fields(worst(text, names=7, size=len(text), chain=4)).values()

    assert all(line.isprintable() for value in values for line in (value if isinstance(value, list) else [value]))
