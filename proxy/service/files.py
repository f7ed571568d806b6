"""Looks at every file that the settings name: whether it can be read, and whether it holds what its key is for.

Contents are used elsewhere; only the admin token is handed on.
"""

import os
import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from proxy.service.signin_files import SigninFiles
from proxy.settings import problems
from proxy.settings.problems import quote
from proxy.settings.report import Report
from proxy.settings.schema import Settings
from proxy.settings.trust_schema import SiteTrust, Trust

MAX_TOKEN = 1024
"""Characters of an admin token; what is longer is some other file."""

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s.*?-----END \1-----", re.DOTALL)
_TOKEN = re.compile(r"[!-~]+", re.ASCII)
_DER = (b"\x30\x81", b"\x30\x82", b"\x30\x83")
_CERTIFICATE, _LIST = b"CERTIFICATE", b"X509 CRL"
_ONLY = {
    _CERTIFICATE: ("certificates", "Put only the certificates of authorities into this file."),
    _LIST: ("revocation lists", "Put only lists into this file; authorities belong into ca_files."),
}


def explain_unreadable(name: str, fault: OSError | ValueError) -> tuple[str, str]:
    """Say why a file cannot be read, and where it was looked for: a sentence and a suggestion."""
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


class Files:
    """The files of one configuration; what is wrong with them goes to the report."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._now = datetime.now(UTC)

    def check(self, settings: Settings) -> str:
        """Check all, and give the admin token."""
        server = settings.server
        self._pair(("server", "certificate"), server.certificate, ("server", "key"), server.key)
        for number, each in enumerate(server.certificates):
            table = ("server", "certificates", number)
            self._pair((*table, "certificate"), each.certificate, (*table, "key"), each.key)
        self._trust(("trust",), settings.trust)
        for number, site in enumerate(settings.sites):
            self._trust(("sites", number, "trust"), site.trust)
        if settings.directory.provider != "none":
            SigninFiles(self._report, self._read).check(settings)
        self._written(("log", "access_file"), settings.log.access_file)
        self._event_sinks(settings)
        return self._token(server.admin_token, server.admin_token_file)

    def _read(self, path: problems.Path, name: str) -> bytes | None:
        """Read a file; None for one that has been or is now told to be wrong."""
        if not name or not self._report.is_sound(path):
            return None
        try:
            return Path(name).read_bytes()
        except (OSError, ValueError) as fault:
            self._report.refuse(path, *explain_unreadable(name, fault))
            return None

    def _trust(self, table: problems.Path, trust: Trust | SiteTrust) -> None:
        self._anchors((*table, "ca_files"), trust.ca_files or ())
        self._lists((*table, "crl_files"), trust.crl_files or ())
        if trust.client_cert:
            path, key_path = (*table, "client_cert"), (*table, "client_key")
            self._pair(path, trust.client_cert, key_path, trust.client_key or "")

    def _pair(self, path: problems.Path, certificate: str, key_path: problems.Path, key: str) -> None:
        """Check a certificate that we show and its key; without a name the key is in the certificate's file."""
        pem = self._read(path, certificate)
        leaf = None if pem is None else self._leaf(path, certificate, pem)
        key_pem = self._read(key_path, key) if key else pem
        if key_pem is None:
            return
        guess = "" if key else f"Name the key's file in {key_path[-1]}, or put the key into this file."
        private = self._private_key(key_path if key else path, key or certificate, key_pem, guess)
        if leaf is None or private is None:
            return
        if _spki(leaf.public_key()) != _spki(private.public_key()):
            self._report.refuse(
                key_path if key else path,
                f"The key in {quote(key or certificate)} does not belong to the first certificate in "
                f"{quote(certificate)}.",
                "The certificate of the key must stand first, its issuers after it.",
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
        blocks = _blocks(pem, _CERTIFICATE)
        found = []
        for number, block in enumerate(blocks, 1):
            try:
                found.append(x509.load_pem_x509_certificate(block))
                found[-1].public_key()
            except (ValueError, UnsupportedAlgorithm):
                self._report.refuse(path, f"Certificate {number} in {quote(name)} cannot be read.")
                return []
        if not found:
            self._report.refuse(path, f"{quote(name)} holds no certificate in PEM.", _guess_pem(name, pem, "x509"))
        return found

    def _private_key(self, path: problems.Path, name: str, pem: bytes, guess: str) -> PrivateKeyTypes | None:
        blocks = [match[0] for match in _BLOCK.finditer(pem) if match[1].endswith(b"PRIVATE KEY")]
        if not blocks:
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
        for number, name in enumerate(names):
            self._anchor((*path, number), name)

    def _anchor(self, path: problems.Path, name: str) -> None:
        """Check a file of trust anchors: certificates, and nothing else that OpenSSL would take from it."""
        pem = self._read(path, name)
        if pem is None or not self._holds_only(_CERTIFICATE, path, name, pem):
            return
        found = self._certificates(path, name, pem)
        if found and all(each.not_valid_after_utc < self._now for each in found):
            self._report.warn(path, f"Every certificate in {quote(name)} has expired.")

    def _lists(self, path: problems.Path, names: tuple[str, ...]) -> None:
        """Check files of revocation lists: OpenSSL would take a certificate in one for a trust anchor."""
        found: list[tuple[problems.Path, str, x509.CertificateRevocationList]] = []
        for number, name in enumerate(names):
            place = (*path, number)
            pem = self._read(place, name)
            if pem is not None:
                found += [(place, name, each) for each in self._read_lists(place, name, pem)]
        current = {each.issuer for _, _, each in found if self._is_current(each)}
        for place, name, each in found:
            if each.issuer not in current:
                self._doubt(place, name, each)

    def _read_lists(self, path: problems.Path, name: str, pem: bytes) -> list[x509.CertificateRevocationList]:
        """Read the lists of a file; empty when there is none or one is broken, which is told."""
        if not self._holds_only(_LIST, path, name, pem):
            return []
        found = []
        for number, block in enumerate(_blocks(pem, _LIST), 1):
            try:
                found.append(x509.load_pem_x509_crl(block))
            except (ValueError, UnsupportedAlgorithm):
                self._report.refuse(path, f"Revocation list {number} in {quote(name)} cannot be read.")
                return []
        if not found:
            self._report.refuse(path, f"{quote(name)} holds no revocation list in PEM.", _guess_pem(name, pem, "crl"))
        return found

    def _is_current(self, each: x509.CertificateRevocationList) -> bool:
        return each.last_update_utc <= self._now and (each.next_update_utc is None or self._now <= each.next_update_utc)

    def _doubt(self, path: problems.Path, name: str, each: x509.CertificateRevocationList) -> None:
        """Tell of a list that is out of date, for which no other of the same authority stands in."""
        if each.last_update_utc > self._now:
            begin = f"{each.last_update_utc:%Y-%m-%d}"
            self._report.warn(path, f"A revocation list in {quote(name)} is not valid before {begin}.")
            return
        self._report.warn(
            path,
            f"A revocation list in {quote(name)} ended on {each.next_update_utc:%Y-%m-%d}; while its authority is in "
            "the chain, every connection would be refused with crl_expired.",
            "Fetch the authority's current list.",
        )

    def _holds_only(self, label: bytes, path: problems.Path, name: str, pem: bytes) -> bool:
        """Tell whether all blocks of a file are of one kind, and complain otherwise."""
        others = {match[1] for match in _BLOCK.finditer(pem)} - {label}
        if others:
            what, cure = _ONLY[label]
            kinds = b", ".join(sorted(others)).decode().lower()
            self._report.refuse(path, f"{quote(name)} does not hold {what} only: {kinds}.", cure)
        return not others

    def _event_sinks(self, settings: Settings) -> None:
        """Check the files of events, whose folder must be ours for they are renamed, and collectors' authorities."""
        for number, each in enumerate(settings.events.files):
            path = ("events", "files", number, "path")
            self._written(path, each.path)
            folder = Path(each.path).parent
            if self._report.is_sound(path) and folder.is_dir() and not os.access(folder, os.W_OK):
                self._report.refuse(path, f"The directory of {quote(each.path)} cannot be written by this user.")
        for number, collector in enumerate(settings.events.syslog):
            self._anchor(("events", "syslog", number, "ca_file"), collector.ca_file)

    def _written(self, path: problems.Path, name: str) -> None:
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


def _blocks(pem: bytes, label: bytes) -> list[bytes]:
    """List the PEM blocks of one kind."""
    return [match[0] for match in _BLOCK.finditer(pem) if match[1] == label]


def _guess_pem(name: str, content: bytes, command: str) -> str:
    """Suggest how to make PEM of what looks like DER, else nothing."""
    return (
        f"Make PEM of it: openssl {command} -inform der -in {name} -out {name}.pem" if content.startswith(_DER) else ""
    )


def _spki(public: PublicKeyTypes) -> bytes:
    """Give a public key as bytes that can be compared."""
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
