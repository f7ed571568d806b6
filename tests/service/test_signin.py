"""What signing in needs outlives reloads: users, failures and ended sessions; the gate is made anew."""

import asyncio
from dataclasses import replace

import pytest

from proxy.accounts.provider import ProviderDown
from proxy.model.sites import Site, Topology
from proxy.pages.logon import SignInPages
from proxy.routing.decide import Router
from proxy.routing.passage import Passage
from proxy.service.signin import TICK_SECONDS, GateInvalid, Reception, onward_of, user_speller
from proxy.session.keys import new_key
from proxy.settings.schema import Log, ServerSettings, Settings
from proxy.settings.signin_schema import Directory, Identity, Session
from proxy.signin.gatekeeper import Gatekeeper
from tests.gatehouse import ALICE, BOB, NOW, Gatehouse, field, head, make_sites
from tests.visitors import form, post, users_read, write_users


class House(Gatehouse):
    """A gate that a reception opens; its users stand in a file."""

    def __init__(self, folder) -> None:
        super().__init__()
        self.folder = folder
        write_users(folder, ALICE, BOB)
        self.reception = Reception("CAS01", self.events.append)
        self.reception.clock = lambda: self.now
        self.book = self.reception.book
        self.open()

    def open(self, directory: dict | None = None, session: dict | None = None, **tables: object) -> Gatekeeper:
        """Open the gate as settings with these keys say, as a start or a reload does."""
        files = {"provider": "file", "users_file": str(self.folder / "users.toml"), "default_domain": "LAB"}
        cheap = {"argon2_memory": 64, "argon2_iterations": 1}
        settings = Settings(
            server=ServerSettings(certificate="x", state_dir=str(self.folder)),
            directory=Directory(**files | cheap | (directory or {})),
            session=Session(**{"key_file": str(self.folder / "session.keys")} | (session or {})),
            **{"log": Log(user="plain")} | tables,
        )
        self.gate = self.reception.open_gate(settings, self.topology, Router(self.topology))
        if self.gate is not None:
            self.kit = self.gate._kit
        return self.gate

    async def cookie_of(self, user: str) -> bytes:
        """Sign in; gives the cookie."""
        return field(await self.sign_in(user), "Set-Cookie")[0].partition(";")[0].encode()

    async def sign_in(self, user: str = "alice", password: str | None = None) -> object:
        """Sign in; gives the answer."""
        return await self.work(self.ask(post(b"", host=b"mail.test")), form(user, password))

    async def look(self) -> None:
        """Let the reception look after its users, and read what is to be read."""
        self.now += TICK_SECONDS
        self.reception.tick(0.0)
        await users_read()


@pytest.fixture
async def house(tmp_path):
    """Make a reception with users and keys in files."""
    house = House(tmp_path)
    yield house
    await house.reception.close()


def broken(house: House, **changes: object) -> str:
    """Open a gate that cannot be; gives the sentence."""
    before = house.gate
    with pytest.raises(GateInvalid) as caught:
        house.open(**changes)
    house.gate = before
    return str(caught.value)


async def test_the_gate_works_as_the_settings_say(house):
    """From the form to the site of the mailbox, with the headers that were set."""
    house.open(identity=Identity(user_header="X-Who", groups_header=""))
    cookie = await house.cookie_of("alice")
    passage = house.get(cookie)

    assert (passage.decision.site.name, passage.identity, passage.user) == (
        "HQ",
        b"X-Who: LAB\\alice\r\n",
        "LAB\\alice",
    )
    assert (house.kit.lifetimes, house.kit.default_domain) == ((900.0, 28_800.0), "LAB")


async def test_where_nobody_signs_in_there_is_no_gate():
    """No file is read, and no page is made ready."""
    reception = Reception("CAS01", print)
    topology = Topology(first_server="CAS01", sites=make_sites())
    settings = Settings(server=ServerSettings(certificate="x"))

    assert reception.open_gate(settings, topology, Router(topology)) is None
    assert not [each for each in vars(reception).values() if isinstance(each, SignInPages)]
    reception.tick(0.0)
    await reception.close()


# ── over a reload ────────────────────────────────────────────────────────────────────────────────


async def test_users_stay_while_their_settings_stay(house):
    """The same source, though the gate is another."""
    gate, provider = house.gate, house.kit.provider
    house.open(session={"public_timeout": 60.0})

    assert house.gate is not gate
    assert house.kit.provider is provider
    assert house.reception.provider is provider
    assert house.kit.lifetimes.public == 60.0


async def test_the_pages_are_made_ready_once(house):
    """Compiling templates takes longer than all else about a gate."""
    pages = house.kit.pages
    house.open()

    assert house.kit.pages is pages


async def test_other_settings_make_other_users(house):
    """The former source goes on for whoever is asking it, and is closed at the end."""
    former = house.kit.provider
    house.open(directory={"default_domain": "OTHER"})
    other = house.kit.provider

    assert other is not former
    assert (await former.check("alice", "alice"), await other.check("alice", "alice")) == (ALICE, None)
    await house.reception.close()
    for provider in (former, other):
        with pytest.raises(ProviderDown):
            await provider.check("LAB\\alice", "alice")


async def test_nothing_is_closed_twice(house):
    """Whoever closes again closes nothing."""
    await house.reception.close()
    await house.reception.close()
    await house.look()

    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_failures_stay_while_their_limits_stay(house):
    """A reload is no way to try again; other limits count anew."""
    limits = {"attempts_user": 3}
    house.open(session=limits)
    for _ in range(3):
        await house.sign_in(password="wrong")
    house.open(session=limits | {"public_timeout": 60.0})
    stopped = await house.sign_in()
    house.open(session={"attempts_user": 4})

    assert (stopped.status, (await house.sign_in()).status) == (429, 302)


