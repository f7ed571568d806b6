"""What the lab says is true of the lab that runs."""

import json
from functools import partial

from proxy.cli.lab_talk import introduce, summarize
from proxy.lab.run import Lab
from proxy.lab.sign_in import ALL_SITES, SECOND_FRONT, Second, first_settings
from proxy.lab.toml import to_toml
from proxy.lab.topology import SITES, Places, default_settings, place
from proxy.lab.users import USERS, write_users
from proxy.service.build import Outlets
from proxy.service.load import load
from proxy.service.single import Single


def make_proxy(places: Places) -> Single:
    """Make the lab's first proxy; its events go nowhere."""
    read = partial(load, str(places.settings), {}, {})
    return Single(read(), read, Outlets(emit=lambda _event: None, record_access=None))


async def test_with_users_people_and_scripts_are_told_who_may_sign_in(tmp_path):
    """Names, what happens to each under 1 and 0, the second proxy, and a command that signs in."""
    async with Lab(tmp_path, ALL_SITES, ports={site.label: 0 for site in ALL_SITES}, more=[SECOND_FRONT]) as lab:
        places = Places(listen=0, redirect=0, admin=0, backends=lab.ports, folder=tmp_path, trust=lab.trust)
        second = Second(listen=4, admin=5, folder=tmp_path / "second")
        write_users(tmp_path)
        places.settings.write_text(to_toml(first_settings(places, second, 1)))
        proxy = make_proxy(places)
        await proxy.start()
        try:
            text, summary = introduce(proxy, lab, places, second), summarize(proxy, lab, places, second)
        finally:
            await proxy.stop()

    assert summary["url"] in text
    assert second.url in text
    assert "owa/auth.owa" in text
    assert [user["name"] for user in summary["users"]] == [user.name for user in USERS]
    assert summary["second"] | {"name": "CAS20", "url": "https://remote.localhost:4/owa/"} == summary["second"]
    assert {site["url"] for site in summary["sites"]} == {summary["url"], summary["second"]["url"]}
    assert [site["servers"] for site in summary["sites"] if site["name"] == "Branch"] == [
        ["cas02.branch.lab.localhost", "cas07.branch.lab.localhost"]
    ]
    assert json.loads(json.dumps(summary)) == summary


async def test_what_is_said_names_every_site_and_its_fault(tmp_path):
    """People and scripts are told the same addresses, faults and files."""
    async with Lab(tmp_path, ports={site.name: 0 for site in SITES}) as lab:
        places = Places(listen=0, redirect=0, admin=0, backends=lab.ports, folder=tmp_path)
        places.settings.write_text(to_toml(place(default_settings(), places, 0)))
        proxy = make_proxy(places)
        await proxy.start()
        try:
            text, summary = introduce(proxy, lab, places), summarize(proxy, lab, places)
        finally:
            await proxy.stop()

    assert summary["users"] == []
    assert summary["second"] is None
    assert "AllowInternalUntrustedCerts is 0." in text
    assert f"casproxy trust set 0 --config {places.settings}\n" in text
    assert summary["admin_token_file"] in text
    assert all(site["url"] in text for site in summary["sites"])
    assert [site["reason"] for site in summary["sites"]] == [
        "",
        "self_signed",
        "expired",
        "name_mismatch",
        "missing_intermediate",
    ]
    assert json.loads(json.dumps(summary)) == summary
    assert str(places.authority) in text
