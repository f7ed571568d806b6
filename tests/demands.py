"""Keys of [trust] and [sites.trust] put into a stage's settings, and what such keys are made of: pins and files."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from proxy.certkit.authority import Authority
from proxy.certkit.chains import Make
from proxy.certkit.leaf import Leaf, certificates_to_pem, lists_to_pem
from tests.stage import Script, Stage, answering, stage

LEAVES = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
"""So that each request takes a handshake of its own."""
ENFORCE = "allow_internal_untrusted_certs = 0"

Keys = Mapping[str, Any]
"""Key → value as JSON has it, which is as TOML has it for all that stands in these tables."""


class Given(NamedTuple):
    """What keys can be made of."""

    authority: Authority
    """The one that the stage trusts by itself."""
    leaf: Leaf
    """What the backend presents."""
    folder: Path
    """For files; of this backend alone."""

    def anchors(self, *certificates: x509.Certificate) -> list[str]:
        """Write a file of `ca_files`."""
        return [_write(self.folder / "anchors.pem", certificates_to_pem(*certificates))]

    def lists(self, *lists: x509.CertificateRevocationList) -> list[str]:
        """Write a file of `crl_files`."""
        return [_write(self.folder / "lists.pem", lists_to_pem(*lists))]

    @property
    def pin(self) -> str:
        """The pin of the backend's key."""
        return pin_of(self.leaf.certificate)


def pin_of(certificate: x509.Certificate) -> str:
    """Compute a pin: SHA-256 of the subject public key info in base64."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def demand(text: str, keys: Keys, site: str = "") -> str:
    """Put keys into [trust], or into [sites.trust] of a site, in place of those that stand there under their names.

    Where [trust] leaves the chain out, its `ca_files` go: the settings refuse both in one table.
    """
    lines = text.splitlines()
    begin = lines.index("[trust]") if not site else _site_table(lines, site)
    end = next((n for n in range(begin + 1, len(lines)) if lines[n].startswith("[")), len(lines))
    gone = set(keys) | ({"ca_files"} if not site and "chain" not in keys.get("verify", ["chain"]) else set())
    kept = [line for line in lines[begin + 1 : end] if line.partition(" =")[0] not in gone]
    put = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join([*lines[: begin + 1], *put, *kept, *lines[end:], ""])


@asynccontextmanager
async def standing(
    make: Mapping[str, Make], *, script: Script | None = None, settings: str = ENFORCE, **more: Any
) -> AsyncIterator[tuple[Stage, dict[str, Given]]]:
    """Start a stage at 0 with a site for each certificate; gives what keys can be made of, by site.

    Without a `script` backends answer once on each connection.
    """
    leaves: dict[str, Leaf] = {}

    def keeping(site: str) -> Make:
        def kept(authority: Authority, host: str) -> Leaf:
            leaves[site] = make[site](authority, host)
            return leaves[site]

        return kept

    faults = {site: keeping(site) for site in make}
    sites = dict.fromkeys(make, script or answering(LEAVES))
    async with stage(sites, faults=faults, settings=settings, **more) as running:
        yield running, {site: Given(running.authority, leaves[site], running.folder / site) for site in make}


def _site_table(lines: list[str], site: str) -> int:
    """Find [sites.trust] of a site, or make it behind the line of its servers."""
    place = lines.index(f'name = "{site}"')
    servers = next(n for n in range(place, len(lines)) if lines[n].startswith("servers = "))
    if lines[servers + 1 : servers + 2] != ["[sites.trust]"]:
        lines.insert(servers + 1, "[sites.trust]")
    return servers + 1


def _write(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)
