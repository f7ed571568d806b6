"""The process takes what it needs of the system, and says when that is less."""

import gc
import sys

import pytest

from proxy.service import memory
from proxy.service.memory import SPARE_DESCRIPTORS, allowed_connections, tune_allocator, tune_collector
from proxy.service.transports import BUFFER_BYTES

INFINITE = -1


class FakeResource:
    """Limits of open files, kept in memory."""

    RLIMIT_NOFILE = 7
    RLIM_INFINITY = INFINITE

    def __init__(self, soft: int, hard: int) -> None:
        self.limits = (soft, hard)

    def getrlimit(self, which: int) -> tuple[int, int]:
        """Give both."""
        assert which == self.RLIMIT_NOFILE
        return self.limits

    def setrlimit(self, which: int, limits: tuple[int, int]) -> None:
        """Take both; like the system, refuse to exceed the hard one."""
        assert which == self.RLIMIT_NOFILE
        assert self.limits[1] == INFINITE or limits[0] <= limits[1] == self.limits[1]
        self.limits = limits


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "fitting", "after"),
    [
        (100_000, 100_000, 1000, 1000, 100_000),  # enough already
        (1024, 100_000, 10_000, 10_000, 20_064),  # raised as far as needed
        (1024, 4096, 10_000, 2016, 4096),  # raised as far as allowed
        (1024, INFINITE, 10_000, 10_000, 20_064),
        (INFINITE, INFINITE, 10_000, 10_000, INFINITE),
        (64, 64, 10, 1, 64),  # never none at all
    ],
)
def test_the_limit_is_raised_as_far_as_needed_and_allowed(monkeypatch, soft, hard, wanted, fitting, after):  # noqa: PLR0917
    """Two descriptors a connection and some to spare; what does not fit is told."""
    fake = FakeResource(soft, hard)
    monkeypatch.setattr(memory, "resource", fake)

    assert allowed_connections(wanted) == (fitting, after)
    assert fake.limits == (after, hard)
    assert SPARE_DESCRIPTORS == 64


def test_where_there_are_no_limits_everything_fits(monkeypatch):
    """Platforms without `resource` are taken at their word."""
    monkeypatch.setattr(memory, "resource", None)

    assert allowed_connections(10_000) == (10_000, 0)


class FakeLibrary:
    """A C library whose mallopt takes or refuses."""

    def __init__(self, answer: int) -> None:
        self.calls: list[tuple[int, int]] = []
        self._answer = answer

    def mallopt(self, parameter: int, value: int) -> int:
        """Note the call."""
        self.calls.append((parameter, value))
        return self._answer


@pytest.mark.parametrize(("answer", "calls"), [(1, 3), (0, 1)])
def test_the_allocator_is_told_to_keep_memory(monkeypatch, answer, calls):
    """Three parameters; the answer says whether all were taken."""
    library = FakeLibrary(answer)
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _name: library)

    assert tune_allocator() is bool(answer)
    assert len(library.calls) == calls


@pytest.mark.parametrize("broken", [OSError("none"), None])
def test_without_glibc_nothing_is_told(monkeypatch, broken):
    """No library, or one without mallopt: the process runs as it is."""

    def load(_name):
        if broken is not None:
            raise broken
        return object()

    monkeypatch.setattr(memory.ctypes, "CDLL", load)

    assert tune_allocator() is False


def test_the_collector_leaves_what_is_loaded_alone():
    """Frozen, and collecting seldom."""
    before = gc.get_threshold()
    try:
        tune_collector()
        frozen, threshold = gc.get_freeze_count(), gc.get_threshold()
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)

    assert frozen > 0
    assert threshold[0] == memory.GC_THRESHOLD


def test_buffers_are_mapped_and_reads_are_not():
    """A connection's buffers are beyond the bound, what aiofastnet allocates for each read is below it."""
    constants = pytest.importorskip("aiofastnet.constants")

    assert constants.DATA_RECEIVED_MAX_SIZE + sys.getsizeof(b"") < memory.MMAP_BYTES
    assert memory.MMAP_BYTES + constants.DATA_RECEIVED_MAX_SIZE // 8 < BUFFER_BYTES
