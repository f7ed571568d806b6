"""Change a users file in one step that nobody sees half done; what is changed is the caller's."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from proxy.accounts.file import read_file

NEW_MODE = 0o600
"""Mode of a new file: it holds hashes, so the owner alone may read it."""


def rewrite(path: Path, change: Callable[[str], str], *, new: str | None = None) -> None:
    """Replace the text of a file by what `change` makes of it; whoever else does so waits.

    A link stays a link, and mode and owner stay as they are. `new` is the text of a file that is not there yet, None if
    it must be there. Raises: DirectoryInvalid for a file that cannot be read, `OSError` when it cannot be written, and
    what `change` raises; the file is as before then.
    """
    target = path.resolve()
    with _lock(target.parent):
        text = new if new is not None and not target.exists() else read_file(target)
        _replace(target, change(text).encode())


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the folder: the file itself is replaced, so a lock on it would be held on the old one."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # the kernel lets go of it when a process is killed
        yield
        os.fsync(descriptor)  # the new name survives a loss of power
    finally:
        os.close(descriptor)


def _replace(target: Path, content: bytes) -> None:
    draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, NEW_MODE)
        with os.fdopen(descriptor, "wb") as file:
            _take_over(target, file.fileno())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _take_over(target: Path, descriptor: int) -> None:
    """Give the draft owner, group and mode of the file it replaces."""
    if not target.exists():
        return
    old, new = target.stat(), os.fstat(descriptor)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o777)
