"""The lab's table, the choice of faults, and the settings that follow from them."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.lab.toml import to_toml
from proxy.lab.topology import (
    ADMIN_PORT,
    LISTEN_PORT,
    REDIRECT_PORT,
    SITES,
    LabMistake,
    Places,
    choose_faults,
    default_settings,
    place,
)

PLACES = Places(
    listen=LISTEN_PORT,
    redirect=REDIRECT_PORT,
    admin=ADMIN_PORT,
    backends={site.name: site.port for site in SITES},
    folder=Path("certs/lab"),
)


def test_the_committed_settings_are_the_lab_s():
    """config/lab.toml is what the lab would write with the usual ports."""
    committed = tomllib.loads(Path("config/lab.toml").read_text())

    assert committed == place(default_settings(), PLACES, None)


def test_sites_have_the_faults_of_the_table_unless_told():
    """A choice changes one site, in any case."""
    assert choose_faults(["plant=GOOD"]) == {site.name: site.fault for site in SITES} | {"Plant": "good"}


@pytest.mark.parametrize(
    ("choice", "says"),
    [("Plant", "SITE=FAULT"), ("Plnt=good", "Did you mean Plant?"), ("Plant=expird", "Did you mean expired?")],
)
def test_a_mistake_is_told_with_the_nearest_word(choice, says):
    """Unknown sites and faults name what there is."""
    with pytest.raises(LabMistake, match=says.replace("?", "\\?")):
        choose_faults([choice])


@pytest.mark.parametrize(("allow", "expected"), [(0, 0), (1, 1), (None, None)])
def test_the_switch_is_set_or_left_absent(allow, expected):
    """Absent stays absent: that is Exchange 2010's default."""
    trust = place(default_settings(), PLACES, allow)["trust"]

    assert trust.get("allow_internal_untrusted_certs") == expected


def test_a_fault_s_needs_go_into_its_site_s_trust():
    """Lists, anchors and policy stand in the table of the site that has the fault; other keys and sites stay."""
    needs = {"crl_files": ["certs/lab/branch.crl.pem"], "strict_rfc5280": True}
    base = default_settings()
    base["sites"][1]["trust"] = {"allow_internal_untrusted_certs": 1}

    tables = place(base, replace(PLACES, trust={"Branch": needs, "Plant": {}}), 0)

    branch = {"allow_internal_untrusted_certs": 1} | needs
    assert [site.get("trust") for site in tables["sites"]] == [None, branch, None, None, None]
    assert tomllib.loads(to_toml(tables)) == tables
    assert base["sites"][1]["trust"] == {"allow_internal_untrusted_certs": 1}
