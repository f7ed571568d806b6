"""What the monitor knows of a server, as plain values for JSON; collecting it is left to `upstream.monitor`."""

from typing import Any

from proxy.model.verdict import Verdict
from proxy.trust.plain import to_plain
from proxy.upstream.monitor import Standing, Watched
from proxy.upstream.probe import Probe


def to_plain_standing(standing: Standing) -> dict[str, Any]:  # JSON has no narrower type
    """List server, policy and the last verdict; `verdict` is null before the first one."""
    return plain_look(standing.watched, standing.probe, standing.known.verdict)


def plain_look(watched: Watched, probe: Probe | None, verdict: Verdict | None) -> dict[str, Any]:
    """Do the same for a look and a verdict.

    `fault` says why the look found nothing out; the verdict beside it is then an older one.
    """
    server, policy, _ = watched
    return {
        "site": server.site,
        "server": server.authority,
        "dialled": server.dialled,
        "policy": policy.name,
        "policy_source": policy.source,
        "looked_at": probe.at.isoformat(timespec="seconds") if probe is not None else None,
        "fault": str(probe.fault) if probe is not None and probe.fault is not None else "",
        "tls_version": probe.tls_version if probe is not None else "",
        "verdict": to_plain(verdict) if verdict is not None else None,
    }
