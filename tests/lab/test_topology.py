"""The lab's table, the choice of faults, and the settings that follow from them."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.lab.sign_in import ALL_SITES
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
    """config/lab.toml is what the lab would write without sign-in, with the usual ports."""
    committed = tomllib.loads(Path("config/lab.toml").read_text())

    assert committed == place(default_settings(), PLACES, None)


def test_sites_have_the_faults_of_the_table_unless_told():
    """A choice changes one site, in any case."""
    assert choose_faults(["plant=GOOD"]) == {site.name: site.fault for site in SITES} | {"Plant": "good"}


def test_a_choice_may_be_among_other_sites():
    """The sites that are there with users can be chosen, and a site with two servers once."""
    assert choose_faults(["remote=expired"], ALL_SITES)["Remote"] == "expired"
    assert list(choose_faults([], ALL_SITES)) == ["HQ", "Branch", "Plant", "Warehouse", "Depot", "Vault", "Remote"]


def test_servers_of_one_site_are_told_apart():
    """By label, and by the names of their files."""
    labels = {(site.label, site.file_stem) for site in ALL_SITES if site.name == "Branch"}

    assert labels == {("Branch", "branch"), ("Branch 2", "branch-2")}


def test_each_server_of_a_site_is_dialled_where_it_is():
    """One that is nowhere keeps its address."""
    base = {"sites": [{"name": "Branch", "servers": ["https://a/owa", "https://b/owa", "https://c/owa"]}]}

    tables = place(base, replace(PLACES, backends={"Branch": 1, "Branch 2": 2}), 0)

    dialled = [{"url": f"https://{name}/owa", "connect_to": f"127.0.0.1:{port}"} for name, port in (("a", 1), ("b", 2))]
    assert tables["sites"][0]["servers"] == [*dialled, "https://c/owa"]


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
