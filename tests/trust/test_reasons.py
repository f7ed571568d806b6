"""Promises of the table of reasons."""

import pytest

from proxy.trust.reasons import REASONS, Reason, describe, reason_named, reason_of

CODES = {
    2: "trusted_intermediate_only",
    3: "crl_missing",
    9: "not_yet_valid",
    10: "expired",
    12: "crl_expired",
    18: "self_signed",
    19: "untrusted_root",
    20: "unknown_issuer",
    21: "unknown_issuer",
    23: "revoked",
    24: "ca_misuse",
    25: "path_length",
    26: "wrong_purpose",
    34: "unknown_extension",
    47: "name_constraint",
    48: "name_constraint",
    62: "name_mismatch",
    64: "name_mismatch",
    66: "weak_key",
    67: "weak_key",
    68: "weak_signature",
    79: "ca_misuse",
    85: "not_rfc5280",
    92: "not_rfc5280",
}


@pytest.mark.parametrize(("code", "reason"), CODES.items())
def test_code_chooses_the_reason(code, reason):
    """OpenSSL's number, and nothing else, chooses the word."""
    assert reason_of(code).value == reason


@pytest.mark.parametrize("code", [-1, 0, 1, 7, 22, 65, 95, 10_000])
def test_other_codes_are_other(code):
    """The list is closed: a code nobody foresaw has a reason all the same."""
    assert reason_of(code) is Reason.OTHER


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.value)
def test_every_reason_has_words(reason):
    """Each reason says why and what to do, in whole sentences."""
    entry = describe(reason)

    assert entry.sentence.endswith(".")
    assert entry.cure.endswith(".")
    assert entry.error_type in {"tls_certificate_error", "tls_protocol_error", "tls_alert_received"}


def test_no_code_has_two_reasons():
    """The table is a function."""
    codes = [code for entry in REASONS.values() for code in entry.codes]

    assert len(codes) == len(set(codes))


def test_the_vocabulary_is_closed():
    """Metrics stay bounded: these words and no others."""
    words = (
        "self_signed untrusted_root unknown_issuer missing_intermediate private_ca trusted_intermediate_only expired "
        "not_yet_valid name_mismatch wrong_purpose ca_misuse path_length name_constraint unknown_extension weak_key "
        "weak_signature revoked crl_missing crl_expired not_rfc5280 pin_mismatch not_tls tls_version tls_alert other"
    )

    assert words.split() == [reason.value for reason in Reason]


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (Reason.NOT_TLS, "tls_protocol_error"),
        (Reason.TLS_VERSION, "tls_protocol_error"),
        (Reason.TLS_ALERT, "tls_alert_received"),
        (Reason.PIN_MISMATCH, "tls_certificate_error"),
        (Reason.OTHER, "tls_certificate_error"),
    ],
)
def test_proxy_error_type(reason, error):
    """What is no matter of trust has another error type of RFC 9209."""
    assert REASONS[reason].error_type == error


@pytest.mark.parametrize(
    ("name", "reason"), [("expired", Reason.EXPIRED), ("nonsense", Reason.OTHER), ("", Reason.OTHER)]
)
def test_reason_named(name, reason):
    """A label finds its reason, and an unknown one is OTHER."""
    assert reason_named(name) is reason
