"""Promises of all checks together: they find something exactly where OpenSSL refuses."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from proxy.trust.explain import CHECKS
from tests import verdicts
from tests.verdicts import POLICY, examined, verdict

RULES = verdicts.AUTHORITY
CONSTRAINTS, USAGE = RULES
CLIENT = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
ANY = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)
SGC = (x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.3")]), False)
NAMES = verdicts.SERVER
LIMITED = (x509.BasicConstraints(ca=True, path_length=0), True)
UNCRITICAL = (x509.BasicConstraints(ca=True, path_length=None), False)
DENIED = (x509.BasicConstraints(ca=False, path_length=None), True)
LENGTH_ALONE = (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.19"), bytes.fromhex("3003020100")), True)
CRITICAL_KEY = (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.18"), bytes.fromhex("3000")), True)
SIGNS = verdicts.key_usage("key_cert_sign", "digital_signature")
BARE = (NAMES[0][0], True)

ROWS = {  # extensions and key identifiers that differ, and the code under strict rules; 0: accepted
    "sound": ({}, 0, 0),
    "leaf-no-aki": ({"identifiers": ("S", "SA", "S")}, 0, 85),
    "issuing-no-aki": ({"identifiers": ("SA", "S", "S")}, 0, 85),
    "issuing-no-ski": ({"identifiers": ("SA", "A", "S")}, 0, 86),
    "root-no-ski": ({"identifiers": ("SA", "SA", "")}, 0, 86),
    "issuing-uncritical": ({"issuing": (UNCRITICAL, USAGE)}, 0, 89),
    "root-uncritical": ({"root": (UNCRITICAL, USAGE)}, 0, 89),
    "issuing-no-usage": ({"issuing": (CONSTRAINTS,)}, 0, 92),
    "root-no-usage": ({"root": (CONSTRAINTS,)}, 0, 92),
    "issuing-no-subject": ({"subjects": ("leaf", "", "Root")}, 0, 83),
    "root-no-subject": ({"subjects": ("leaf", "Issuing", "")}, 0, 83),
    "leaf-no-subject": ({"subjects": ("", "Issuing", "Root")}, 0, 88),
    "leaf-no-subject-critical": ({"subjects": ("", "Issuing", "Root"), "leaf": (BARE,)}, 0, 0),
    "leaf-nothing": ({"subjects": ("", "Issuing", "Root"), "leaf": ()}, 62, 84),
    "leaf-length": ({"leaf": (*NAMES, LENGTH_ALONE)}, 0, 80),
    "leaf-no-subject-lists": (
        {"subjects": ("", "Issuing", "Root"), "leaf": (*NAMES, verdicts.key_usage("digital_signature", "crl_sign"))},
        0,
        84,
    ),
    "leaf-denied-signs": ({"leaf": (*NAMES, DENIED, SIGNS)}, 0, 82),
    "root-limited-no-usage": ({"root": ((x509.BasicConstraints(ca=True, path_length=1), True),)}, 0, 81),
    "issuing-no-constraints": ({"issuing": (USAGE,)}, 79, 79),
    "root-no-constraints": ({"root": (USAGE,)}, 0, 79),
    "root-nothing": ({"root": ()}, 79, 79),
    "issuing-denied": ({"issuing": (DENIED, USAGE)}, 79, 79),
    "issuing-cannot-sign": ({"issuing": (CONSTRAINTS, verdicts.key_usage("crl_sign"))}, 79, 79),
    "root-cannot-sign": ({"root": (CONSTRAINTS, verdicts.key_usage("crl_sign"))}, 79, 79),
    "leaf-signs": ({"leaf": (*NAMES, SIGNS)}, 0, 79),
    "leaf-is-authority": (
        {"leaf": (*NAMES, CONSTRAINTS, verdicts.key_usage("key_cert_sign", "digital_signature"))},
        0,
        0,
    ),
    "leaf-any": ({"leaf": (*NAMES, ANY)}, 26, 26),
    "leaf-sgc": ({"leaf": (*NAMES, SGC)}, 0, 0),
    "leaf-crl-sign": ({"leaf": (*NAMES, verdicts.key_usage("crl_sign"))}, 26, 26),
    "leaf-agrees": ({"leaf": (*NAMES, verdicts.key_usage("key_agreement"))}, 0, 0),
    "issuing-client": ({"issuing": (*RULES, CLIENT)}, 26, 26),
    "issuing-any": ({"issuing": (*RULES, ANY)}, 26, 26),
    "root-client": ({"root": (*RULES, CLIENT)}, 26, 26),
    "issuing-limited": ({"issuing": (LIMITED, USAGE)}, 0, 0),
    "root-limited": ({"root": (LIMITED, USAGE)}, 25, 25),
    "unknown-extension": ({"leaf": (*NAMES, CRITICAL_KEY)}, 34, 34),
}


@pytest.mark.parametrize("strict", [False, True], ids=["usual", "strict"])
@pytest.mark.parametrize(("changes", "usual", "strictly"), ROWS.values(), ids=ROWS)
def test_the_checks_agree_with_openssl(changes, usual, strictly, strict):
    """What OpenSSL refuses we explain, and what it accepts fails no check of ours."""
    leaf, top = verdicts.trio(**changes)
    policy = replace(POLICY, strict_rfc5280=strict)

    told = verdict(leaf, top, policy=policy)
    it = examined(leaf, top, policy=policy)
    findings = [finding for check in CHECKS for finding in check(it)]

    assert (told.code or 0) == (strictly if strict else usual)
    assert told.is_explained
    assert bool(findings) != told.trusted
    if told.code is not None and told.code >= 80:
        assert f"(code {told.code})" in told.findings[0].sentence
    if strictly >= 80 and not strict:
        assert any(f"(code {strictly})" in note for note in told.notes)
