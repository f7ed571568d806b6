"""Numbers for trust policies: a site keeps its number while nothing about its policy changes, files included."""

import hashlib
from dataclasses import fields
from pathlib import Path

from proxy.model.sites import Topology, TrustPolicy


def fingerprint(policy: TrustPolicy) -> str:
    """Give a digest of everything that decides over trust, the contents of the policy's files included.

    A file that cannot be read counts as empty; reading it for use is what tells the fault.
    """
    words = [(each.name, getattr(policy, each.name)) for each in fields(policy) if each.name != "generation"]
    digest = hashlib.sha256(repr(words).encode())
    for name in (*policy.ca_files, *policy.crl_files, policy.client_cert, policy.client_key):
        try:
            content = Path(name).read_bytes()
        except (OSError, ValueError):
            content = b""
        digest.update(hashlib.sha256(name.encode() + b"\0" + content).digest())
    return digest.hexdigest()


class Generations:
    """Site name → number; numbers are never used twice."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int]] = {}
        self._last = 0

    def go_on_after(self, topology: Topology) -> None:
        """Give numbers above those that others have given; nothing is known of what they stood for."""
        self._known.clear()
        self._last = max([self._last, *(site.policy.generation for site in topology.sites)])

    def number(self, topology: Topology) -> dict[str, int]:
        """Give each site the number of its policy: the old one if nothing changed, a fresh one otherwise."""
        numbers = {}
        for site in topology.sites:
            mark = fingerprint(site.policy)
            known = self._known.get(site.name)
            if known is None or known[0] != mark:
                self._last += 1
                known = self._known[site.name] = (mark, self._last)
            numbers[site.name] = known[1]
        return numbers
