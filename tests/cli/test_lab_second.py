"""The second proxy runs beside another one, and reads its settings anew when asked."""

import json

import pytest

from proxy.cli.lab_second import SecondProxy
from proxy.lab.run import Lab
from proxy.lab.sign_in import REMOTE, SECOND_FRONT, Second, second_settings
from proxy.lab.toml import to_toml
from proxy.lab.topology import Places
from proxy.lab.users import write_users
from proxy.service.policy_talk import policies_of
from proxy.settings.problems import SettingsInvalid


@pytest.fixture
async def second(tmp_path):
    """Give a place with everything that the second proxy needs; whatever port is free."""
    write_users(tmp_path)
    async with Lab(tmp_path, (REMOTE,), ports={"Remote": 0}, more=[SECOND_FRONT]) as lab:
        places = Places(listen=1, redirect=2, admin=3, backends=lab.ports, folder=tmp_path)
        made = Second(listen=0, admin=0, folder=tmp_path / "second")
        made.folder.mkdir()
        made.settings.write_text(to_toml(second_settings(places, made, 1)))
        yield made


def _codes(text: str) -> list[tuple[str, str]]:
    events = [json.loads(line) for line in text.splitlines()]
    return [(event["event.code"], event["winlog.computer_name"]) for event in events]


async def test_it_serves_under_its_own_name(second, capfd):
    """Its events go to standard error and name it; addresses in the environment are not for it."""
    environment = {"CASPROXY_SERVER__LISTEN": "192.0.2.1:1", "CASPROXY_SERVER__NAME": "CAS99"}
    async with SecondProxy(second, environment, "127.0.0.1:8443", colour=False) as proxy:
        assert proxy.proxy.state.is_ready()
        assert proxy.proxy.sockets.https_addresses[0][0] == "127.0.0.1"

    codes = _codes(capfd.readouterr().err)
    assert {name for _, name in codes} == {"CAS20"}
    assert (codes[0][0], codes[-1][0]) == ("14", "1013")


@pytest.mark.parametrize(("beside", "host"), [("127.0.0.2:8443", "127.0.0.2"), ("[::1]:8443", "::1")])
async def test_it_listens_on_the_interface_of_the_first(second, beside, host):
    """In a container the first listens on all of them, and browsers are sent to the second from outside, too."""
    async with SecondProxy(second, {}, beside, colour=False) as proxy:
        assert proxy.proxy.sockets.https_addresses[0][0] == host


async def test_it_reloads_and_tells_what_keeps_it_from_it(second, capfd):
    """A good file is put in force, a bad one is refused while it goes on serving."""
    async with SecondProxy(second, {}, "127.0.0.1:8443", colour=False) as proxy:
        text = second.settings.read_text()
        second.settings.write_text(text.replace("untrusted_certs = 1", "untrusted_certs = 0"))
        await proxy.reload()
        second.settings.write_text("nonsense")
        await proxy.reload()
        assert proxy.proxy.state.is_ready()
        assert policies_of(proxy.proxy.control.in_force.loaded)[0][1].startswith("enforce")

    codes = [code for code, _ in _codes(capfd.readouterr().err)]
    assert [code for code in codes if code in ("1010", "1011")] == ["1010", "1011"]


async def test_settings_that_are_wrong_keep_it_from_starting(second):
    """As for any proxy."""
    second.settings.write_text("nonsense")

    with pytest.raises(SettingsInvalid):
        async with SecondProxy(second, {}, "127.0.0.1:8443", colour=False):
            pass
