"""Promises of the index of trust anchors."""

import ssl

import certifi
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from proxy.certkit.authority import Authority
from proxy.trust.anchors import Anchors, Source
from proxy.trust.certificate import fingerprint, load, outline

OURS, TWIN, OTHER = Authority.create("Our root"), Authority.create("Our root"), Authority.create("Another root")
DERS = {authority: authority.certificate.public_bytes(Encoding.DER) for authority in (OURS, TWIN, OTHER)}
NAME = OURS.certificate.subject.public_bytes()


@pytest.fixture(scope="module")
def bundle() -> Source:
    """Hold the public roots as a source."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    return Source("certifi", tuple(context.get_ca_certs(binary_form=True)))


@pytest.mark.parametrize(
    ("sources", "summary"),
    [
        ((), "no trust anchors"),
        ((Source("empty.pem", ()),), "no trust anchors"),
        ((Source("a.pem", (DERS[OURS], DERS[OTHER])), Source("b.pem", (DERS[TWIN],))), "2 from a.pem, 1 from b.pem"),
    ],
    ids=["nothing", "empty", "two"],
)
def test_summary_counts_each_source(sources, summary):
    """The summary says how many come from where; sources without any are left out."""
    assert Anchors(sources).summary == summary


def test_anchors_are_found_by_name():
    """Every anchor of the name is found, with its source; another name finds none of them."""
    anchors = Anchors([Source("a.pem", (DERS[OURS], DERS[OTHER])), Source("b.pem", (DERS[TWIN],))])

    found = [(anchor.parsed.certificate, anchor.source) for anchor in anchors.named(NAME)]

    assert found == [(OURS.certificate, "a.pem"), (TWIN.certificate, "b.pem")]
    assert anchors.named(b"nobody") == ()
    assert set(anchors.subjects) == {NAME, OTHER.certificate.subject.public_bytes()}


def test_anchors_are_found_by_fingerprint():
    """A fingerprint names the source; of a stranger it names nothing."""
    anchors = Anchors([Source("a.pem", (DERS[OURS],))])

    assert anchors.source_of(fingerprint(DERS[OURS])) == "a.pem"
    assert anchors.source_of(fingerprint(DERS[TWIN])) == ""


def test_anchor_of_two_sources_is_the_first_one_s():
    """A certificate in two files counts in both summaries and is found once."""
    anchors = Anchors([Source("a.pem", (DERS[OURS],)), Source("b.pem", (DERS[OURS],))])

    assert [anchor.source for anchor in anchors.named(NAME)] == ["a.pem"]
    assert anchors.source_of(fingerprint(DERS[OURS])) == "a.pem"


def test_unreadable_anchor_does_not_hide_the_others():
    """Bytes that are no certificate are passed over."""
    anchors = Anchors([Source("a.pem", (b"", b"garbage", DERS[OURS]))])

    assert len(anchors.named(NAME)) == 1


def test_only_what_is_asked_for_is_read(bundle, monkeypatch):
    """Of a public bundle one certificate is read in full, once, and nothing for a stranger."""
    read: list[bytes] = []
    monkeypatch.setattr("proxy.trust.anchors.parse", lambda der: read.append(der) or der)
    anchors = Anchors([bundle])
    wanted = outline(load(bundle.certificates[0])).subject

    anchors.source_of("")
    anchors.named(b"nobody")
    assert read == []
    anchors.named(wanted)
    anchors.named(wanted)

    assert read == [bundle.certificates[0]]


def test_every_public_root_is_found(bundle):
    """Each certificate of the public bundle is found under its own name and fingerprint."""
    anchors = Anchors([bundle])

    for der in bundle.certificates:
        found = anchors.named(outline(load(der)).subject)

        assert fingerprint(der) in [anchor.parsed.facts.sha256 for anchor in found]
        assert anchors.source_of(fingerprint(der)) == "certifi"
