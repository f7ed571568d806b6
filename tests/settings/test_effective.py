"""The configuration in force, for people and programs."""

from dataclasses import replace

import pytest

from proxy.settings.effective import HIDDEN, list_effective, list_site_trust, render_toml, spell_toml, to_plain
from proxy.settings.keys import key_named, keys_of
from proxy.settings.parse import parse
from proxy.settings.resolve import to_topology
from proxy.settings.schema import Log
from proxy.settings.trust_schema import Trust

SITE_SWITCH = "CASPROXY_SITES__NEW_YORK__TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS"
TEXT = """\
[server]
name = "CAS01"
certificate = 'C:\\certs\\tls.pem'
certificates = [{ certificate = "b.pem", key = "b.key" }]
[timeouts]
connect = "250ms"
[[sites]]
name = "New York"
default = true
servers = ["https://cas01.ny.example/owa", { url = "https://cas02.ny.example", connect_to = "192.0.2.1:4" }]
  [sites.timeouts]
  response_head = "4m"
  [sites.routes."/owa/ev.owa".timeouts]
  tunnel_idle = "1s"
[[sites]]
name = "HQ"
hosts = ["hq.example"]
servers = ["https://cas01.hq.example/owa"]
"""


def read(text=TEXT, environment=None):
    """Parse a text."""
    return parse(text, environment or {}, {}, "a.toml")


def entries(**layers):
    """Give the entries by name."""
    return {each.name: each for each in list_effective(read(**layers))}


def test_what_is_printed_is_a_file_that_means_the_same():
    """The printed configuration can be saved and used; every policy, time and size is as before."""
    before = read(environment={SITE_SWITCH: "0"})
    after = read(render_toml(before, show_origin=True))

    assert before.settings.server == after.settings.server
    assert [
        (each.servers, each.timeouts, each.limits, each.routes, each.policy.name)
        for each in to_topology(before, {}).sites
    ] == [
        (each.servers, each.timeouts, each.limits, each.routes, each.policy.name)
        for each in to_topology(after, {}).sites
    ]


def test_every_value_tells_where_it_came_from():
    """With origins each line ends with the layer, the file with its line."""
    lines = render_toml(read(environment={SITE_SWITCH: "0"}), show_origin=True).splitlines()

    assert 'name = "CAS01"  # file a.toml:2' in lines
    assert f"allow_internal_untrusted_certs = 0  # environment {SITE_SWITCH}" in lines
    assert "allow_internal_untrusted_certs = 1  # default" in lines
    assert 'connect = "0.25s"  # file a.toml:6' not in lines
    assert 'connect = "250ms"  # file a.toml:6' in lines


def test_origins_are_left_out_unless_wanted():
    """Without origins there are no comments."""
    assert "#" not in render_toml(read(), show_origin=False)


@pytest.mark.parametrize(
    ("name", "value", "origin", "inherited"),
    [
        ('sites."New York".timeouts.response_head', "240s", "file a.toml:12", False),
        ('sites."New York".timeouts.connect', "250ms", "file a.toml:6", True),
        ('sites."New York".routes."/owa/ev.owa".timeouts.response_head', "240s", "file a.toml:12", True),
        ('sites."New York".routes."/owa/ev.owa".timeouts.body_progress', "60s", "default", True),
        ("sites.HQ.trust.allow_internal_untrusted_certs", 1, "default", True),
        ("sites.HQ.hosts", ["hq.example"], "file a.toml:17", False),
    ],
)
def test_inherited_values_are_shown_where_they_act(name, value, origin, inherited):
    """A site's key that is absent shows the value in force and where that came from."""
    entry = entries()[name]

    assert (value, origin, inherited) == (entry.value, str(entry.origin), entry.inherited)


def test_secrets_are_hidden():
    """A token is said to be set, and not shown in any form."""
    text = TEXT.replace("[timeouts]", 'admin_token = "geheim"\n[timeouts]')
    parsed = read(text)

    assert "geheim" not in render_toml(parsed, show_origin=True) + str(list_effective(parsed))
    assert f"# admin_token = {HIDDEN}  # file a.toml:5" in render_toml(parsed, show_origin=True).splitlines()
    assert "admin_token =" not in render_toml(read(), show_origin=True)


