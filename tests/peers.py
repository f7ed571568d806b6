"""Programs that some tests are run against, as a table; as a script it tells what is missing and was left out.

Choosing the tests is left to `conftest.py`.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple


class Peer(NamedTuple):
    """A program that nobody here wrote."""

    programs: tuple[str, ...]
    """Executables, each of which is needed."""
    packages: str
    """Debian's packages that bring them."""
    as_root: bool = False
    """Whether the tests need root."""


PEERS = {
    "needs_nginx": Peer(("nginx",), "nginx-light"),
    "needs_haproxy": Peer(("haproxy",), "haproxy"),
    "needs_wrk": Peer(("wrk",), "wrk"),
    "needs_curl": Peer(("curl",), "curl"),
    "needs_openssl": Peer(("openssl",), "openssl"),
    "needs_slapd": Peer(("slapd", "ldapmodify"), "slapd ldap-utils"),
    "needs_rsyslog": Peer(("rsyslogd",), "rsyslog rsyslog-gnutls"),
    "needs_promtool": Peer(("promtool",), "prometheus"),
    "needs_chromium": Peer(("chromium",), "chromium fonts-dejavu-core"),
    "needs_podman": Peer(("podman", "buildah", "runc", "debootstrap"), "podman buildah runc debootstrap", as_root=True),
}
"""Marker of the tests to the peer they need."""

STRICT = "LEAVE_NOTHING_OUT"
"""Environment variable that turns a test that was left out into a failure."""

LEFT_OUT = Path(__file__).parent.parent / ".pytest_cache" / "v" / "casproxy" / "left_out"
"""Where pytest's cache keeps the list of the last run."""

# Debian keeps some of the programs where only root looks.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def why_missing(marker: str) -> str:
    """Tell what keeps the tests with this marker from running; empty when nothing does."""
    peer = PEERS[marker]
    missing = [program for program in peer.programs if shutil.which(program, path=SEARCH_PATH) is None]
    if missing:
        return f"{', '.join(missing)} not found (apt-get install {peer.packages})"
    if peer.as_root and os.geteuid() != 0:
        return f"{peer.programs[0]} is used as root here, and this is another user"
    return ""


def report(left_out: list[list[str]]) -> str:
    """Compose the closing words: each test that was left out with its reason, then each peer that is missing."""
    lines = [f"  {name}: {why}" for name, why in left_out]
    missing = [f"  {marker}: {why}" for marker in PEERS if (why := why_missing(marker))]
    if not lines and not missing:
        return "Nothing was left out: every peer is installed."
    rule = "!" * 100
    head = [rule, f"!!! {len(lines)} TESTS WERE LEFT OUT"]
    peers = [f"!!! {len(missing)} PEERS ARE MISSING", *missing] if missing else []
    return "\n".join([*head, *lines, *peers, rule])


if __name__ == "__main__":
    sys.stdout.write(report(json.loads(LEFT_OUT.read_text()) if LEFT_OUT.exists() else []) + "\n")
