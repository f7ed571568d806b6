"""Promises of accounts out of an LDAP directory: a real one, and ones that hang, break off or lie."""

import asyncio
import subprocess
import sys

import pytest

from proxy.accounts import ldap
from proxy.accounts.ldap import LdapSource, LdapTerms
from proxy.accounts.material import Material
from proxy.accounts.provider import ProviderDown
from proxy.certkit.authority import Authority
from proxy.directory.ldap import Attributes, Plan
from proxy.model.accounts import Account, Mailbox
from tests.loopback import open_sockets, turn, until
from tests.lying import BIND, DONE, ber, entry, message, number, playing, read_request, result
from tests.slapd import BASE, SECRET, SERVICE, Slapd

PLAN = Plan("LAB", "(objectClass=inetOrgPerson)")
AUTHORITY = Authority.create("Directory CA")
SERVER = AUTHORITY.issue("localhost", "127.0.0.1").server_context()

ALICE = Account(
    name="LAB\\Alice",
    upn="alice@lab.test",
    addresses=("alice.mueller@lab.test", "am@lab.test"),
    display="Alice",
    sid="S-1-5-21-1-2-3-1105",
    groups=("Staff",),
    mailbox=Mailbox(site="HQ", database="DB01"),
)


@pytest.fixture(scope="module")
def slapd(tmp_path_factory):
    """Start one directory for all tests; they change nothing, or only their own entry."""
    server = Slapd(tmp_path_factory.mktemp("slapd"), AUTHORITY).start()
    yield server
    server.stop()


@pytest.fixture
async def make(tmp_path):
    """Make sources for a port, which are closed in the end; what they tell stands in `told`."""
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.certificate_pem)
    (tmp_path / "secret").write_text(SECRET)
    made = []
    before = open_sockets()

    def build(*ports: int, **changes) -> LdapSource:
        terms = {"base_dn": BASE, "bind_dn": SERVICE, "plan": PLAN, "seconds": 20.0, **changes}
        servers = tuple(("127.0.0.1", port) for port in ports)
        made.append(LdapSource(LdapTerms(servers=servers, **terms), Material(tmp_path / "ca.pem", secret), told.append))
        return made[-1]

    told = build.told = []
    secret = build.secret = tmp_path / "secret"
    build.ca = tmp_path / "ca.pem"
    yield build
    for each in made:
        await each.close()
    await until(lambda: open_sockets() <= before, "sockets stay open")


# ── a real one ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.needs_slapd
@pytest.mark.parametrize(
    "login",
    ["LAB\\alice", "alice", "ALICE", "alice@lab.test", "alice.mueller@LAB.test", "am@lab.test", "\uff41lice"],
)
async def test_everybody_is_found_by_every_login(slapd, make, login) -> None:
    """And it is the same account, with groups and mailbox."""
    source = make(slapd.port)

    assert await source.find(login) == ALICE
    assert await source.check(login, "wonderland") == ALICE


@pytest.mark.needs_slapd
@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("alice", "wrong"),
        ("alice", ""),
        ("alice", "\0"),
        ("alice", "wonderland\0"),
        ("alice", "x" * 1025),
        ("nobody", "x"),
        ("*", "wonderland"),
        ("ali*", "wonderland"),
        ("alice)(sn=*", "wonderland"),
        ("OTHER\\alice", "wonderland"),
        ("carol", "carol"),
        ("a\\b\\c", "x"),
        ("service", SECRET),
        ("lab", ""),
    ],
)
async def test_wrong_is_wrong(slapd, make, login, password) -> None:
    """An empty password above all, which the directory itself would take; a star is a star."""
    assert await make(slapd.port).check(login, password) is None
    assert make.told == []


@pytest.mark.needs_slapd
async def test_letters_beyond_ascii_and_stars(slapd, make) -> None:
    """In passwords, in both compositions, and in names."""
    source = make(slapd.port)

    assert await source.check("bob", "b\u00fcbchen") == Account(name="LAB\\bob")
    assert await source.check("bob", "bu\u0308bchen") == Account(name="LAB\\bob")
    assert await source.check("st*r", "star") == Account(name="LAB\\st*r")


@pytest.mark.needs_slapd
async def test_two_entries_with_one_login_are_nobody(slapd, make) -> None:
    """It is told, once, and without the login."""
    source = make(slapd.port)

    assert [await source.check("shared@lab.test", "dan"), await source.find("shared@lab.test")] == [None, None]
    await turn()
    assert make.told == ["Two entries of the directory have the same login; nobody signs in with it."]
    assert await source.check("dan", "dan") is not None


@pytest.mark.needs_slapd
async def test_other_attributes_can_be_named(slapd, make) -> None:
    """Mailbox and names stand where the settings say; who passes not the filter is not there."""
    attributes = Attributes(name="sAMAccountName", site="l", version="departmentNumber", database="")
    source = make(slapd.port, plan=Plan("LAB", "(&(objectClass=inetOrgPerson)(l=*))", attributes))
    alice = await source.find("alice")

    assert alice is not None
    assert alice.mailbox == Mailbox(site="Paris", version="8.3")
    assert await source.find("bob") is None


