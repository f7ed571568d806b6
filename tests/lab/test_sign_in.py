"""The settings of the two proxies hold what signing in needs, and load without a doubt about users or sites."""

from pathlib import Path

import pytest

from proxy.lab.run import Lab
from proxy.lab.sign_in import ALL_SITES, SECOND_FRONT, Second, first_settings, second_settings
from proxy.lab.toml import to_toml
from proxy.lab.topology import Places
from proxy.lab.users import USERS, write_users
from proxy.service.load import load

PLACES = Places(listen=1, redirect=2, admin=3, backends={site.label: site.port for site in ALL_SITES}, folder=Path("f"))
SECOND = Second(listen=4, admin=5, folder=Path("f/second"))


def test_only_the_mailbox_chooses_a_site():
    """No hosts, no paths, no default; HQ is the first proxy's own, Remote the second's."""
    first, second = first_settings(PLACES, SECOND, 1), second_settings(PLACES, SECOND, 1)

    for tables in (first, second):
        assert all(not {"hosts", "paths", "default"} & set(site) for site in tables["sites"])
        assert tables["log"] == {"user": "plain"}
    assert [[site["name"] for site in tables["sites"] if site.get("own")] for tables in (first, second)] == [
        ["HQ"],
        ["Remote"],
    ]


def test_branch_has_two_servers():
    """Each is dialled at its own port."""
    branch = next(site for site in first_settings(PLACES, SECOND, 1)["sites"] if site["name"] == "Branch")

    assert branch["servers"] == [
        {"url": "https://cas02.branch.lab.localhost/owa", "connect_to": "127.0.0.1:9442"},
        {"url": "https://cas07.branch.lab.localhost/owa", "connect_to": "127.0.0.1:9446"},
    ]


def test_each_proxy_knows_the_address_of_the_other():
    """The first sends on at once, under another host name; the second shows a link."""
    first, second = first_settings(PLACES, SECOND, 1), second_settings(PLACES, SECOND, 1)

    assert first["sites"][-2] == {
        "name": "Remote",
        "external_url": "https://remote.localhost:4/owa",
        "redirect": "silent",
    }
    assert {site.get("external_url") for site in second["sites"][1:]} == {"https://localhost:1/owa"}
    assert first["session"] == second["session"]
    assert first["server"]["state_dir"] != second["server"]["state_dir"]


def test_vault_wants_to_be_told_who_signed_in():
    """As servers of Exchange 2010 do."""
    sites = {site["name"]: site for site in first_settings(PLACES, SECOND, 1)["sites"]}

    assert [name for name, site in sites.items() if site.get("compat") == "exchange2010"] == ["Vault"]


def test_a_server_without_tls_is_named_and_dialled_nowhere():
    """Only for its event."""
    sites = first_settings(PLACES, SECOND, 1)["sites"]

    assert sites[-1] == {"name": "Cellar", "servers": [{"url": "http://cas08.cellar.lab.localhost/owa"}]}


@pytest.mark.parametrize("allow", [0, 1, None])
async def test_both_can_be_loaded(tmp_path, allow):
    """As they stand, with files and users, and no warning but those about what 1 means and about Cellar."""
    free = {site.label: 0 for site in ALL_SITES}
    async with Lab(tmp_path, ALL_SITES, ports=free, more=[SECOND_FRONT]) as lab:
        write_users(tmp_path)
        places = Places(listen=1, redirect=2, admin=3, backends=lab.ports, folder=tmp_path, trust=lab.trust)
        second = Second(listen=4, admin=5, folder=tmp_path / "second")
        second.folder.mkdir()
        for file, tables in (
            (places.settings, first_settings(places, second, allow)),
            (second.settings, second_settings(places, second, allow)),
        ):
            file.write_text(to_toml(tables))
            loaded = load(file, {}, {})

            assert {user.site for user in USERS if user.site} <= {site.name for site in loaded.topology.sites}
            doubted = {"sites.Cellar.servers[0].url"} if file == places.settings else set()
            doubted |= set() if allow == 0 else {"trust.ca_files", "directory.provider"}
            assert {warning.name for warning in loaded.warnings} == doubted
