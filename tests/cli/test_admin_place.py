"""Which proxy a command asks and with which token: flags before the environment before the file."""

import argparse

import pytest

from proxy.cli.admin_place import AdminFault, Place, add_admin, find_place, parse_address

FILE = '[server]\nadmin = "127.0.0.3:3"\nadmin_token_file = "file.token"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Make a working directory with tokens, and nothing in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "SERVER__ADMIN", "SERVER__ADMIN_TOKEN", "SERVER__ADMIN_TOKEN_FILE"):
        monkeypatch.delenv(f"CASPROXY_{name}", raising=False)
    for name in ("flag", "environment", "file"):
        (tmp_path / f"{name}.token").write_text(f"token-of-{name}\n")
    (tmp_path / "a.toml").write_text(FILE)
    return tmp_path


def find(*words: str) -> Place:
    """Find the place for these arguments."""
    parser = argparse.ArgumentParser()
    add_admin(parser)
    return find_place(parser.parse_args(words), "test")


def test_without_a_word_it_is_loopback():
    """The default of the settings, without a token."""
    assert find() == Place(host="127.0.0.1", port=9643, name="127.0.0.1:9643")


def test_the_file_names_both():
    """A configuration is enough to reach the proxy that runs with it."""
    assert find("--config", "a.toml") == Place(host="127.0.0.3", port=3, name="127.0.0.3:3", token="token-of-file")


def test_the_environment_wins_over_the_file(monkeypatch):
    """As it does for the proxy itself."""
    monkeypatch.setenv("CASPROXY_CONFIG", "a.toml")
    monkeypatch.setenv("CASPROXY_SERVER__ADMIN", "127.0.0.2:2")
    monkeypatch.setenv("CASPROXY_SERVER__ADMIN_TOKEN_FILE", "environment.token")

    assert (find().port, find().token) == (2, "token-of-environment")


def test_flags_win_over_all(monkeypatch):
    """The most explicit word counts."""
    monkeypatch.setenv("CASPROXY_CONFIG", "a.toml")
    monkeypatch.setenv("CASPROXY_SERVER__ADMIN", "127.0.0.2:2")
    monkeypatch.setenv("CASPROXY_SERVER__ADMIN_TOKEN_FILE", "environment.token")
    place = find("--admin", "127.0.0.1:1", "--token-file", "flag.token")

    assert (place.port, place.token) == (1, "token-of-flag")


def test_a_token_may_stand_in_the_settings_themselves(folder, monkeypatch):
    """Where the proxy takes it from, commands do, too: a variable, then the key."""
    (folder / "a.toml").write_text('[server]\nadmin_token = "in-the-file"\n')

    assert find("--config", "a.toml").token == "in-the-file"
    monkeypatch.setenv("CASPROXY_SERVER__ADMIN_TOKEN", "in-the-environment")
    assert find("--config", "a.toml").token == "in-the-environment"


def test_no_flag_takes_a_token():
    """What stands on the command line can be read by every user of the machine."""
    with pytest.raises(SystemExit):
        find("--token", "secret")
    with pytest.raises(SystemExit):
        find("--token-fil", "secret")


def test_a_token_is_not_shown():
    """A place in a message or a traceback keeps its secret."""
    assert "token-of-file" not in repr(find("--config", "a.toml"))


@pytest.mark.parametrize("text", ["", "[server]\n", "server = 3\n", "[server]\nadmin = 3\nadmin_token_file = []\n"])
def test_a_file_that_says_nothing_of_it(folder, text):
    """Absent or nonsense: the default; `check-config` is who complains."""
    (folder / "a.toml").write_text("\ufeff" + text)

    assert find("--config", "a.toml") == find()


@pytest.mark.parametrize(("name", "words"), [("none.toml", "cannot be read"), ("b.toml", "is no TOML")])
def test_a_file_that_cannot_be_read(folder, name, words, capsys):
    """Without another word for the address that is an end; with one it is a remark."""
    (folder / "b.toml").write_text("[server")

    with pytest.raises(AdminFault, match=f"{words}.*--admin") as caught:
        find("--config", name)
    assert caught.value.code == 3
    assert find("--config", name, "--admin", "127.0.0.1:1").port == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("name", ["none.token", "empty.token", "odd.token", "long.token", "."])
def test_a_token_file_that_is_none(folder, name, monkeypatch):
    """Named by a flag it is a mistake; else the reason is kept, for reading may do without a token."""
    (folder / "empty.token").write_text(" \n")
    (folder / "odd.token").write_bytes(b"t\xf6ken\nX: y\n")
    (folder / "long.token").write_text("x" * 1025)
    monkeypatch.setenv("CASPROXY_SERVER__ADMIN_TOKEN_FILE", name)

    with pytest.raises(AdminFault, match=name):
        find("--token-file", name)
    assert find().token == ""
    assert name in find().why_no_token


def test_a_password_in_an_address_is_not_shown():
    """Only host and port belong there."""
    with pytest.raises(AdminFault, match=r"…@127\.0\.0\.1:9643' is no address") as caught:
        find("--admin", "https://me:pw@127.0.0.1:9643")

    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("text", ["nonsense", "\x1b[2J", ":1"])
def test_an_address_that_is_none(text):
    """It is told, and nothing in it steers a terminal."""
    with pytest.raises(AdminFault, match="is no address") as caught:
        find("--admin", text)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:9643", ("127.0.0.1", 9643)),
        ("[::1]:1", ("::1", 1)),
        ("0.0.0.0:80", ("127.0.0.1", 80)),
        ("[::]:80", ("::1", 80)),
        ("localhost:80", ("localhost", 80)),
        ("127.0.0.1", None),
        (":80", None),
        ("127.0.0.1:http", None),
        ("127.0.0.1:65536", None),
        ("", None),
    ],
)
def test_addresses(text, place) -> None:
    """`host:port` is taken apart; every address of this machine is asked over loopback."""
    assert parse_address(text) == place