@pytest.mark.needs_slapd
async def test_an_entry_whose_name_is_none_is_told(slapd, make) -> None:
    """Nobody signs in with it."""
    source = make(slapd.port, plan=Plan("LAB", "(objectClass=inetOrgPerson)", Attributes(name="departmentNumber")))

    assert await source.find("am@lab.test") is not None
    source = make(slapd.port, plan=Plan("LAB", "(objectClass=inetOrgPerson)", Attributes(name="homeDirectory")))
    assert await source.check("am@lab.test", "wonderland") is None
    await turn()
    assert make.told == ["An entry that was found has 0 values of homeDirectory, but a user has one name."]


@pytest.mark.needs_slapd
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"bind_dn": f"cn=nobody,{BASE}"}, r"refuses bind_dn .* invalidCredentials \(49\)"),
        ({"base_dn": "dc=elsewhere"}, r"cannot search below base_dn: noSuchObject \(32\)"),
        ({"plan": Plan("LAB", "(objectClass=")}, "gave no answer of LDAP|cannot"),
    ],
)
async def test_wrong_settings_are_no_wrong_passwords(slapd, make, changes, sentence) -> None:
    """The directory is down then, with a sentence that an administrator can act on."""
    with pytest.raises(ProviderDown, match=sentence):
        await make(slapd.port, **changes).check("alice", "wonderland")


@pytest.mark.needs_slapd
async def test_a_new_password_of_the_service_counts_at_once(slapd, make) -> None:
    """The file is read each time; while it is wrong or gone nobody signs in."""
    source = make(slapd.port)
    for content in ("other", ""):
        make.secret.write_text(content)
        with pytest.raises(ProviderDown):
            await source.check("alice", "wonderland")
    make.secret.write_text(SECRET + "\n")

    assert await source.check("alice", "wonderland") == ALICE


@pytest.mark.needs_slapd
async def test_the_next_server_is_asked_when_one_is_down(slapd, make) -> None:
    """And asked first from then on."""
    source = make(1, slapd.port)
    assert await source.find("alice") == ALICE

    assert source._first == 1
    assert await source.check("alice", "wonderland") == ALICE


@pytest.mark.needs_slapd
async def test_many_sign_in_at_once(slapd, make) -> None:
    """Each gets the own answer."""
    source = make(slapd.port)
    tries = [("alice", "wonderland"), ("bob", "b\u00fcbchen"), ("alice", "wrong"), ("dan", "dan")] * 8
    answers = await asyncio.gather(*(source.check(*each) for each in tries))

    assert [each and each.name for each in answers] == ["LAB\\Alice", "LAB\\bob", None, "LAB\\dan"] * 8


@pytest.mark.needs_slapd
async def test_a_stranger_is_told_no_password(slapd, make) -> None:
    """A certificate of an authority that is not in the file ends it before anything is said."""
    make.ca.write_bytes(Authority.create("Other").certificate_pem)

    with pytest.raises(ProviderDown, match="its certificate is not trusted, unable to get local issuer"):
        await make(slapd.port).check("alice", "wonderland")


# ── others ───────────────────────────────────────────────────────────────────────────────────────

LYING = f"cn=Alice,{BASE}".encode()


def answering(*answers, heard=None):
    """Make a script: each request gets the next answer, a function of the request's number."""

    async def play(reader, writer) -> None:
        for answer in answers:
            identifier, request = await read_request(reader)
            if heard is not None:
                heard.append(request)
            writer.write(answer(identifier))
            await writer.drain()
        await reader.read(-1)

    return play


def welcome(identifier: int) -> bytes:
    """Say yes to a sign-in."""
    return result(identifier, BIND)


def nothing(identifier: int) -> bytes:
    """Find nothing."""
    return result(identifier, DONE)


def found(**attributes: bytes):
    """Find one entry."""
    return lambda identifier: entry(identifier, LYING, **attributes) + result(identifier, DONE)


async def test_somebody_else_is_not_taken(make) -> None:
    """An entry that does not carry the login is nobody, even when the directory says yes to everything."""
    async with playing(answering(welcome, found(sAMAccountName=b"bob"), welcome), SERVER) as port:
        assert await make(port).check("alice", "x") is None
    async with playing(answering(welcome, found(sAMAccountName=b"alice"), welcome), SERVER) as port:
        assert await make(port).check("alice", "x") == Account(name="LAB\\alice")


async def test_an_entry_without_a_name_is_not_signed_in_as(make) -> None:
    """That would be a sign-in as nobody, which a directory grants."""

    def nameless(identifier: int) -> bytes:
        return entry(identifier, b"", sAMAccountName=b"alice") + result(identifier, DONE)

    async with playing(answering(welcome, nameless, welcome), SERVER) as port:
        assert await make(port).check("alice", "x") is None


