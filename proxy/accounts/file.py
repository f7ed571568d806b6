"""Accounts out of a users file, read anew whenever it changes; what stands in it is read by `directory`."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from proxy.accounts.passwords import Checker
from proxy.accounts.provider import Provider
from proxy.directory.faults import DirectoryInvalid, Problem
from proxy.directory.people import Directory
from proxy.directory.users_file import Entry, parse_users
from proxy.model.accounts import Account

MAX_FILE = 32 * 1024 * 1024
"""Bytes of a users file."""
PROBLEMS_TOLD = 3
"""Problems of a broken file that are told."""

Print = tuple[int, ...]
"""What tells one state of a file from another: device, inode, size and times."""


class _Content(NamedTuple):
    """What a file held at one moment."""

    directory: Directory
    hashes: dict[str, str]
    """Canonical name → hash."""

    def __repr__(self) -> str:
        return f"_Content({len(self.hashes)} users)"


class FileProvider(Provider):
    """The users of a file."""

    def __init__(self, path: Path, default_domain: str, checker: Checker, tell: Callable[[str], None]) -> None:
        """Read the file; `default_domain` is what a bare name means, `tell` is told why a new file is not used.

        Raises: DirectoryInvalid, also for a file that cannot be read.
        """
        self._path = path
        self._default_domain = default_domain
        self._checker = checker
        self._tell = tell
        self._told = ""
        self._reading: asyncio.Task[None] | None = None
        self._print = fingerprint(path)  # before reading: a change in between is read at the next tick
        self._content = self._read()

    async def check(self, login: str, password: str) -> Account | None:
        """Give the account of a login if the password is right, as it stands in the file when that is known."""
        account = self._content.directory.find(login)
        phc = self._content.hashes[account.name] if account else ""
        if not await self._checker.check(password, phc):
            return None
        now = self._content.directory.find(login)
        return now if now is not None and self._content.hashes[now.name] == phc else None

    async def find(self, login: str) -> Account | None:
        """Give the account of a canonical name or of any login."""
        return self._content.directory.find(login)

    def cached(self, name: str, now: float) -> Account | None:  # noqa: ARG002 - what stands in the file is never too old
        """Give the account of a canonical name as the file says."""
        return self._content.directory.named(name)

    def tick(self, now: float) -> None:  # noqa: ARG002 - whether the file changed does not depend on the time
        """Begin to read the file anew if it, or what the link to it means, has changed; call it on the loop.

        The users read before are in force until all of it is read.
        """
        if self._reading is not None:
            if not self._reading.done():
                return
            reading, self._reading = self._reading, None
            reading.result()  # a defect is told where ticks come from
        seen = fingerprint(self._path)
        if seen != self._print:
            self._print = seen
            self._reading = asyncio.get_running_loop().create_task(self._read_anew(), name="read the users file")

    async def _read_anew(self) -> None:
        """Read in a thread, for many users take a second in which everybody else would wait."""
        try:
            self._content = await asyncio.to_thread(self._read)
        except DirectoryInvalid as fault:
            self._report(fault)
        else:
            self._told = ""

    async def close(self) -> None:
        """End the checking of passwords, and a reading that has begun."""
        await self._checker.close()
        if self._reading is not None:
            await asyncio.wait({self._reading})

    def _read(self) -> _Content:
        entries = read_users(self._path)
        directory = Directory((entry.account for entry in entries), self._default_domain)
        return _Content(directory, {entry.account.name: entry.password_hash for entry in entries})

    def _report(self, fault: DirectoryInvalid) -> None:
        """Tell what is wrong, but the same only once."""
        more = len(fault.problems) - PROBLEMS_TOLD
        problems = " ".join(map(str, fault.problems[:PROBLEMS_TOLD])) + (f" And {more} more." if more > 0 else "")
        sentence = f"The new users file is not used; the users read before stay. {problems}"
        if sentence != self._told:
            self._told = sentence
            self._tell(sentence)


def fingerprint(path: Path) -> Print | None:
    """Tell one state of a file from another, links followed; None when there is no file."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


def read_users(path: Path) -> tuple[Entry, ...]:
    """Read the users of a file.

    Raises: DirectoryInvalid, also for a file that cannot be read.
    """
    return parse_users(read_file(path), path.name)


def read_file(path: Path) -> str:
    """Read the text of a users file; it may begin with a byte order mark.

    Raises: DirectoryInvalid.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would hold the loop
            raise DirectoryInvalid([Problem(str(path), 0, "This is no regular file.")])
        with path.open("rb") as file:
            octets = file.read(MAX_FILE + 1)
    except OSError as fault:
        raise DirectoryInvalid([Problem(str(path), 0, f"The file cannot be read: {fault.strerror}.")]) from fault
    if len(octets) > MAX_FILE:
        raise DirectoryInvalid([Problem(str(path), 0, f"The file is larger than {MAX_FILE:,} bytes.")])
    return as_text(octets, path.name)


def as_text(octets: bytes, name: str) -> str:
    """Give the text that a users file holds; it may begin with a byte order mark. `name` is what a fault calls it.

    Raises: DirectoryInvalid.
    """
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = octets.count(b"\n", 0, fault.start) + 1
        raise DirectoryInvalid([Problem(name, line, "This is not UTF-8.", "Save the file as UTF-8.")]) from None
