"""Claims a folder for one running lab; what is written there is left to others."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proxy.lab.topology import LabMistake

FILE = ".running"
"""Holds the process id of the lab that runs; the lock on it counts, not that it is there."""
_LONGEST_ID = 20


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Hold `folder` while the block runs: a second lab there would put its own addresses into the first one's settings.

    Raises: `LabMistake` when another lab holds it, `OSError` when the folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel lets go of it when a lab is killed
        except BlockingIOError:
            raise LabMistake(_sentence(folder, os.read(descriptor, _LONGEST_ID))) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def _sentence(folder: Path, holder: bytes) -> str:
    who = f"process {int(holder)}" if holder.isdigit() else "another process"
    return (
        f"A lab is running already with the folder {folder} ({who}). "
        "End it with Ctrl-C, or give this one a folder and ports of its own: --state DIR --port 0."
    )
