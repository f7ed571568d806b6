"""Settings become the values that the other rooms hold."""

from dataclasses import replace

import pytest

from proxy.model.limits import Limits, Timeouts
from proxy.model.sites import CaMode, Server, TrustPolicy
from proxy.settings.parse import parse
from proxy.settings.resolve import (
    fold_path,
    is_default_switch,
    name_first_server,
    to_limits,
    to_timeouts,
    to_topology,
)

TEXT = """\
[server]
name = "CAS01"
certificate = "tls.pem"
[timeouts]
connect = "3s"
[[sites]]
name = "HQ"
default = true
servers = ["https://CAS01.hq.example/owa"]
[[sites]]
name = "Branch"
hosts = ["Branch.Example"]
paths = ["/Branch/"]
preserve_host = true
servers = [
  "https://[2001:db8::1]:8443/owa",
  { url = "https://cas03.branch.example/owa", connect_to = "192.0.2.3", tls_name = "Other.Example" },
]
  [sites.trust]
  ca_files = ["branch.pem"]
  ca_mode = "only"
  [sites.timeouts]
  response_head = "4m"
  [sites.limits]
  body_bytes = 0
  [sites.routes."/owa/a".timeouts]
  tunnel_idle = "1s"
  [sites.routes."/OWA/ev.owa/".timeouts]
  response_head = "10m"
"""


def topology(text=TEXT, environment=None, flags=None, generations=None):
    """Resolve a text."""
    return to_topology(parse(text, environment or {}, flags or {}, "a.toml"), generations or {})


def test_servers_know_what_to_dial_and_what_to_verify():
    """Host, port, dialled address and verified name come from the URL unless they are set."""
    one, two = topology().sites[1].servers

    assert one == Server(
        site="Branch",
        url="https://[2001:db8::1]:8443/owa",
        host="2001:db8::1",
        port=8443,
        connect_host="2001:db8::1",
        connect_port=8443,
        tls_name="2001:db8::1",
    )
    assert (two.connect_host, two.connect_port, two.tls_name) == ("192.0.2.3", 443, "other.example")


def test_overrides_apply_key_by_key():
    """A route's key wins over the site's, the site's over the table's; all others stay."""
    hq, branch = topology().sites

    assert Timeouts(connect=3.0) == hq.timeouts
    assert Timeouts(connect=3.0, response_head=240.0) == branch.timeouts
    assert (Limits(), Limits(body_bytes=0)) == (hq.limits, branch.limits)
    assert [route.prefix for route in branch.routes] == ["/owa/ev.owa", "/owa/a"]
    assert Timeouts(connect=3.0, response_head=600.0) == branch.routes[0].timeouts
    assert Timeouts(connect=3.0, response_head=240.0, tunnel_idle=1.0) == branch.routes[1].timeouts
    assert Limits(body_bytes=0) == branch.routes[0].limits


def test_names_and_paths_are_folded():
    """Hosts and paths are compared in lower case."""
    branch = topology().sites[1]

    assert (branch.hosts, branch.paths, branch.preserve_host) == (("branch.example",), ("/branch",), True)
    assert fold_path("/A/b/") == "/a/b"


def test_where_users_of_a_site_are_sent_arrives():
    """Own site, ExternalURL, how browsers are sent there, and the address of old mailboxes are carried as written."""
    keys = 'own = true\nexternal_url = "https://mail.hq.example/owa"\nredirect = "silent"\ncompat = "exchange2010"\n'
    text = TEXT.replace("default = true\n", keys + 'legacy_url = "https://old.hq.example/exchange"\n')
    for key in ('hosts = ["Branch.Example"]\n', 'paths = ["/Branch/"]\n'):
        text = text.replace(key, "")
    provider = '[directory]\nprovider = "file"\nusers_file = "users.toml"\n[session]\nkey_file = "keys"\n'
    hq, branch = topology(text + provider).sites

    assert (hq.own, hq.external_url, hq.redirect) == (True, "https://mail.hq.example/owa", "silent")
    assert (hq.legacy_url, hq.compat, branch.compat) == ("https://old.hq.example/exchange", "exchange2010", "")
    assert (branch.own, branch.external_url, branch.redirect, branch.legacy_url) == (False, "", "manual", "")


def test_trust_of_a_site_replaces_key_by_key():
    """What a site says stands in place of the same key of [trust]; the rest is as there."""
    hq, branch = topology(TEXT + '[trust]\nca_files = ["all.pem"]\nallow_internal_untrusted_certs = 0').sites

    assert (hq.policy.ca_files, hq.policy.ca_mode, hq.policy.allow_untrusted) == (("all.pem",), CaMode.ADD, False)
    assert (
        branch.policy.ca_files,
        branch.policy.ca_mode,
        branch.policy.allow_untrusted,
    ) == (("branch.pem",), CaMode.ONLY, False)


PIN = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
DEMANDS = f"""\
[trust]
verify = ["expiry", "chain"]
pin_spki_sha256 = ["sha256/{PIN}"]
crl_files = ["all.crl.pem"]
partial_chain = true
strict_rfc5280 = true
min_tls_version = "1.3"
client_cert = "all.pem"
client_key = "all.key"
"""


