"""The tables about trust, and what is in force by them."""

import pytest

from proxy.model.sites import TrustPolicy
from proxy.settings.keys import keys_of
from proxy.settings.trust_schema import CHECKS, SiteTrust, Trust, put_over


def test_a_site_has_the_keys_of_all():
    """A site's key is called like the one it replaces, and says nothing by default."""
    assert [key.name for key in keys_of(SiteTrust)] == [key.name for key in keys_of(Trust)]
    assert {key.default for key in keys_of(SiteTrust)} == {None}


def test_defaults_are_the_model_s():
    """A table without a key means what a policy without a word means."""
    for name in ("ca_files", "crl_files", "partial_chain", "strict_rfc5280", "min_tls_version", "client_cert"):
        assert getattr(Trust(), name) == getattr(TrustPolicy(), name)
    assert Trust().verify == CHECKS
    assert TrustPolicy().check_chain
    assert TrustPolicy().check_name
    assert TrustPolicy().check_expiry


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allow_internal_untrusted_certs", False),
        ("ca_files", ()),
        ("ca_mode", "only"),
        ("verify", ("name",)),
        ("pin_spki_sha256", ()),
        ("crl_files", ()),
        ("partial_chain", False),
        ("strict_rfc5280", False),
        ("min_tls_version", "1.0"),
        ("client_cert", ""),
    ],
)
def test_what_a_site_says_stands_in_place(name, value):
    """Also when it says none, false or empty."""
    trust = Trust(ca_files=("a",), pin_spki_sha256=("a",), crl_files=("a",), partial_chain=True, strict_rfc5280=True)

    assert getattr(put_over(trust, SiteTrust(**{name: value})), name) == value
    assert put_over(trust, SiteTrust()) == trust


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        (SiteTrust(), ("all.pem", "all.key")),
        (SiteTrust(client_cert="own.pem"), ("own.pem", "")),
        (SiteTrust(client_cert="own.pem", client_key="own.key"), ("own.pem", "own.key")),
        (SiteTrust(client_cert=""), ("", "")),
    ],
)
def test_certificate_and_key_of_the_client_are_one(site, expected):
    """A site's certificate is never put beside the key of another."""
    in_force = put_over(Trust(client_cert="all.pem", client_key="all.key"), site)

    assert (in_force.client_cert, in_force.client_key) == expected
