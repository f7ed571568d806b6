"""Several processes."""

from proxy.service.control import Load
from proxy.service.load import Loaded


def supervise(loaded: Loaded, load: Load, *, colour: bool) -> int:
    """Serve with several workers."""
    raise NotImplementedError
