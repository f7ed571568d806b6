"""What is said about trust at start: each site, what they share, and what will hardly be meant."""

import pytest

from proxy.certkit.authority import Authority
from proxy.events.throttle import key_of
from proxy.service.load import Loaded, load
from proxy.service.policy_talk import doubts_of, policies_of, policy_sentence

SITE = '[[sites]]\nname = "{}"\nhosts = ["{}.example"]\nservers = ["https://cas.{}.example/owa"]\n'


@pytest.fixture
def read(tmp_path):
    """Load settings with two sites; lines go into [trust] and into the second site's."""
    authority = Authority.create("Any")
    authority.issue("localhost").write(tmp_path, "front")
    (tmp_path / "ca.pem").write_bytes(authority.certificate_pem)

    def make(general: str = "", own: str = "", environment: dict[str, str] | None = None) -> Loaded:
        file = tmp_path / "a.toml"
        server = f'[server]\nname = "CAS01"\ncertificate = "{tmp_path}/front.pem"\nkey = "{tmp_path}/front.key.pem"\n'
        sites = f"{SITE.format('HQ', 'hq', 'hq')}{SITE.format('Branch', 'b', 'b')}"
        general = general.replace("CA", f"{tmp_path}/ca.pem")
        file.write_text(f"{server}[trust]\n{general}\n{sites}[sites.trust]\n{own}\n")
        return load(str(file), environment or {}, {})

    return make


def test_the_switch_of_each_site_is_told_with_its_source(read):
    """Where nothing else was set, nothing else is said."""
    loaded = read("", "allow_internal_untrusted_certs = 0")

    assert policies_of(loaded) == [("HQ", "allow (default)"), ("Branch", "enforce (sites.Branch.trust)")]
    assert policy_sentence(loaded) == "Trust policy: HQ: allow (default), Branch: enforce (sites.Branch.trust)."


def test_further_keys_are_told_where_they_stand(read):
    """What all share once, what a site has beside the site; each with its place."""
    loaded = read(
        'allow_internal_untrusted_certs = 0\nca_files = ["CA"]',
        "partial_chain = true",
        {"CASPROXY_TRUST__STRICT_RFC5280": "1"},
    )

    assert policy_sentence(loaded) == (
        "Trust policy: HQ: enforce (trust), Branch: enforce (trust), partial_chain (a.toml:17). "
        "For all: ca_files (a.toml:7), strict_rfc5280 (CASPROXY_TRUST__STRICT_RFC5280)."
    )


def test_what_will_hardly_be_meant_is_an_event_each(read):
    """Warnings of the settings, and old versions of TLS for each site that allows them."""
    loaded = read("allow_internal_untrusted_certs = 0", 'min_tls_version = "1.1"')
    doubts = list(doubts_of(loaded))

    assert [event.note for event in doubts if event.id == 1017] == [str(each) for each in loaded.warnings]
    assert [event.parameters for event in doubts if event.id == 1024] == [("CAS01", "Branch", "1.1")]


def test_each_doubt_is_told_by_itself(read):
    """Two doubts differ in their setting, so that neither is held back as a repeat of the other."""
    loaded = read("", 'min_tls_version = "1.0"\nstrict_rfc5280 = true')
    doubts = [event for event in doubts_of(loaded) if event.id == 1017]

    assert len({key_of(event) for event in doubts}) == len(doubts) > 1
