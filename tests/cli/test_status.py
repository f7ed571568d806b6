"""`casproxy status` against the real admin listener."""

import json

import pytest
from msgspec.structs import replace

from proxy.admin.answers import Health, ReloadState, Server, Servers, SinkState, Sites, Traffic
from proxy.cli.main import main
from tests.admin_double import DoubleState


class Eventful(DoubleState):
    """A proxy to which something has happened."""

    async def status(self):
        """Tell of a refused reload and a loss."""
        status = await super().status()
        last = ReloadState(at="2026-11-23T19:00:00Z", ok=False, sentence="a.toml:3: no.\x1b[2J")
        sinks = (SinkState(name="console", lost=0), SinkState(name="syslog logs:514", lost=7))
        return replace(status, config=replace(status.config, last_reload=last), sinks=sinks, workers=status.workers[:1])

    async def servers(self):
        """Tell of a server in each state."""
        states = ("up", "down", "half_open", "unchecked")
        first = (await super().servers()).servers[0]
        return Servers(servers=tuple(self._server(first, each) for each in states))

    async def sites(self):
        """Tell of a site at another address."""
        sites = (await super().sites()).sites
        return Sites(
            sites=(*sites, replace(sites[0], name="Away", servers=(), external_url="https://away.example/owa"))
        )

    def _server(self, server: Server, state: str) -> Server:
        why = "3 failures in a row" if state == "down" else ""
        return replace(server, server=f"{state}.hq.example", health=Health(state=state, why=why))


def test_a_proxy_that_is_ready(admin, capsys):
    """0; settings, workers, then each site with its switch, its traffic and its servers."""
    admin.state.traffic["Branch"] = Traffic(requests=4, errors=1, seconds=0.1)

    assert main(["status"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[:6] == [
        "CAS01 is ready: casproxy 0.1.0, since 2026-11-23T18:00:00Z",
        "  settings  /etc/casproxy/casproxy.toml, read 2026-11-23T18:00:00Z",
        "  logs      from level info on, nothing lost",
        "  loop      uvloop with aiofastnet",
        "  worker 1  process 101, since 2026-11-23T18:00:00Z: 2 connections, 1 request under way",
        "  worker 2  process 102, since 2026-11-23T18:00:00Z: 2 connections, 1 request under way",
    ]
    assert lines[6:11] == [
        "",
        "HQ  switch 1 (default); 0 requests, 0 answered 500 or more",
        "  ✔ cas01.hq.example  up since 2026-11-23T18:00:00Z; 2 connections (1 idle)",
        "Branch  switch 0 (sites.Branch.trust); 4 requests, 25 ms each, 1 answered 500 or more",
        "  ✔ cas02.branch.example  up since 2026-11-23T18:00:00Z; 2 connections (1 idle)",
    ]
    assert err == ""


def test_a_proxy_to_which_something_has_happened(admin, capsys):
    """A refused reload, losses, no token and every state of a server are told; words of others are cleaned."""
    admin.restart(Eventful(token=""))

    assert main(["status"]) == 0
    out = capsys.readouterr().out
    assert "  reload    2026-11-23T19:00:00Z refused: a.toml:3: no.\\x1b[2J\n" in out
    assert "from level info on; syslog logs:514 lost 7\n" in out
    assert "  token     none: nothing can be changed over the admin API (server.admin_token_file)\n" in out
    assert "  ✔ up.hq.example  up; " in out
    assert "  ✖ down.hq.example  down: 3 failures in a row; " in out
    assert "  △ half_open.hq.example  half open; " in out
    assert out.endswith("\n  ↪ https://away.example/owa\n")
    assert "  · unchecked.hq.example  unchecked; " in out


def test_a_proxy_that_drains(admin, capsys):
    """1, also when nothing is to be said."""
    admin.state.ready = False

    assert main(["status"]) == 1
    assert capsys.readouterr().out.startswith("CAS01 is draining: ")
    assert main(["status", "-q"]) == 1
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("admin")
def test_for_programs(capsys):
    """One object with the three answers of the API."""
    assert main(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["status"]["name"] == "CAS01"
    assert [each["name"] for each in told["sites"]["sites"]] == ["HQ", "Branch", "Partner"]
    assert len(told["servers"]["servers"]) == 3


def test_without_a_proxy(admin, capsys):
    """3: it may be ready or not."""
    admin.stop()

    assert main(["status", "-q"]) == 3
    assert "Does the proxy run?" in capsys.readouterr().err
