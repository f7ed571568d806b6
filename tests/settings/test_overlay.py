"""Which keys variables and flags set."""

import pytest

from proxy.settings.keys import key_at
from proxy.settings.overlay import FLAGS, overlay_environment, overlay_flags, variable_part
from proxy.settings.schema import Settings

SITES = ["HQ", "New York", "", "a-b", "a_b"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("CASPROXY_CONFIG_VERSION", ("config_version",)),
        ("CASPROXY_SERVER__LISTEN", ("server", "listen")),
        ("CASPROXY_SERVER__ADMIN_TOKEN_FILE", ("server", "admin_token_file")),
        ("CASPROXY_TRUST__ALLOWINTERNALUNTRUSTEDCERTS", ("trust", "allow_internal_untrusted_certs")),
        ("CASPROXY_SITES__HQ__TRUST__CA_MODE", ("sites", 0, "trust", "ca_mode")),
        ("CASPROXY_SITES__NEW_YORK__SERVERS", ("sites", 1, "servers")),
    ],
)
def test_variables_are_found(name, path):
    """Tables, second spellings and sites by name are reached."""
    overlay, problems = overlay_environment({name: "x"}, SITES)

    assert ([path], []) == (list(overlay), problems)
    assert str(overlay[path].origin) == f"environment {name}"


@pytest.mark.parametrize(
    "name",
    ["CASPROXY_CONFIG", "PATH", "CASPROXYX", "CASPROXY_SERVICE_HOST", "CASPROXY_SERVICE_PORT_HTTPS", "CASPROXY_PORT",
     "CASPROXY_PORT_8443_TCP_ADDR"],
)  # fmt: skip
def test_variables_of_others_are_passed_over(name):
    """The file's own variable and those that Kubernetes sets for a service of that name are no settings."""
    assert overlay_environment({name: "x"}, SITES) == ({}, [])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CASPROXY_SERVER__LISTN", "Did you mean CASPROXY_SERVER__LISTEN?"),
        ("CASPROXY_SITES__HO__SERVERS", "Did you mean CASPROXY_SITES__HQ__SERVERS?"),
        ("CASPROXY_SERVER", "No setting has this name."),
        ("CASPROXY_", "No setting has this name."),
        ("CASPROXY_server__listen", "Did you mean CASPROXY_SERVER__LISTEN?"),
        ("CASPROXY_SERVER__CERTIFICATES", "No setting has this name."),
        ("CASPROXY_SITES__A_B__SERVERS", "More than one site answers to this name"),
    ],
)
def test_unknown_variables_are_refused(name, words):
    """A variable that would set nothing is a mistake."""
    overlay, (problem,) = overlay_environment({name: "x"}, SITES)

    assert not overlay
    assert words in str(problem)


def test_both_spellings_as_variables_are_refused():
    """Two variables for one key contradict each other, sooner or later."""
    variables = {"CASPROXY_TRUST__ALLOWINTERNALUNTRUSTEDCERTS": "0",
                 "CASPROXY_TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS": "0"}  # fmt: skip
    _, (problem,) = overlay_environment(variables, SITES)

    assert "This is the same key as" in str(problem)


@pytest.mark.parametrize(("flag", "dotted"), FLAGS.items())
def test_every_flag_sets_a_key(flag, dotted):
    """The table of flags names keys that exist."""
    overlay, problems = overlay_flags({dotted: "x"}, [])

    ((path, overlaid),) = overlay.items()
    assert not problems
    assert str(overlaid.origin) == f"flag {flag}"
    assert key_at(Settings, path).is_leaf


def test_flags_reach_sites_by_name():
    """Commands may set any key of a site."""
    overlay, problems = overlay_flags({"sites.New York.trust.allow_internal_untrusted_certs": 0}, SITES)

    assert (list(overlay), problems) == ([("sites", 1, "trust", "allow_internal_untrusted_certs")], [])


def test_unknown_flags_are_refused():
    """A key that does not exist is not set in silence."""
    _, (problem,) = overlay_flags({"server.listn": "x"}, SITES)

    assert str(problem) == "flag --server-listn: server.listn: No setting has this name. Did you mean server.listen?"


def test_parts_of_variables():
    """A site's name becomes upper case letters, digits and underscores."""
    assert variable_part("New-York 2") == "NEW_YORK_2"
