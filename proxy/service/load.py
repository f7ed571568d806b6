"""Reads the configuration and every file that it names, and tells all that is wrong with them at once.

What the text means is `settings`'; what is done with it is left to `worker` and `build`.
"""

import os
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from proxy.model.sites import Topology
from proxy.settings import problems
from proxy.settings.parse import Parsed, conclude, examine, in_order
from proxy.settings.problems import Layer, Origin, Problem, SettingsInvalid, quote
from proxy.settings.report import Report
from proxy.settings.resolve import is_default_switch, name_first_server, to_topology
from proxy.settings.schema import Settings

MAX_TOKEN = 1024
"""Characters of an admin token; what is longer is some other file."""

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s.*?-----END \1-----", re.DOTALL)
_TOKEN = re.compile(r"[!-~]+", re.ASCII)
_DER = b"\x30\x82"
_CERTIFICATE = b"CERTIFICATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration whose files have been looked at, too."""

    parsed: Parsed
    """Settings and origins; the server has its name."""
    topology: Topology
    """All sites with what is in force for each; numbers of policies are `Generations`' to give."""
    admin_token: str
    """The token itself, wherever it stood; empty for none."""

    @property
    def settings(self) -> Settings:
        """The effective settings."""
        return self.parsed.settings

    @property
    def origins(self) -> Mapping[str, Origin]:
        """Key path by site name → where the value came from."""
        return self.parsed.origins

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What works, but will hardly be meant."""
        return self.parsed.warnings

    @property
    def first_server(self) -> str:
        """Our own name; the machine's when none was set."""
        return self.settings.server.name

    @property
    def is_default_switch(self) -> bool:
        """Whether untrusted servers are used because nobody said anything: a warning is due at start."""
        return is_default_switch(self.topology)


def load(path: str | Path, environment: Mapping[str, str], flags: Mapping[str, object]) -> Loaded:
    """Read `path` and everything it names. Relative names start at the working directory, in every layer.

    Raises: SettingsInvalid with every problem of the text, the environment, the flags and the files.
    """
    settings, report = examine(_read_text(str(path)), environment, flags, str(path))
    token = ""
    if settings is not None:
        settings = name_first_server(settings, socket.gethostname())
        token = _Files(report).check(settings)
    if report.problems or settings is None:
        raise SettingsInvalid(in_order(report.problems))
    parsed = conclude(settings, report)
    return Loaded(parsed=parsed, topology=to_topology(parsed, {}), admin_token=token)


def _read_text(name: str) -> str:
    try:
        data = Path(name).read_bytes()
    except (OSError, ValueError) as fault:
        sentence, suggestion = _explain(name, fault)
        raise _invalid(name, 0, sentence, suggestion) from fault
    try:
        return data.decode()
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise _invalid(name, line, "This is not UTF-8.", "Save the file as UTF-8.") from fault


def _invalid(name: str, line: int, sentence: str, suggestion: str) -> SettingsInvalid:
    origin = Origin(Layer.FILE, name, line)
    return SettingsInvalid([Problem(path="", name="", origin=origin, sentence=sentence, suggestion=suggestion)])


def _explain(name: str, fault: OSError | ValueError) -> tuple[str, str]:
    """Say why a file cannot be read, and where it was looked for."""
    where = "" if Path(name).is_absolute() else f"Relative names start at the working directory, {Path.cwd()}."
    match fault:
        case FileNotFoundError():
            return f"The file {quote(name)} does not exist.", where
        case PermissionError():
            return f"The file {quote(name)} must not be read by this user.", "Give the user that runs casproxy access."
        case IsADirectoryError():
            return f"{quote(name)} is a directory, not a file.", ""
        case OSError():
            return f"The file {quote(name)} cannot be read: {fault.strerror}.", where
        case _:
            return f"{quote(name)} is no name of a file.", ""


