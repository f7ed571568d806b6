"""Settings of the process itself: allocator, garbage collector, descriptors. Measured with tests/bench."""

import ctypes
import gc
from contextlib import suppress

try:
    import resource
except ImportError:  # not on every platform
    resource = None  # type: ignore[assignment]  # checked before use

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""Parameters of glibc's mallopt(3)."""

KEPT_BYTES = 16 * 1024 * 1024
"""Free memory that glibc keeps. Without it every 256 KiB read gives its buffer back to the kernel and faults it in
again: twice the CPU time for a 10 MiB download in a fresh process."""

MMAP_BYTES = 270_000
"""Smaller blocks come from the heap and are used again: aiofastnet's reads of 256 KiB, or a 64 KiB GET costs 1.9 times
as much. Larger ones are mapped: the buffers of a connection (`transports.BUFFER_BYTES`), of which little is touched."""

TOP_PAD_BYTES = 0
"""Nothing beyond what was asked for: glibc maps a block only when the free end of the heap cannot hold it."""

GC_THRESHOLD = 20_000
"""Objects before a collection: what a request makes dies by reference counting, cycles are broken by hand."""

SPARE_DESCRIPTORS = 64
"""For listeners, logs, the admin API and the interpreter."""


def tune_allocator() -> bool:
    """Let glibc keep freed memory; False where there is no glibc."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return all(
        mallopt(parameter, value)
        for parameter, value in (
            (M_TRIM_THRESHOLD, KEPT_BYTES),
            (M_TOP_PAD, TOP_PAD_BYTES),
            (M_MMAP_THRESHOLD, MMAP_BYTES),
        )
    )


def tune_collector() -> None:
    """Take what has been loaded out of collections, and collect less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)


def allowed_connections(wanted: int) -> tuple[int, int]:
    """Raise the limit of open files as far as allowed; give how many connections fit, and the limit.

    A browser's connection may need one to a backend, so two descriptors each.
    """
    if resource is None:
        return wanted, 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted * 2 + SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < needed:
        wish = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with suppress(OSError, ValueError):  # the kernel's own bound, fs.nr_open, may be lower than "infinite"
            resource.setrlimit(resource.RLIMIT_NOFILE, (wish, hard))
            soft = wish
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted, soft
    return max(1, (soft - SPARE_DESCRIPTORS) // 2), soft