def test_every_demand_arrives_in_the_policy():
    """Each key of [trust] is carried to the sites; a pin in the spelling by which keys are compared."""
    policy = topology(TEXT + DEMANDS).sites[0].policy

    assert policy == TrustPolicy(
        check_name=False,
        pins=(PIN,),
        crl_files=("all.crl.pem",),
        partial_chain=True,
        strict_rfc5280=True,
        min_tls_version="1.3",
        client_cert="all.pem",
        client_key="all.key",
        generation=1,
    )


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ('verify = ["chain", "name", "expiry"]', {"check_name": True}),
        (
            'verify = ["name"]\ncrl_files = []\nstrict_rfc5280 = false',
            {"check_name": True, "check_chain": False, "check_expiry": False, "crl_files": (), "strict_rfc5280": False},
        ),
        ("pin_spki_sha256 = []", {"pins": ()}),
        ('crl_files = ["own.crl"]', {"crl_files": ("own.crl",)}),
        ("partial_chain = false", {"partial_chain": False}),
        ("strict_rfc5280 = false", {"strict_rfc5280": False}),
        ('min_tls_version = "1.0"', {"min_tls_version": "1.0"}),
        ('client_cert = "own.pem"', {"client_cert": "own.pem", "client_key": ""}),
        ('client_cert = ""', {"client_cert": "", "client_key": ""}),
        ('client_cert = "own.pem"\nclient_key = "own.key"', {"client_cert": "own.pem", "client_key": "own.key"}),
    ],
)  # fmt: skip
def test_every_demand_can_be_another_for_a_site(key, expected):
    """A site's key stands in place of the same of [trust], also to lift it; no other key changes."""
    plain, changed = (
        topology(DEMANDS + text).sites[1].policy
        for text in (TEXT, TEXT.replace('  ca_files = ["branch.pem"]\n  ca_mode = "only"\n', key + "\n"))
    )
    base = replace(plain, ca_files=(), ca_mode=CaMode.ADD)

    assert changed == replace(base, **expected)


SITE_SWITCH = "CASPROXY_SITES__BRANCH__TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS"
SWITCH = "CASPROXY_TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS"


@pytest.mark.parametrize(
    ("text", "environment", "flags", "allow", "source"),
    [
        (TEXT, {}, {}, True, "default"),
        (TEXT + "[trust]\nAllowInternalUntrustedCerts = 0", {}, {}, False, "trust"),
        (TEXT + "[trust]\nallow_internal_untrusted_certs = 1", {}, {}, True, "trust"),
        (TEXT.replace("ca_mode", "allow_internal_untrusted_certs = 0\nca_mode"), {}, {}, False, "sites.Branch.trust"),
        (TEXT, {SWITCH: "0"}, {}, False, SWITCH),
        (TEXT, {SITE_SWITCH: "0"}, {}, False, SITE_SWITCH),
        (TEXT, {SWITCH: "0"}, {"trust.allow_internal_untrusted_certs": "1"}, True, "--allow"),
        (TEXT, {SITE_SWITCH: "0"}, {"trust.allow_internal_untrusted_certs": "1"}, False, SITE_SWITCH),
    ],
)
def test_policy_says_where_the_switch_came_from(text, environment, flags, allow, source):
    """The source is a table, a variable, a flag, or `default`; the site's own word wins over the general one."""
    policy = topology(text, environment, flags).sites[1].policy

    assert (allow, source) == (policy.allow_untrusted, policy.source)


def test_absence_of_the_switch_is_known():
    """A warning is due as long as some site takes the default."""
    assert is_default_switch(topology())
    assert is_default_switch(topology(environment={SITE_SWITCH: "0"}))
    assert not is_default_switch(topology(environment={SWITCH: "1"}))


def test_no_two_policies_share_a_number():
    """Given numbers are kept; a site without one gets its own, above all others."""
    assert [each.policy.generation for each in topology().sites] == [1, 2]
    assert [each.policy.generation for each in topology(generations={"Branch": 7}).sites] == [8, 7]


def test_times_and_sizes_without_sites():
    """The tables alone give what holds before a site is known."""
    settings = parse(TEXT, {}, {}, "a.toml").settings

    assert (Timeouts(connect=3.0), Limits()) == (to_timeouts(settings.timeouts), to_limits(settings.limits))


@pytest.mark.parametrize(
    ("host", "name"),
    [("cas01.hq.example", "cas01.hq.example"), ("my host!", "my-host"), ("", "casproxy"), ("ä", "casproxy")],
)
def test_the_machine_gives_its_name_where_none_is_set(host, name):
    """The name is made fit to stand in a header; a name that is set is kept."""
    unnamed = parse(TEXT.replace('name = "CAS01"', ""), {}, {}, "a.toml").settings

    assert name == name_first_server(unnamed, host).server.name
    assert name_first_server(parse(TEXT, {}, {}, "a.toml").settings, host).server.name == "CAS01"
