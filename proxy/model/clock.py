"""The coarse clock that the data path reads instead of asking the system; turning it is left to `service`."""


class Ticks:
    """Seconds of a monotonic clock, moved forward a few times a second.

    Reading an attribute costs a fiftieth of a clock call, and time limits need no more than half a second of accuracy.
    """

    __slots__ = ("now",)

    def __init__(self, now: float) -> None:
        self.now = now
        """Monotonic seconds; compare only with values of the same instance."""
