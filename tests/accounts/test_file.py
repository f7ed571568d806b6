"""Promises of accounts out of a users file."""

import asyncio
import os
import threading
import traceback
from dataclasses import replace

import pytest

from proxy.accounts import file as file_module
from proxy.accounts.file import MAX_FILE, FileProvider, as_text, read_users
from proxy.accounts.passwords import Checker, hash_password, verify
from proxy.directory.faults import DirectoryInvalid
from proxy.directory.phc import Costs
from proxy.directory.users_file import Entry, render_users
from proxy.model.accounts import Account
from tests.visitors import users_read

CHEAP = Costs(memory_kib=64, iterations=1, lanes=1)
SECRET = "correct horse"
HASH = hash_password(SECRET, CHEAP)

ALICE = Account(name="LAB\\alice", upn="alice@lab.example", addresses=("a.smith@mail.example",))
BOB = Account(name="LAB\\bob")
USERS = (Entry(ALICE, HASH), Entry(BOB, ""))


class Watched:
    """A provider, its file, what it told, and the verifications it cost."""

    def __init__(self, folder):
        self.path = folder / "users.toml"
        self.told, self.verified = [], []
        self.path.write_text(render_users(USERS))
        self.checker = Checker(CHEAP, threads=1, verify=self.verify)
        self.provider = FileProvider(self.path, "LAB", self.checker, self.told.append)
        self.during = lambda: None
        self.loop = asyncio.get_running_loop()

    def verify(self, password, phc):
        """Verify, and do what is to happen meanwhile."""
        self.verified.append(phc)
        self.during()
        return verify(password, phc)

    def write(self, text):
        """Replace the file in one step."""
        draft = self.path.with_suffix(".new")
        draft.write_text(text)
        draft.replace(self.path)

    async def put(self, text):
        """Replace the file, and let the provider look."""
        self.write(text)
        await self.look()

    def put_meanwhile(self, text):
        """Do the same from the thread of a verification."""
        asyncio.run_coroutine_threadsafe(self.put(text), self.loop).result(10)

    async def look(self):
        """Let the provider look, and read what is to be read."""
        self.provider.tick(0.0)
        await users_read()

    def names(self):
        """Tell which of three users are known."""
        return [name for name in ("alice", "bob", "carol") if self.provider.cached(f"LAB\\{name}", 0.0)]


@pytest.fixture
async def watched(tmp_path):
    """Watch a file of Alice, who has a password, and Bob, who has none."""
    watched = Watched(tmp_path)
    yield watched
    await watched.provider.close()


@pytest.mark.parametrize("login", ["LAB\\alice", "alice", "ALICE@lab", "Alice@Lab.Example", "a.smith@mail.example"])
async def test_the_right_password_gives_the_account(watched, login):
    """Whichever way the name is typed, it is the same account."""
    assert await watched.provider.check(login, SECRET) == ALICE
    assert await watched.provider.find(login) == ALICE


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("alice", "wrong"),
        ("alice", ""),
        ("alice", SECRET * 100),
        ("bob", SECRET),
        ("carol", SECRET),
        ("OTHER\\alice", SECRET),
        ("", SECRET),
        ("a\0\ud800", "\ud800"),
    ],
)
async def test_anything_else_is_none_at_the_cost_of_one_verification(watched, login, password):
    """Wrong passwords, users without one, unknown users and texts that are no login are told apart by nobody."""
    assert await watched.provider.check(login, password) is None
    assert len(watched.verified) == 1


async def test_finding_costs_nothing(watched):
    """Without a password nothing is verified."""
    assert await watched.provider.find("bob") == BOB
    assert await watched.provider.find("carol") is None
    assert watched.verified == []


async def test_a_change_is_seen_at_the_next_tick(watched):
    """New users come, removed ones go, an epoch grows."""
    await watched.put(render_users([Entry(replace(ALICE, epoch=7), HASH), Entry(Account(name="LAB\\carol"), "")]))

    assert watched.names() == ["alice", "carol"]
    assert watched.provider.cached("lab\\ALICE", 0.0) == replace(ALICE, epoch=7)
    assert watched.told == []


async def test_the_loop_goes_on_while_users_are_read(watched, monkeypatch):
    """Reading is a thread's; until it is done the users of before are in force, and no tick begins another reading."""
    begun, may_end, threads = threading.Event(), threading.Event(), []

    def read(path):
        threads.append(threading.current_thread())
        users = read_users(path)
        begun.set()
        assert may_end.wait(10)
        return users

    monkeypatch.setattr(file_module, "read_users", read)
    watched.write(render_users(USERS[:1]))
    watched.provider.tick(0.0)
    await asyncio.to_thread(begun.wait, 10)
    watched.write(render_users(USERS[1:]))
    watched.provider.tick(1.0)
    assert watched.names() == ["alice", "bob"]

    may_end.set()
    await users_read()
    assert watched.names() == ["alice"]
    await watched.look()
    assert watched.names() == ["bob"]
    assert len(threads) == 2
    assert threading.current_thread() not in threads


async def test_a_defect_of_reading_is_told_where_ticks_come_from(watched, monkeypatch):
    """It is not lost in the background, and the users of before stay."""

    def fail(_path):
        raise LookupError

    monkeypatch.setattr(file_module, "read_users", fail)
    watched.write(render_users(()))
    with pytest.raises(LookupError):
        await watched.look()
    with pytest.raises(LookupError):
        watched.provider.tick(1.0)

    watched.provider.tick(2.0)
    assert watched.names() == ["alice", "bob"]