async def test_unknown_users_cost_the_same_steps(make) -> None:
    """A sign-in as nobody takes the place of the one that cannot be; its yes counts for nothing."""
    known, unknown = [], []
    wrong = found(sAMAccountName=b"alice")
    refused = lambda identifier: result(identifier, BIND, 49)  # noqa: E731 - one of many small answers
    async with playing(answering(welcome, wrong, refused, heard=known), SERVER) as port:
        assert await make(port).check("alice", "secret") is None
    async with playing(answering(welcome, nothing, welcome, heard=unknown), SERVER) as port:
        assert await make(port).check("alice", "secret") is None

    assert len(known) == len(unknown) == 3
    assert LYING in known[2]
    assert b"secret" in unknown[2]
    assert BASE.encode() in unknown[2]


GARBAGE = {
    "plain text": lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "an empty message": lambda _: ber(0x30),
    "an endless length": lambda _: b"\x30\xff" + b"\xff" * 200,
    "an indefinite length": lambda _: b"\x30\x80\x00\x00",
    "half an answer": lambda identifier: result(identifier, BIND)[:-3],
    "more than anybody wants": lambda _: b"\x30\x84\x7f\xff\xff\xff" + b"x" * 2_000_000,
    "another number": lambda identifier: result(identifier + 1, BIND),
    "the end of a search": lambda identifier: result(identifier, DONE),
    "an unknown operation": lambda identifier: result(identifier, 0x7E),
    "a notice of disconnection": lambda _: message(
        0, 0x78, number(52, 0x0A), ber(4), ber(4), ber(0x8A, b"1.3.6.1.4.1.1466.20036")
    ),
    "a code that does not exist": lambda identifier: result(identifier, BIND, 4711),
    "no code": lambda identifier: message(identifier, BIND),
    "nested beyond reason": lambda _: ber(0x30, *[b"\x30\x84\x00\x00\x40\x00" * 3000]),
    "names that are no text": lambda identifier: entry(identifier, b"\xff\xfe", x=b"y"),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("before", [(), (welcome,), (welcome, found(sAMAccountName=b"alice"))])
async def test_garbage_is_no_answer(make, garbage, before) -> None:
    """At whatever step: the directory is down, nobody is signed in, and the next question is a new one."""

    async def play(reader, writer) -> None:
        await answering_once(reader, writer)
        writer.close()

    async def answering_once(reader, writer) -> None:
        for answer in (*before, garbage):
            identifier, _ = await read_request(reader)
            writer.write(answer(identifier))
            await writer.drain()

    async with playing(play, SERVER) as port:
        with pytest.raises(ProviderDown) as down:
            await make(port).check("alice", "hunter2")
    assert "hunter2" not in str(down.value)
    assert "alice" not in str(down.value)


async def hang(reader, _writer) -> None:
    """Say nothing."""
    await reader.read(-1)


async def shut(_reader, writer) -> None:
    """Break off."""
    writer.close()


@pytest.mark.parametrize(
    ("play", "context", "sentence"),
    [
        (hang, SERVER, "in time|within"),
        (hang, None, "in time|within"),
        (shut, SERVER, "LDAP|broke off"),
        (shut, None, "cannot be reached"),
        (answering(welcome), SERVER, "in time|within"),
        (answering(welcome, nothing), SERVER, "in time|within"),
    ],
)
async def test_a_dead_server_is_waited_for_a_bounded_time(make, play, context, sentence) -> None:
    """Whenever it falls silent."""
    async with playing(play, context) as port:
        with pytest.raises(ProviderDown, match=sentence):
            await make(port, seconds=0.3).check("alice", "x")


@pytest.mark.parametrize("code", [1, 2, 8, 10, 51, 52, 80])
async def test_a_server_that_does_not_check_is_down(make, code) -> None:
    """That is no wrong password, and nobody is locked out for it."""
    no = lambda identifier: result(identifier, BIND, code)  # noqa: E731 - one of many small answers
    async with playing(answering(welcome, nothing, no), SERVER) as port:
        with pytest.raises(ProviderDown, match=rf"\({code}\)"):
            await make(port).check("alice", "x")


async def test_referrals_are_not_followed(make) -> None:
    """They are no entries, and nobody else is asked."""

    def referral(identifier: int) -> bytes:
        return message(identifier, 0x73, ber(4, b"ldap://evil.test/")) + result(identifier, DONE)

    async with playing(answering(welcome, referral), SERVER) as port:
        assert await make(port).find("alice") is None


async def test_closing_ends_it(make) -> None:
    """Questions that come later are told."""
    source = make(1)
    assert await source.find("") is None
    await source.close()

    with pytest.raises(ProviderDown, match="stopping"):
        await source.find("alice")


def test_without_the_library_the_rest_works() -> None:
    """The module can be read, and says what is missing; the settings tell how to install it."""
    code = "import sys; sys.modules['ldap3'] = None; from proxy.accounts import ldap; sys.exit(ldap.IS_INSTALLED)"

    assert ldap.IS_INSTALLED
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