async def test_ended_sessions_stay_ended(house):
    """And those that hold go on, though another gate looks."""
    cookies = [
        field(await house.sign_in(user), "Set-Cookie")[0].partition(";")[0].encode() for user in ("alice", "bob")
    ]
    house.get(cookies[0], b"/owa/logoff.owa")
    house.open()

    assert [type(house.fresh(head(cookie))) is Passage for cookie in cookies] == [False, True]


async def test_ended_sessions_outlive_the_process(house):
    """Another reception reads of the former one's."""
    cookie = await house.cookie_of("alice")
    house.get(cookie, b"/owa/logoff.owa")
    await house.reception.close()
    another = House(house.folder)

    assert another.fresh(head(cookie)).status == 302
    await another.reception.close()


async def test_a_new_key_in_front_ends_no_session(house):
    """A ring without the former key ends all."""
    cookie = await house.cookie_of("alice")
    ring = house.folder / "session.keys"
    ring.write_text(f"{new_key()}\n{ring.read_text()}")
    house.open()
    with_former = house.fresh(head(cookie))
    ring.write_text(new_key())
    house.open()

    assert (type(with_former), house.fresh(head(cookie)).status) == (Passage, 302)


async def test_signing_in_can_be_switched_off_and_on(house):
    """The source that was there is used again."""
    provider = house.kit.provider

    assert house.open(directory={"provider": "none"}) is None
    assert house.open()._kit.provider is provider


# ── files ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "words"), [("", "There is no key in it"), ("secret", "Line 1 is no key"), (b"\xe4", "is not UTF-8")]
)
async def test_keys_that_cannot_be_used(house, content, words):
    """What was there goes on; what stands in the file is not told."""
    (house.folder / "session.keys").write_bytes(content if isinstance(content, bytes) else content.encode())
    sentence = broken(house)

    assert words in sentence
    assert "secret" not in sentence
    assert (await house.sign_in()).status == 302


async def test_users_that_cannot_be_used(house):
    """Other settings with a broken file: the former users stay."""
    provider = house.kit.provider
    (house.folder / "users.toml").write_text("[[users")
    sentence = broken(house, directory={"default_domain": "OTHER"})
    house.open()

    assert "users.toml" in sentence
    assert house.kit.provider is provider


async def test_files_that_are_gone(house):
    """An error that a reload tells, not a defect."""
    (house.folder / "session.keys").unlink()
    with pytest.raises(OSError, match=r"session\.keys"):
        house.open()
    assert "cannot be read" in broken_users(house)


def broken_users(house: House) -> str:
    """Open a gate whose users are nowhere."""
    (house.folder / "session.keys").write_text(new_key())
    return broken(house, directory={"users_file": str(house.folder / "nowhere.toml")})


async def test_changed_users_are_read_with_a_tick(house):
    """Once a second at most; who is thrown out is out, and a broken file is doubted, not used."""
    cookie = await house.cookie_of("alice")
    await house.look()
    write_users(house.folder, replace(ALICE, epoch=1), BOB)
    house.reception.tick(0.0)
    await users_read()
    before = house.fresh(head(cookie))
    await house.look()
    after = house.fresh(head(cookie))
    (house.folder / "users.toml").write_text("[[users")
    await house.look()

    assert (type(before), after.status) == (Passage, 302)
    assert [(event.id, event.parameters) for event in house.events] == [(1017, ("CAS01", "directory.users_file"))]
    assert "The new users file is not used" in house.events[0].note
    assert (await house.sign_in()).status == 302


async def test_a_clock_that_was_set_back_stops_no_look(house):
    """Users are looked after all the same."""
    await house.look()
    write_users(house.folder, BOB)
    house.now = NOW - 100_000
    house.reception.tick(0.0)
    await users_read()

    assert house.kit.provider.cached("LAB\\alice", 0.0) is None


# ── what is told ─────────────────────────────────────────────────────────────────────────────────


def test_logs_tell_users_as_they_may():
    """Not at all, by a hash that differs from proxy to proxy, or by name; case does not count."""
    modes = (("none", "A"), ("hash", "A"), ("hash", "B"), ("plain", "A"))
    none, hashed, other, plain = (user_speller(*mode) for mode in modes)

    assert (none("LAB\\alice"), plain("LAB\\alice")) == ("", "LAB\\alice")
    assert len(hashed("LAB\\alice")) == 16
    assert hashed("LAB\\alice") == hashed("lab\\ALICE")
    assert len({hashed("LAB\\alice"), hashed("LAB\\bob"), other("LAB\\alice")}) == 3


def test_the_form_may_lead_on_where_it_leads_by_itself():
    """To silent and legacy addresses, each once; a manual address is behind a page."""
    sites = (
        Site(name="A", servers=(), external_url="https://a.test/owa", redirect="silent"),
        Site(name="B", servers=(), external_url="https://b.test/owa", legacy_url="https://old.test"),
        Site(name="C", servers=(), redirect="silent", legacy_url="https://old.test"),
        Site(name="D", servers=(), external_url="https://a.test/owa", redirect="silent"),
    )

    assert onward_of(Topology(first_server="CAS01", sites=sites)) == ("https://a.test/owa", "https://old.test")
