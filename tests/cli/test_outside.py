"""The users of the lab sign in nowhere else."""

import pytest

from proxy.cli.main import main
from proxy.cli.outside import load_outside
from proxy.lab.users import REMARK, USERS_FILE, write_users
from proxy.settings.problems import SettingsInvalid
from tests.stage import answering, stage
from tests.visitors import account, directory_settings
from tests.visitors import write_users as write_own_users


@pytest.fixture
async def settings(tmp_path):
    """Give a file of settings whose users file is the test's to write."""
    write_own_users(tmp_path, account("alice", "HQ"))
    async with stage({"HQ": answering(b"")}, settings=directory_settings(tmp_path)) as running:
        yield str(running.folder / "casproxy.toml")


async def test_the_lab_s_users_are_refused(settings, tmp_path, capsys):
    """At start, with the key, the reason and the cure; nothing is served."""
    write_users(tmp_path)

    assert USERS_FILE == "users.toml"
    assert main(["serve", "--config", settings]) == 1
    told = capsys.readouterr().err
    assert all(each in told for each in ("directory.users_file", "each password is the user's name", "users add"))


async def test_others_are_taken(settings, tmp_path):
    """A file of one's own is, until somebody puts the lab's in its place: a reload is refused, too."""
    assert load_outside(settings, {}, {}).settings.directory.users_file == str(tmp_path / "users.toml")
    (tmp_path / "users.toml").write_text(REMARK)
    with pytest.raises(SettingsInvalid):
        load_outside(settings, {}, {})
