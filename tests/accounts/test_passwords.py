"""Promises of hashing and checking passwords."""

import asyncio
import threading

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from proxy.accounts.passwords import MAX_PASSWORD, BadPassword, Checker, hash_password, verify
from proxy.accounts.provider import Busy, ProviderDown
from proxy.directory.phc import MOST, BadHash, Costs, read_phc

CHEAP = Costs(memory_kib=64, iterations=1, lanes=1)
OTHER = Costs(memory_kib=128, iterations=2, lanes=2)

UNUSABLE = {"empty": "", "too long": "a" * (MAX_PASSWORD + 1), "too many bytes": "\u00e9" * (MAX_PASSWORD // 2 + 1)}


class Counting:
    """Verifies, and keeps what each verification cost."""

    def __init__(self):
        self.costs = []

    def __call__(self, password, phc):
        """Verify."""
        self.costs.append(read_phc(phc).costs)
        return verify(password, phc)


class Held:
    """Verifies when it is let go; counts how many run at once."""

    def __init__(self):
        self.begun, self.go = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.running = self.most = 0

    async def has_begun(self):
        """Wait until one runs; all that was started before has been handed in by then."""
        assert await asyncio.to_thread(self.begun.wait, 30)

    def __call__(self, _password, _phc):
        """Say yes, in the end."""
        self.begun.set()
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.go.wait(30)
        with self.lock:
            self.running -= 1
        return True


@pytest.fixture
async def make():
    """Make checkers that are closed in the end."""
    made = []

    def build(**keys):
        made.append(Checker(CHEAP, **keys))
        return made[-1]

    yield build
    for each in made:
        await each.close()


@pytest.mark.parametrize(
    "password", ["secret", "\u00dcmlaut \U0001f511", "a" * MAX_PASSWORD, " ", "a\0b", "\ud800"], ids=ascii
)
@pytest.mark.parametrize("costs", [CHEAP, OTHER], ids=str)
def test_a_password_opens_its_own_hash_only(password, costs):
    """The right one is told from a wrong one, whatever it is made of and costs."""
    phc = hash_password(password, costs)

    assert read_phc(phc).costs == costs
    assert verify(password, phc)
    assert not verify(password[:-1] + "\u0001", phc)
    assert not verify(password[:-1], phc)


def test_the_default_costs_are_usable():
    """What an administrator gets without saying anything can be checked."""
    assert hash_password("secret", Costs()).startswith("$argon2id$v=19$m=65536,t=3,p=1$")


def test_other_programs_read_the_hash():
    """The form is understood by cryptography's own reader, and its hashes by ours."""
    Argon2id.verify_phc_encoded(b"secret", hash_password("secret", OTHER))
    theirs = Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=64).derive_phc_encoded(b"secret")

    assert verify("secret", theirs)


def test_a_letter_may_be_composed_in_any_way():
    """A keyboard that sends the accent apart signs in as well."""
    assert verify("e\u0301t\u00e9", hash_password("\u00e9te\u0301", CHEAP))


def test_no_two_hashes_are_alike():
    """Each has a salt of its own."""
    assert hash_password("secret", CHEAP) != hash_password("secret", CHEAP)


@pytest.mark.parametrize("password", UNUSABLE.values(), ids=UNUSABLE)
def test_what_can_be_no_password_is_not_hashed(password):
    """The reason is told, the password not."""
    with pytest.raises(BadPassword) as raised:
        hash_password(password, CHEAP)

    assert str(raised.value) == "A password has at least one character and at most 1024 bytes."


@pytest.mark.parametrize("password", [*UNUSABLE.values(), "\0"], ids=[*UNUSABLE, "what stands for it"])
def test_what_can_be_no_password_is_never_right(password):
    """Not even for a hash of what is hashed in its place or of its beginning."""
    for each in ("\0", "a" * MAX_PASSWORD):
        assert verify(password, hash_password(each, CHEAP)) is (password == each)


@pytest.mark.parametrize(
    "text", ["", "secret", "$argon2id$v=19$m=4294967295,t=1,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA"]
)
def test_what_is_no_hash_is_opened_by_nothing(text):
    """Hashes that ask for more than the bounds are not even tried."""
    assert not verify("secret", text)


@pytest.mark.parametrize("costs", [MOST._replace(memory_kib=MOST.memory_kib + 1), Costs(7, 1, 1), Costs(64, 0, 1)])
def test_costs_beyond_the_bounds_are_an_error(costs):
    """Neither hashing nor checking begins."""
    with pytest.raises(BadHash):
        hash_password("secret", costs)
    with pytest.raises(BadHash):
        Checker(costs)


async def test_every_check_is_one_verification_at_the_same_costs(make):
    """Right, wrong, too long, empty, without a hash: one each, so that no answer comes sooner than another."""
    count = Counting()
    checker, phc = make(verify=count), hash_password("secret", CHEAP)
    asked = [("secret", phc), ("wrong", phc), ("a" * 5000, phc), ("", phc), ("secret", ""), ("a" * 5000, ""), ("", "")]

    answers = [await checker.check(password, given) for password, given in asked]

    assert answers == [True] + [False] * 6
    assert count.costs == [CHEAP] * 7


async def test_nobodys_password_is_never_right(make):
    """Without a hash the answer is no, even if the verification says yes."""
    assert await make(verify=lambda _password, _phc: True).check("secret", "") is False


async def test_no_more_than_allowed_run_at_once_and_wait(make):
    """Two run, three wait, the sixth is refused; when there is room again the next one is taken."""
    held = Held()
    checker = make(verify=held, threads=2, waiting=3)
    tasks = [asyncio.ensure_future(checker.check("secret", "x")) for _ in range(5)]
    await held.has_begun()

    with pytest.raises(Busy, match="Too many passwords"):
        await checker.check("secret", "x")
    held.go.set()

    assert await asyncio.gather(*tasks) == [True] * 5
    assert held.most <= 2
    assert await checker.check("secret", "x")


async def test_who_goes_away_makes_room(make):
    """A check that is given up counts no longer, and does not run if it has not begun."""
    held, begun = Held(), []
    checker = make(verify=lambda *words: begun.append(words) or held(*words), threads=1, waiting=1)
    tasks = [asyncio.ensure_future(checker.check(word, "x")) for word in ("one", "two")]
    await held.has_begun()
    tasks[1].cancel()
    await asyncio.wait([tasks[1]])
    third = asyncio.ensure_future(checker.check("three", "x"))
    held.go.set()

    assert await asyncio.gather(tasks[0], third) == [True, True]
    assert [password for password, _ in begun] == ["one", "three"]


async def test_closing_ends_what_waits():
    """What runs is finished, what waits and what comes later raises ProviderDown."""
    held = Held()
    checker = Checker(CHEAP, verify=held, threads=1)
    tasks = [asyncio.ensure_future(checker.check("secret", "x")) for _ in range(3)]
    await held.has_begun()
    closing = asyncio.ensure_future(checker.close())
    asyncio.get_running_loop().call_soon(held.go.set)
    await closing

    first, *others = await asyncio.gather(*tasks, return_exceptions=True)
    assert first is True
    assert [type(each) for each in others] == [ProviderDown] * 2
    with pytest.raises(ProviderDown, match="stopping"):
        await checker.check("secret", "x")


async def test_want_of_memory_is_no_wrong_password(make):
    """It is told as being busy."""

    def fail(_password, _phc):
        raise MemoryError

    with pytest.raises(Busy, match="not enough memory"):
        await make(verify=fail).check("secret", "x")
