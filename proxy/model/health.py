"""What a site demands of its servers' health, as values; how a server stands is left to the room `health`."""

from dataclasses import dataclass

EVERYTHING_FINE = ((200, 399),)
"""Statuses that say that a server works, unless the site knows better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRules:
    """When a server counts as down and when as up again; names and defaults are those of `[health]`."""

    path: str = ""
    """Path that is asked for to see whether a server works; empty: nobody asks."""
    expect: tuple[tuple[int, int], ...] = EVERYTHING_FINE
    """Statuses, from and to, that the answer to it may have."""
    interval: float = 10.0
    """Seconds between two checks."""
    timeout: float = 5.0
    """Seconds that a check may take, from the connection to the head of the answer."""
    fall: int = 3
    """Checks in a row that must fail before a server is down."""
    rise: int = 2
    """Checks in a row that must pass before a server that is down is up again."""
    failures: int = 1
    """Connections in a row that must fail before a server is down; 0: they take none down."""
    hold: float = 30.0
    """Seconds until one request tries a server that failing connections took down."""

    def is_expected(self, status: int) -> bool:
        """Tell whether the answer to a check may have this status."""
        return any(low <= status <= high for low, high in self.expect)
