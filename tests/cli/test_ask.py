"""Asking the running proxy how servers stand, and looking at them when there is none."""

import json
from dataclasses import replace

import pytest

from proxy.cli.ask import ask_proxy, is_trusted, plain_policy, reasons, standing_of
from proxy.service.load import load
from tests.admin_double import admin_listener


@pytest.fixture
def loaded(sites, tmp_path):
    """Load the lab's settings with an admin listener at an address."""

    def with_admin(address: str):
        file = tmp_path / "lab.toml"
        name = sites.settings(file, 0)
        file.write_text(file.read_text().replace('admin = "127.0.0.1:0"', f'admin = "{address}"'))
        return load(name, {}, {})

    return with_admin


def told(site: str, *, trusted: bool) -> dict[str, object]:
    """Make what the admin API says of a server."""
    return {"site": site, "server": "x", "fault": "", "verdict": {"trusted": trusted, "reason": "", "findings": []}}


def test_the_proxy_tells_of_the_site_alone(loaded):
    """Servers of other sites, and those it has not looked at yet, are left out."""
    unknown = {**told("Plant", trusted=True), "verdict": None}
    body = {"verdicts": [told("HQ", trusted=True), told("Plant", trusted=False), unknown]}
    with admin_listener(200, json.dumps(body).encode()) as (address, _):
        answer = ask_proxy(loaded(address), "Plant")

    assert answer is not None
    assert answer.servers == [told("Plant", trusted=False)]
    assert address in answer.source


@pytest.mark.parametrize("body", [b'{"verdicts": [1]}', b'{"verdicts": null}', b'{"verdicts": [{}]}', b"\xff", b"7"])
def test_nonsense_is_no_answer(loaded, body):
    """Whoever answers at the address, the command goes on."""
    with admin_listener(200, body) as (address, _):
        assert ask_proxy(loaded(address), "HQ") is None


def test_without_a_proxy_the_servers_are_looked_at(loaded):
    """Under switch 0, now."""
    settings = loaded("127.0.0.1:1")
    plant = next(site for site in settings.topology.sites if site.name == "Plant")
    answer = standing_of(settings, plant, "test")

    assert [is_trusted(each) for each in answer.servers] == [False]
    assert answer.source.startswith("looked at now")
    assert " why " in "\n".join(reasons(answer.servers[0]["verdict"]))


def test_it_is_told_whose_certificate_a_server_shows(loaded, sites):
    """Also when it is that of another site, whose own servers are not looked at."""
    settings = loaded("127.0.0.1:1")
    plant = next(site for site in settings.topology.sites if site.name == "Plant")
    astray = replace(plant, servers=(replace(plant.servers[0], connect_port=sites.places.backends["HQ"]),))
    others = tuple(site for site in settings.topology.sites if site.name != "Plant")
    settings = replace(settings, topology=replace(settings.topology, sites=(*others, astray)))
    (server,) = standing_of(settings, astray, "test").servers

    assert server["site"] == "Plant"
    text = " ".join(" ".join(reasons(server["verdict"])).split())
    assert "This is the certificate of cas03.hq.lab.localhost, of the site HQ" in text


def test_a_fault_is_no_verdict():
    """A server that could not be looked at is neither trusted nor untrusted, whatever was known before."""
    assert is_trusted({**told("HQ", trusted=True), "fault": "It does not answer."}) is None
    assert is_trusted({**told("HQ", trusted=True), "verdict": None}) is None


def test_the_policy_has_its_origins(loaded):
    """Each key with its value and who set it."""
    settings = loaded("127.0.0.1:1")
    policy = plain_policy(settings, settings.topology.sites[0])

    assert policy["allow_internal_untrusted_certs"]["value"] == 0
    assert "lab.toml" in policy["allow_internal_untrusted_certs"]["origin"]