class _Files:
    """Looks at every file that the settings name."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._now = datetime.now(UTC)

    def check(self, settings: Settings) -> str:
        """Check all, and give the admin token."""
        server = settings.server
        self._pair(("server",), server.certificate, server.key)
        for number, each in enumerate(server.certificates):
            self._pair(("server", "certificates", number), each.certificate, each.key)
        self._anchors(("trust", "ca_files"), settings.trust.ca_files)
        for number, site in enumerate(settings.sites):
            self._anchors(("sites", number, "trust", "ca_files"), site.trust.ca_files or ())
        self._access_file(settings.log.access_file)
        return self._token(server.admin_token, server.admin_token_file)

    def _read(self, path: problems.Path, name: str) -> bytes | None:
        """Read a file; None for one that has been or is now told to be wrong."""
        if not name or not self._report.is_sound(path):
            return None
        try:
            return Path(name).read_bytes()
        except (OSError, ValueError) as fault:
            self._report.refuse(path, *_explain(name, fault))
            return None

    def _pair(self, table: problems.Path, certificate: str, key: str) -> None:
        """Check our own certificate and its key."""
        path, key_path = (*table, "certificate"), (*table, "key")
        pem = self._read(path, certificate)
        leaf = None if pem is None else self._leaf(path, certificate, pem)
        key_pem = self._read(key_path, key) if key else pem
        if key_pem is None:
            return
        private = self._private_key(key_path if key else path, key or certificate, key_pem, alone=bool(key))
        if leaf is None or private is None:
            return
        if _spki(leaf.public_key()) != _spki(private.public_key()):
            self._report.refuse(
                key_path if key else path,
                f"The key in {quote(key or certificate)} does not belong to the first certificate in "
                f"{quote(certificate)}.",
                "The certificate of this server must stand first, its issuers after it.",
            )
            return
        self._try_pair(path, certificate, key or certificate)

    def _leaf(self, path: problems.Path, name: str, pem: bytes) -> x509.Certificate | None:
        found = self._certificates(path, name, pem)
        if not found:
            return None
        leaf = found[0]
        if leaf.not_valid_after_utc < self._now:
            self._report.warn(path, f"The certificate in {quote(name)} expired on {leaf.not_valid_after_utc:%Y-%m-%d}.")
        elif leaf.not_valid_before_utc > self._now:
            begin = f"{leaf.not_valid_before_utc:%Y-%m-%d}"
            self._report.warn(path, f"The certificate in {quote(name)} is not valid before {begin}.")
        return leaf

    def _certificates(self, path: problems.Path, name: str, pem: bytes) -> list[x509.Certificate]:
        """Read the certificates of a file; empty when there is none or one is broken, which is told."""
        blocks = [match[0] for match in _BLOCK.finditer(pem) if match[1] == _CERTIFICATE]
        found = []
        for number, block in enumerate(blocks, 1):
            try:
                found.append(x509.load_pem_x509_certificate(block))
                found[-1].public_key()
            except (ValueError, UnsupportedAlgorithm):
                self._report.refuse(path, f"Certificate {number} in {quote(name)} cannot be read.")
                return []
        if not found:
            der = f"Make PEM of it: openssl x509 -inform der -in {name} -out {name}.pem"
            self._report.refuse(
                path, f"{quote(name)} holds no certificate in PEM.", der if pem.startswith(_DER) else ""
            )
        return found

    def _private_key(self, path: problems.Path, name: str, pem: bytes, *, alone: bool) -> PrivateKeyTypes | None:
        blocks = [match[0] for match in _BLOCK.finditer(pem) if match[1].endswith(b"PRIVATE KEY")]
        if not blocks:
            guess = "" if alone else "Name the key's file in key, or put the key into this file."
            self._report.refuse(path, f"{quote(name)} holds no private key in PEM.", guess)
            return None
        try:
            return load_pem_private_key(blocks[0], None)
        except TypeError:  # cryptography's way to say that a password is missing
            sentence, guess = f"The key in {quote(name)} is encrypted.", f"Decrypt it: openssl pkey -in {name}"
        except (ValueError, UnsupportedAlgorithm):
            sentence, guess = f"The key in {quote(name)} cannot be read.", ""
        self._report.refuse(path, sentence, guess)
        return None

    def _try_pair(self, path: problems.Path, certificate: str, key: str) -> None:
        """Let OpenSSL have the last word, on keys that are too weak for instance."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(certificate, key, password="")
        except ssl.SSLError as fault:
            reason = (fault.reason or "unknown reason").lower().replace("_", " ")
            self._report.refuse(path, f"OpenSSL will not use {quote(certificate)} with its key: {reason}.")

    def _anchors(self, path: problems.Path, names: tuple[str, ...]) -> None:
        """Check files of trust anchors: certificates, and nothing else that OpenSSL would take from them."""
        for number, name in enumerate(names):
            place = (*path, number)
            pem = self._read(place, name) if self._report.is_sound(path) else None
            if pem is None:
                continue
            others = {match[1] for match in _BLOCK.finditer(pem)} - {_CERTIFICATE}
            if others:
                self._report.refuse(
                    place,
                    f"{quote(name)} does not hold certificates only: {b', '.join(sorted(others)).decode().lower()}.",
                    "Put only the certificates of authorities into this file.",
                )
                continue
            found = self._certificates(place, name, pem)
            if found and all(each.not_valid_after_utc < self._now for each in found):
                self._report.warn(place, f"Every certificate in {quote(name)} has expired.")

    def _access_file(self, name: str) -> None:
        path = ("log", "access_file")
        if not name or not self._report.is_sound(path):
            return
        file = Path(name)
        if file.is_dir():
            self._report.refuse(path, f"{quote(name)} is a directory, not a file.")
        elif not file.parent.is_dir():
            self._report.refuse(
                path, f"The directory of {quote(name)} does not exist.", "Make it, or name another file."
            )
        elif not os.access(file if file.exists() else file.parent, os.W_OK):
            self._report.refuse(path, f"{quote(name)} cannot be written by this user.")

    def _token(self, token: str, name: str) -> str:
        """Give the admin token, from the file if one is named. It is never shown."""
        path = ("server", "admin_token_file" if name else "admin_token")
        if name:
            data = self._read(path, name)
            if data is None:
                return ""
            token = data.decode(errors="replace").strip()
            if not token:
                self._report.refuse(path, f"{quote(name)} is empty.", "Write a long random word into it.")
                return ""
        if token and (len(token) > MAX_TOKEN or not _TOKEN.fullmatch(token)):
            self._report.refuse(
                path, f"The admin token must be one word of at most {MAX_TOKEN} visible ASCII characters."
            )
        return token


def _spki(public: PublicKeyTypes) -> bytes:
    """Give a public key as bytes that can be compared."""
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
