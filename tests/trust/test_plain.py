"""Promises of a verdict as plain values."""

import json
from dataclasses import replace

import pytest

from proxy.model.verdict import CertificateFacts
from proxy.trust.plain import to_plain
from tests.handmade import CLOSED, LEAF, OPEN, ROOT, UNSEEN, link, worst

KEYS = "trusted reason code text name explained findings notes presented presented_count path store resembles at"


@pytest.mark.parametrize("verdict", [OPEN, CLOSED, UNSEEN, worst(chain=4)], ids=["open", "closed", "unseen", "worst"])
def test_every_verdict_is_json_under_fixed_keys(verdict):
    """Programs find the same keys, whatever was found out."""
    plain = to_plain(verdict)

    assert list(plain) == KEYS.split()
    assert json.loads(json.dumps(plain)) == plain


def test_the_verdict_in_short():
    """The deciding reason stands in front, with OpenSSL's number beside it."""
    plain = to_plain(OPEN)

    assert (plain["trusted"], plain["reason"], plain["code"], plain["at"]) == (
        False,
        "missing_intermediate",
        20,
        "2026-11-24T12:00:00Z",
    )
    assert plain["findings"][1] == {
        "reason": "name_mismatch",
        "sentence": "It is name_mismatch.",
        "cure": "Mend name_mismatch.",
        "position": 0,
    }


def test_a_certificate_has_its_dates_and_days():
    """Days are whole and negative once it has expired."""
    own, root = to_plain(CLOSED)["presented"]

    assert (own["not_after"], own["days_left"], root["days_left"]) == ("2026-12-06T12:00:00Z", 12, -3)
    assert own["names"] == ["cas02", "cas02.branch.example"]
    assert own["spki_sha256"] == LEAF.spki_sha256


def test_a_certificate_that_cannot_be_read_has_no_dates():
    """What is not known is null."""
    broken = CertificateFacts(size=3, sha256="c" * 64, fault="its DER is cut off")
    (plain,) = to_plain(replace(OPEN, presented=(broken,)))["presented"]

    assert (plain["not_before"], plain["not_after"], plain["days_left"]) == (None, None, None)
    assert plain["fault"] == "its DER is cut off"


def test_the_path_says_where_each_certificate_is():
    """A presented one is found by its position, one of the store stands in the path, an absent one nowhere."""
    presented, absent = to_plain(OPEN)["path"]
    stored = to_plain(replace(CLOSED, path=(link(LEAF, 0), link(ROOT, anchor="certifi"))))["path"][1]

    assert (presented["whence"], presented["position"], presented["certificate"]) == ("presented", 0, None)
    assert (absent["whence"], absent["subject"], absent["certificate"]) == ("absent", "CN=Corp Issuing 3", None)
    assert (stored["whence"], stored["anchor"], stored["certificate"]["sha256"]) == ("store", "certifi", ROOT.sha256)


def test_the_worst_verdict_is_clean_and_bounded():
    """No text ends a line, and lists stop at a hundred with their true number beside them."""
    plain = to_plain(worst(chain=120))
    text = json.dumps(plain, ensure_ascii=False)

    assert text.isprintable()
    assert (len(plain["presented"]), plain["presented_count"]) == (100, 120)
    assert (len(plain["presented"][0]["names"]), plain["presented"][0]["name_count"]) == (100, 2000)
