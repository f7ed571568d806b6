"""`casproxy serve`: which settings it takes, what it says when it cannot, and its exit codes."""

import pytest

from proxy.cli import main, serve
from proxy.front.acceptor import CannotListen
from proxy.settings.overlay import FLAGS
from proxy.settings.problems import Layer, Origin, Problem, SettingsInvalid


@pytest.fixture
def calls(monkeypatch):
    """Keep what would be served; gives the list of calls."""
    seen: list[dict[str, object]] = []
    monkeypatch.delenv("CASPROXY_CONFIG", raising=False)

    def load(path, _environment, flags):
        return {"path": path, **flags}

    def run(loaded, _load, *, colour):
        seen.append({**loaded, "colour": colour})
        return 5

    monkeypatch.setattr(serve, "load_outside", load)
    monkeypatch.setattr(serve, "serve", run)
    return seen


def test_without_settings_it_says_how_to_get_some(calls, capsys):
    """Code 1, nothing is served, and the answer is not on standard output."""
    assert main.main(["serve"]) == 1

    written = capsys.readouterr()
    assert (calls, written.out) == ([], "")
    assert all(word in written.err for word in ("--config", "CASPROXY_CONFIG", "casproxy lab", "example.toml"))


@pytest.mark.parametrize(
    ("arguments", "variable", "path"),
    [
        (["--config", "a.toml"], "", "a.toml"),
        ([], "b.toml", "b.toml"),
        (["--config", "a.toml"], "b.toml", "a.toml"),
    ],
)
def test_the_flag_wins_over_the_environment(calls, monkeypatch, arguments, variable, path):
    """And the code is that of the serving."""
    if variable:
        monkeypatch.setenv("CASPROXY_CONFIG", variable)

    assert main.main(["serve", *arguments]) == 5
    assert calls[0]["path"] == path


@pytest.mark.parametrize(("flag", "key"), FLAGS.items())
def test_each_flag_sets_its_key(calls, flag, key):
    """All others stay unset."""
    main.main(["serve", "--config", "a.toml", flag, "x"])

    assert {name: value for name, value in calls[0].items() if name in FLAGS.values() and value is not None} == {
        key: "x"
    }


def test_colour_can_be_declined(calls, monkeypatch):
    """The common flag reaches the logs."""
    monkeypatch.setenv("NO_COLOR", "")
    main.main(["serve", "--config", "a.toml"])
    main.main(["--no-color", "serve", "--config", "a.toml"])

    assert [call["colour"] for call in calls] == [True, False]


PROBLEM = Problem(
    path="server.listen", name="listen", origin=Origin(Layer.FILE, "a.toml", 3), sentence="It is wrong.", suggestion=""
)


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (SettingsInvalid([PROBLEM]), "It is wrong."),
        (CannotListen("server.listen: cannot listen on x."), "casproxy serve: server.listen: cannot listen on x."),
        (PermissionError(13, "Permission denied", "access.log"), "Permission denied"),
    ],
)
def test_what_cannot_be_served_is_said_without_a_traceback(monkeypatch, capsys, fault, said):
    """Code 1 and one message."""

    def fail(*_, **__):
        raise fault

    monkeypatch.setattr(serve, "serve", fail)

    assert main.main(["serve", "--config", "a.toml"]) == 1
    written = capsys.readouterr()
    assert (written.out, said in written.err, "Traceback" in written.err) == ("", True, False)
