"""Keeps the lab's certificates in a folder: made once, remade when damaged, changed or near their end.

Which servers there are and how they fail is left to `lab`. The authority may sign names below `localhost` only, so that
who trusts it by hand trusts it with nothing else.
"""

import contextlib
import fcntl
import hashlib
import ipaddress
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS
from proxy.certkit.files import PRIVATE, PUBLIC, write_file
from proxy.certkit.leaf import Leaf, serve_files
from proxy.certkit.pair import Pair, find_pair, write_pair

Say = Callable[[str], None]
"""Takes one sentence for people."""

RENEW_BEFORE = timedelta(days=30)
"""What has less time left is made anew at the next start."""
LOCK_SECONDS = 10.0
"""How long one start waits for another to finish its work in the folder; that work takes a fraction of a second."""
_LOCK_STEP = 0.05
AUTHORITY_NAME = "casproxy lab authority (localhost only)"
"""Common name of the authority: how lists of trusted authorities show it."""
_LOCALHOST = x509.NameConstraints(
    permitted_subtrees=[
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_network("127.0.0.0/8")),
        x509.IPAddress(ipaddress.ip_network("::1/128")),
    ],
    excluded_subtrees=None,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A certificate that the store shall hold."""

    stem: str
    """Name of its files without the suffix."""
    names: tuple[str, ...]
    """Host names and addresses; a fault other than `good` is made for the first."""
    fault: str = "good"
    """Key into `FAULTS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the folder holds after a start."""

    ca_file: Path
    """The authority's certificate: the trust anchor of the lab."""
    authority: Authority
    """The authority itself."""
    pairs: dict[str, Pair] = field(default_factory=dict)
    """By the stem that was wanted."""


class StoreBusyError(Exception):
    """Another start held the folder's lock for too long."""


def open_store(folder: Path, wanted: Sequence[Wanted], say: Say, now: datetime | None = None) -> Stored:
    """Make `folder` hold what is wanted and return the paths; `say` is told everything that is made anew and why.

    Waits while another start works in the same folder. Raises: `StoreBusyError` when that takes more than ten seconds,
    `OSError` when the folder cannot be written, `CannotMake` for a fault that cannot be made on this machine.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    with _locked(folder):
        return _Store(folder, say, now or datetime.now(UTC)).fill(wanted)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # flock and not a file that exists: the kernel lets go of it when a start is killed.
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        _take(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                message = f"Another start has been working in {folder} for {LOCK_SECONDS:.0f} s; end it and try again."
                raise StoreBusyError(message) from None
            time.sleep(_LOCK_STEP)
        else:
            return


class _Store:
    """One filling of the folder, under the lock."""

    def __init__(self, folder: Path, say: Say, now: datetime) -> None:
        self._folder = folder
        self._say = say
        self._now = now

    def fill(self, wanted: Sequence[Wanted]) -> Stored:
        authority = self._authority()
        issuer = hashlib.sha256(authority.certificate_pem).hexdigest()
        before = self._read_manifest()
        after: dict[str, object] = {}
        stored = Stored(ca_file=self._folder / "ca.pem", authority=authority)
        for one in wanted:
            pair = find_pair(self._folder, one.stem)
            order: dict[str, object] = {"names": list(one.names), "fault": one.fault, "issuer": issuer}
            why = self._why_anew(one, pair, order, before.get(one.stem))
            if why is not None:
                pair = write_pair(_make(one, authority), self._folder, one.stem)
                self._tell(pair.certificate, why)
            after[one.stem] = order | {"sha256": _fingerprint(pair)}
            stored.pairs[one.stem] = pair
        self._write_manifest(before | after)
        return stored

    def _tell(self, path: Path, why: str) -> None:
        if why:
            self._say(f"{path} {why} and has been made anew.")

    def _authority(self) -> Authority:
        pair = find_pair(self._folder, "ca")
        try:
            authority = Authority.load(pair.certificate.read_bytes(), pair.key.read_bytes())
        except FileNotFoundError:
            why = "was there without its other half" if pair.certificate.exists() or pair.key.exists() else ""
        except (ValueError, TypeError):
            why = "was damaged"
        else:
            self._close_key(pair.key)
            if self._has_time_left(authority.certificate):
                return authority
            why = "was near its end"
        authority = Authority.create(AUTHORITY_NAME, extensions=((_LOCALHOST, True),))
        write_file(pair.key, authority.key_pem, PRIVATE)
        write_file(pair.certificate, authority.certificate_pem, PUBLIC)
        self._tell(pair.certificate, why and f"{why}, so everybody who trusted it has to trust the new one,")
        return authority

    def _why_anew(self, one: Wanted, pair: Pair, order: dict[str, object], known: object) -> str | None:
        """Say why the pair has to be made; empty when it is simply not there yet, None when it is fine."""
        if not pair.certificate.exists() and not pair.key.exists():
            return ""
        certificate = _readable(pair)
        if certificate is None:
            return "or its key was damaged"
        if known != order | {"sha256": _fingerprint(pair)}:
            return "or what lies beside it was made for other names, another fault or another authority"
        self._close_key(pair.key)
        # Revocation lists end together with the leaf they were made for, so they need no look of their own.
        if not FAULTS[one.fault].by_design_outdated and not self._has_time_left(certificate):
            return "was near its end"
        return None

    def _has_time_left(self, certificate: x509.Certificate) -> bool:
        return certificate.not_valid_before_utc <= self._now <= certificate.not_valid_after_utc - RENEW_BEFORE

    def _close_key(self, key: Path) -> None:
        if key.stat().st_mode & 0o077:
            key.chmod(PRIVATE)
            self._say(f"{key} was readable for others; it is the owner's alone again.")

    def _read_manifest(self) -> dict[str, object]:
        try:
            manifest = json.loads((self._folder / "manifest.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return {}  # every pair then counts as made for something else
        return manifest if isinstance(manifest, dict) else {}

    def _write_manifest(self, manifest: dict[str, object]) -> None:
        text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
        write_file(self._folder / "manifest.json", text.encode(), PUBLIC)


def _make(one: Wanted, authority: Authority) -> Leaf:
    if one.fault == "good":
        return authority.issue(*one.names)
    return FAULTS[one.fault].make(authority, one.names[0])


def _readable(pair: Pair) -> x509.Certificate | None:
    try:
        serve_files(pair.certificate, pair.key)  # also: do they match?
        return x509.load_pem_x509_certificates(pair.certificate.read_bytes())[0]
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        return None


def _fingerprint(pair: Pair) -> str:
    """Digest everything but the key, so that a file beside the certificate that is lost or altered is made anew."""
    digest = hashlib.sha256()
    for path in pair.files:
        if path != pair.key:
            digest.update(path.read_bytes())
    return digest.hexdigest()