async def test_closing_waits_for_a_reading(watched):
    """Nothing goes on behind its back."""
    watched.write(render_users(()))
    watched.provider.tick(0.0)
    await watched.provider.close()

    assert watched.names() == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_unchanged_file_is_not_read_again(watched, monkeypatch):
    """A tick without a change costs one look at the file's state."""

    def fail(_path):
        raise AssertionError

    monkeypatch.setattr(file_module, "read_users", fail)
    await watched.look()
    await watched.look()


async def test_a_change_of_the_same_size_and_time_is_seen(watched):
    """Another file under the name is another file, even with the old one's time."""
    before = watched.path.stat()
    draft = watched.path.with_suffix(".new")
    draft.write_text(render_users(USERS).replace("bob", "eve"))
    os.utime(draft, ns=(before.st_atime_ns, before.st_mtime_ns))
    draft.replace(watched.path)
    await watched.look()

    assert watched.names() == ["alice"]


async def test_a_swapped_link_is_seen(watched, tmp_path):
    """Files that are links, or behind linked folders, are followed as configuration volumes swap them."""
    for name, users in (("one", USERS), ("two", USERS[:1])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "users.toml").write_text(render_users(users))
    link = tmp_path / "now"
    link.symlink_to("one")
    provider = FileProvider(link / "users.toml", "LAB", watched.checker, watched.told.append)
    assert provider.cached("LAB\\bob", 0.0)

    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(link)
    provider.tick(0.0)
    await users_read()

    assert provider.cached("LAB\\bob", 0.0) is None


async def test_a_broken_file_keeps_the_old_users_and_is_told_once(watched):
    """What is wrong is told with its line, once however often the file is looked at or saved; mending it is silent."""
    broken = render_users(USERS) + "hobby = 1\n"
    await watched.put(broken)
    await watched.look()
    await watched.put(broken)

    assert watched.names() == ["alice", "bob"]
    assert await watched.provider.check("alice", SECRET) == ALICE
    assert len(watched.told) == 1
    assert 'users.toml:11: "hobby" is no key of a user.' in watched.told[0]

    await watched.put(render_users(USERS[:1]))
    assert watched.names() == ["alice"]
    await watched.put(broken)
    assert len(watched.told) == 2


async def test_of_many_problems_the_first_are_told(watched):
    """A sentence stays readable."""
    await watched.put(render_users(USERS) + "a = 1\nb = 1\nc = 1\nd = 1\ne = 1\n")

    assert watched.told[0].count("is no key") == 3
    assert watched.told[0].endswith("And 2 more.")


async def test_a_file_that_goes_away_keeps_the_old_users(watched):
    """It is told once; when it comes back it is read."""
    watched.path.unlink()
    await watched.look()
    await watched.look()

    assert watched.names() == ["alice", "bob"]
    assert len(watched.told) == 1
    assert "cannot be read: No such file or directory." in watched.told[0]

    await watched.put(render_users(USERS[1:]))
    assert watched.names() == ["bob"]


@pytest.mark.parametrize(
    "change", [[], [USERS[1]], [Entry(ALICE, hash_password("new", CHEAP))]], ids=["none", "gone", "new"]
)
async def test_a_check_does_not_outlive_the_user_or_the_password(watched, change):
    """Who is removed, or gets another password, while the old one is being checked is not signed in."""
    watched.during = lambda: watched.put_meanwhile(render_users(change))

    assert await watched.provider.check("alice", SECRET) is None


async def test_a_check_gives_the_account_as_it_stands_afterwards(watched):
    """An epoch raised meanwhile is that of the answer."""
    watched.during = lambda: watched.put_meanwhile(render_users([Entry(replace(ALICE, epoch=9), HASH)]))

    assert await watched.provider.check("alice", SECRET) == replace(ALICE, epoch=9)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file"),
        (b"config_version = 1\nx = '\xff'\n", "users.toml:2: This is not UTF-8."),
        (b"config_version = 2\n", "users.toml:1: This version reads"),
        (b" " * (MAX_FILE + 1), "is larger than"),
    ],
    ids=["absent", "bytes", "invalid", "huge"],
)
def test_a_file_that_cannot_be_used_at_the_start_is_an_error(tmp_path, content, told):
    """Nobody starts without knowing the users."""
    path = tmp_path / "users.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(DirectoryInvalid) as raised:
        FileProvider(path, "LAB", Checker(CHEAP), print)

    assert told in str(raised.value)


def test_what_is_no_file_is_refused(tmp_path):
    """A pipe does not hold the loop, a folder is told as one."""
    os.mkfifo(tmp_path / "pipe")

    for each in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(DirectoryInvalid, match="This is no regular file"):
            read_users(each)


def test_a_byte_order_mark_does_not_count(tmp_path):
    """Editors of another system write one."""
    (tmp_path / "users.toml").write_text("\ufeff" + render_users(USERS))

    assert read_users(tmp_path / "users.toml") == USERS


def test_what_is_no_text_is_told_with_its_line():
    """Under the name that the caller knows it by."""
    with pytest.raises(DirectoryInvalid, match=r"^conf/users\.toml:2: This is not UTF-8\. Save the file as UTF-8\.$"):
        as_text(b"\n\xff", "conf/users.toml")


async def test_no_password_or_hash_is_shown(watched):
    """Neither in what is printed of the parts nor in errors and what is told."""
    await watched.put(render_users(USERS).replace(HASH, f"{HASH}x{SECRET}"))
    texts = [repr(watched.provider), repr(vars(watched.provider)), *watched.told]
    await watched.checker.close()
    try:
        await asyncio.gather(watched.provider.check("alice", SECRET))
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is looked at
        texts += [str(fault), repr(fault), "".join(traceback.format_exception(fault, chain=True, limit=0))]

    assert len(texts) == 6
    for each in texts:
        assert SECRET not in each
        assert HASH.rsplit("$", 1)[1] not in each
        assert HASH.split("$")[4] not in each
