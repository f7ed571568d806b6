"""A file of lines that is turned over when it is large; what a line says and who waits for the disk is left to others.

A line is written with one call, so that two who append to the same file tear none. A line that was cut off, because
the disk is full, is taken back, or where that cannot be the next one begins on a line of its own.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

MODE = 0o640
"""Others cannot read it: names of servers and users are in it."""

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
RETRY_SECONDS = 1.0
"""How long a file that cannot be written is left alone."""


class LogFile:
    """A place for a courier: `path`, and before it `path.1` to `path.keep`, the newest first."""

    def __init__(self, path: str, *, max_bytes: int, keep: int) -> None:
        """Open nothing yet. A file that reaches `max_bytes` with the next line is turned over before it."""
        self._path = Path(path)
        self._max_bytes = max_bytes
        self._keep = keep
        self._descriptor = -1
        self._identity = (0, 0)
        self._size = 0
        self._is_regular = self._is_torn = False

    def deliver(self, record: bytes) -> None:
        """Append a line. A file that was moved away or removed, its folder too, is made anew."""
        if self._descriptor >= 0 and self._identity != self._identity_of_path():
            self.close()
        if self._descriptor < 0:
            self._open()
        if self._is_regular and self._size and self._size + len(record) > self._max_bytes:
            self._turn_over()
        self._append(b"\n" + record if self._is_torn else record)

    def reopen(self) -> None:
        """Open the file anew before the next line."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            with suppress(OSError):
                os.close(descriptor)

    def _identity_of_path(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0)
        return (found.st_dev, found.st_ino)

    def _open(self) -> None:
        try:
            descriptor = os.open(self._path, _FLAGS, MODE)
        except FileNotFoundError:
            self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            descriptor = os.open(self._path, _FLAGS, MODE)
        found = os.fstat(descriptor)
        self._descriptor = descriptor
        self._identity = (found.st_dev, found.st_ino)
        self._is_regular = stat.S_ISREG(found.st_mode)
        self._size = found.st_size if self._is_regular else 0
        self._is_torn = self._size > 0 and os.pread(descriptor, 1, self._size - 1) != b"\n"

    def _turn_over(self) -> None:
        """Rename the file and its predecessors, the oldest is overwritten, and begin a new one."""
        for number in range(self._keep - 1, 0, -1):
            with suppress(FileNotFoundError):
                self._numbered(number).replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))
        self.close()
        self._open()

    def _numbered(self, number: int) -> Path:
        return Path(f"{self._path}.{number}")

    def _append(self, line: bytes) -> None:
        written = 0
        try:
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
        except OSError:
            if written:
                self._take_back(written)
            raise
        self._size += written
        self._is_torn = False

    def _take_back(self, written: int) -> None:
        """Remove the part of a line that was written, unless somebody else has written since."""
        end = self._size + written
        self._is_torn = True
        with suppress(OSError):
            if self._is_regular and os.fstat(self._descriptor).st_size == end:
                os.ftruncate(self._descriptor, self._size)
                self._is_torn = self._size > 0 and os.pread(self._descriptor, 1, self._size - 1) != b"\n"
                return
        self._size = end
