"""Puts the checks of servers together: who is asked, and through what; asking is `upstream`'s, judging is `health`'s.

There is one set of checks for a proxy, whoever serves: each worker is told what they find (`ServerHealth.note_check`).
"""

import random
from collections.abc import Callable

from proxy.message.response import ResponseReader
from proxy.model.sites import Topology
from proxy.upstream.asking import Asker, Check
from proxy.upstream.attempt import Attempts
from proxy.upstream.checks import Checks, Tell
from proxy.upstream.dial import Dialer, Watch
from proxy.upstream.probe import Prober


def make_checks(
    attempts: Attempts, prober: Prober, clock: Callable[[], float], first_server: str, *, tell: Tell, watch: Watch
) -> Checks:
    """Make checks that dial as requests do; give them `checks_of` to watch, and each tick.

    `tell` hears of each check, `watch` how trust goes, as by requests. Nobody is told that an untrusted certificate is
    allowed: 1043 speaks when requests use it.
    """
    dialer = Dialer(attempts, prober, lambda _event: None, clock, first_server)
    dialer.watch = watch
    return Checks(Asker(dialer.dial, ResponseReader(first_server), first_server).ask, tell, random.random)


def checks_of(topology: Topology) -> list[Check]:
    """List the servers of all sites with the rules by which each is asked."""
    return [
        Check(server, site.policy, site.timeouts, site.health) for site in topology.sites for server in site.reachable
    ]
