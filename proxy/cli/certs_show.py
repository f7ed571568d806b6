"""`casproxy certs show`: what the certificates of files say of themselves; nothing is verified.

Their texts are strangers': all are cleaned before they are shown.
"""

import base64
import binascii
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proxy.model.clean import clean_text, list_some
from proxy.model.verdict import CertificateFacts
from proxy.trust.certificate import read_certificate
from proxy.trust.plain import plain_certificate
from proxy.trust.text import time_text, validity_text

DONE, NONE, UNKNOWN = 0, 1, 3

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
"""RFC 7468 §2, with a label that holds nothing to be cleaned."""
_CERTIFICATES = {b"CERTIFICATE", b"X509 CERTIFICATE"}
_SEQUENCE = 0x30
"""First byte of a certificate in DER."""
_TEXT = 300
"""Characters of a subject that are shown."""
_NAMES = 20
"""Names that are shown to people; programs get all that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one file holds."""

    file: Path
    """Its path."""
    certificates: tuple[CertificateFacts, ...] = ()
    """In its order."""
    problem: str = ""
    """Why there is nothing to show, in a sentence."""
    code: int = DONE
    """Exit code that belongs to it."""


def show(files: Sequence[Path], *, as_json: bool) -> int:
    """Print what the files say; returns the gravest code: 0, 1 for one without certificates, 3 for an unread one."""
    at = datetime.now(UTC)
    every = [read(file) for file in files]
    if as_json:
        print(json.dumps({"at": time_text(at), "files": [_plain(shown, at) for shown in every]}, indent=2))
    elif any(shown.certificates for shown in every):
        print("\n\n".join(lay_out(shown, at) for shown in every if shown.certificates))
    for shown in every:
        if shown.problem:
            print(f"casproxy certs: {shown.problem}", file=sys.stderr)
    return max(shown.code for shown in every)


def read(file: Path) -> Shown:
    """Read the certificates of a file, PEM or DER; never raises."""
    try:
        content = file.read_bytes()
    except OSError as fault:
        return Shown(file=file, problem=f"{_path(file)} cannot be read: {fault.strerror}.", code=UNKNOWN)
    blocks = _BLOCK.findall(content)
    ders = [_der(body) for label, body in blocks if label in _CERTIFICATES]
    if not blocks and content[:1] == bytes((_SEQUENCE,)):
        ders = [content]
    certificates = tuple(read_certificate(der) for der in ders)
    if all(facts.fault for facts in certificates):
        return Shown(file=file, certificates=certificates, problem=_nothing(file, blocks), code=NONE)
    return Shown(file=file, certificates=certificates)


def _der(body: bytes) -> bytes:
    try:
        return base64.b64decode(body)
    except binascii.Error:
        return b""  # read as a certificate that is empty


def _nothing(file: Path, blocks: list[tuple[bytes, bytes]]) -> str:
    others = sorted({label.decode() for label, _ in blocks if label not in _CERTIFICATES})
    besides = f"; it holds {', '.join(others)}" if others else ""
    return f"{_path(file)} holds no certificate that can be read{besides}."


def _path(file: Path) -> str:
    return clean_text(str(file))


def lay_out(shown: Shown, at: datetime) -> str:
    """Lay a file's certificates out for people."""
    lines = [_path(shown.file)]
    for number, facts in enumerate(shown.certificates, start=1):
        rows = _rows(facts, at)
        lines += [f"{number:>3}  {rows[0][1]}", *(f"     {word:<11}{text}" for word, text in rows[1:] if text)]
    return "\n".join(lines)


def _rows(facts: CertificateFacts, at: datetime) -> list[tuple[str, str]]:
    if facts.fault:
        return [("", f"unreadable: {clean_text(facts.fault)} ({facts.size:,} bytes)"), ("sha256", facts.sha256)]
    signed_itself = " (itself)" if facts.issuer == facts.subject else ""
    return [
        ("", clean_text(facts.subject, _TEXT) or "(no subject)"),
        ("issued by", clean_text(facts.issuer, _TEXT) + signed_itself),
        ("names", list_some(facts.names, facts.name_count, most=_NAMES, width=_TEXT) if facts.names else "none"),
        ("valid", validity_text(facts, at)),
        ("key", f"{clean_text(facts.key)}, signed with {clean_text(facts.signature)}"),
        ("usages", list_some(facts.usages) if facts.usages else "any"),
        ("authority", "it may issue certificates" if facts.is_authority else ""),
        ("sha256", facts.sha256),
        ("pin", facts.spki_sha256),
    ]


def _plain(shown: Shown, at: datetime) -> dict[str, Any]:
    return {
        "file": _path(shown.file),
        "problem": shown.problem,
        "certificates": [plain_certificate(facts, at) for facts in shown.certificates],
    }
