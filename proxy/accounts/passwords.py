"""Hash passwords and check them with Argon2id, off the loop and a few at once; whose they are is left to the caller."""

import asyncio
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from proxy.accounts.provider import Busy, ProviderDown
from proxy.directory.phc import BadHash, Costs, Phc, check_costs, read_phc

MAX_PASSWORD = 1024
"""Bytes of a password in UTF-8."""

_SALT_BYTES = 16
_DIGEST_BYTES = 32


class BadPassword(Exception):
    """A password cannot be one; `str()` says why and does not show it."""


def hash_password(password: str, costs: Costs) -> str:
    """Hash a password with a salt of its own; gives an Argon2id hash as text.

    Raises: BadPassword; BadHash for costs beyond the bounds.
    """
    check_costs(costs)
    octets = _to_bytes(password)
    if not octets:
        raise BadPassword(f"A password has at least one character and at most {MAX_PASSWORD} bytes.")
    salt = os.urandom(_SALT_BYTES)
    return Phc(costs, salt, _function(costs, salt, _DIGEST_BYTES).derive(octets)).spell()


def verify(password: str, phc: str) -> bool:
    """Tell whether a hash was made of this password; False for texts that are no hash and for unusable passwords.

    A password that is too long costs as much as a wrong one. Digests are compared in constant time.
    """
    try:
        wanted = read_phc(phc)
    except BadHash:
        return False
    octets = _to_bytes(password)
    try:
        _function(wanted.costs, wanted.salt, len(wanted.digest)).verify(octets or b"\0", wanted.digest)
    except InvalidKey:
        return False
    return bool(octets)


class Checker:
    """Checks passwords in threads of its own; every check costs one verification, whoever is asked for."""

    def __init__(
        self,
        costs: Costs,
        *,
        threads: int = 2,
        waiting: int = 64,
        verify: Callable[[str, str], bool] = verify,
    ) -> None:
        """`costs` are what a check of nobody's password costs; at most `threads` run at once, at most `waiting` wait.

        Raises: BadHash for costs beyond the bounds.
        """
        check_costs(costs)
        self._nobody = Phc(costs, os.urandom(_SALT_BYTES), os.urandom(_DIGEST_BYTES)).spell()
        self._most = threads + waiting
        self._verify = verify
        self._under_way = 0
        self._is_closed = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="casproxy-password")

    async def check(self, password: str, phc: str) -> bool:
        """Tell whether the password is right; without a hash the answer is False, at the usual cost.

        Raises: Busy when too many wait; ProviderDown when closed.
        """
        if self._under_way >= self._most:
            raise Busy("Too many passwords are being checked at once.")
        self._refuse_closed()
        self._under_way += 1
        try:
            return await asyncio.wrap_future(self._pool.submit(self._run, password, phc))
        finally:
            self._under_way -= 1

    async def close(self) -> None:
        """End the threads; checks that have not begun raise ProviderDown."""
        self._is_closed = True
        await asyncio.to_thread(self._pool.shutdown)

    def _run(self, password: str, phc: str) -> bool:
        """Check in a thread."""
        self._refuse_closed()
        try:
            return self._verify(password, phc or self._nobody) and bool(phc)
        except MemoryError:
            raise Busy("There is not enough memory to check a password.") from None

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise ProviderDown("Passwords are no longer checked: the proxy is stopping.")


def _function(costs: Costs, salt: bytes, length: int) -> Argon2id:
    return Argon2id(
        salt=salt, length=length, iterations=costs.iterations, lanes=costs.lanes, memory_cost=costs.memory_kib
    )


def _to_bytes(password: str) -> bytes:
    """Give the bytes that are hashed, the same for each composition of a letter; none for what can be no password."""
    if len(password) > MAX_PASSWORD:
        return b""
    octets = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return octets if len(octets) <= MAX_PASSWORD else b""