def test_plain_values():
    """The switch is written 0 or 1, other booleans as such; lists and texts as TOML has them."""
    assert to_plain(key_named(Trust, "allow_internal_untrusted_certs"), False) == 0
    assert to_plain(key_named(Log, "access"), False) is False
    assert spell_toml(['a"b', "c"]) == '["a\\"b", "c"]'
    with pytest.raises(TypeError):
        to_plain(key_named(Log, "access"), None)


PIN = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
TRUST = f"""\
[trust]
verify = ["chain", "expiry"]
pin_spki_sha256 = ["sha256/{PIN}"]
crl_files = ["a.crl.pem"]
partial_chain = true
client_cert = "all.pem"
client_key = "all.key"
[monitor]
interval = "0s"
"""


def test_every_key_about_trust_is_shown_with_its_origin():
    """Those of a site, too, with the value in force and the place that it comes from."""
    text = TRUST + TEXT.replace("[sites.timeouts]", '[sites.trust]\nverify = ["name", "chain"]\ncrl_files = []', 1)
    lines = render_toml(read(text.replace('response_head = "4m"\n', "\n")), show_origin=True).splitlines()

    trust, site = lines.index("[trust]"), lines.index("[sites.trust]")
    other = lines.index("[sites.trust]", site + 1)
    assert {line.partition(" ")[0] for line in lines[trust + 1 : lines.index("", trust)]} == {
        key.name for key in keys_of(Trust)
    }
    assert {"partial_chain = true  # file a.toml:5", 'min_tls_version = "1.2"  # default'} <= set(lines[trust:site])
    assert {'verify = ["name", "chain"]  # file a.toml:21', "crl_files = []  # file a.toml:22"} <= set(
        lines[site:other]
    )
    assert f'pin_spki_sha256 = ["sha256/{PIN}"]  # file a.toml:3' in lines[site:other]
    assert 'verify = ["chain", "expiry"]  # file a.toml:2' in lines[other:]
    assert {'interval = "0s"  # file a.toml:9', "expiry_warning = 21  # default"} <= set(lines)


@pytest.mark.parametrize(
    ("own", "pair"),
    [
        ("", [("all.pem", True), ("all.key", True)]),
        ('client_cert = "own.pem"', [("own.pem", False), ("", False)]),
        ('client_cert = ""', [("", False), ("", False)]),
        ('client_cert = "own.pem"\nclient_key = "own.key"', [("own.pem", False), ("own.key", False)]),
    ],
)
def test_a_client_s_key_is_not_inherited_beside_another_certificate(own, pair):
    """What is shown is what is in force; the printed file means the same."""
    parsed = read(TRUST + TEXT.replace("  [sites.timeouts]", f"  [sites.trust]\n{own}\n  [sites.timeouts]", 1))
    found = {each.name: each for each in list_effective(parsed)}
    shown = [found[f'sites."New York".trust.{name}'] for name in ("client_cert", "client_key")]

    assert [(each.value, each.inherited) for each in shown] == pair
    again = read(render_toml(parsed, show_origin=True))
    policies = [[replace(each.policy, source="") for each in to_topology(each, {}).sites] for each in (parsed, again)]
    assert policies[0] == policies[1]


def test_the_trust_of_a_site_with_its_origins():
    """Every key of its policy, its own and inherited ones, and none of another site."""
    parsed = read(environment={SITE_SWITCH: "0", "CASPROXY_TRUST__PARTIAL_CHAIN": "1"})
    found = {each.key.name: (each.value, each.origin.layer.value) for each in list_site_trust(parsed, "New York")}

    assert found["allow_internal_untrusted_certs"] == (0, "environment")
    assert found["partial_chain"] == (True, "environment")
    assert found["ca_mode"] == ("add", "default")
    assert set(found) == {key.name for key in keys_of(Trust)}
