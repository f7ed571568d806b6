"""What a connection to a directory needs from files: trusted authorities and a secret, read anew when they change."""

import ssl
from pathlib import Path

from proxy.accounts.file import Print, fingerprint
from proxy.accounts.provider import ProviderDown

MAX_SECRET = 4096
"""Bytes of a file with a password or token; what is longer is some other file."""


class Material:
    """The files of one directory."""

    def __init__(self, ca_file: Path, secret_file: Path | None) -> None:
        """`ca_file` holds trusted authorities in PEM, `secret_file` a password or token."""
        self._ca_file = ca_file
        self._secret_file = secret_file
        self._made: tuple[Print | None, ssl.SSLContext] | None = None

    def context(self) -> ssl.SSLContext:
        """Give the terms of TLS: the certificate is always verified, and its name. A thread may ask.

        Raises: ProviderDown.
        """
        seen = fingerprint(self._ca_file)
        made = self._made
        if made is not None and made[0] == seen:
            return made[1]
        try:
            context = ssl.create_default_context(cafile=str(self._ca_file))
        except OSError as fault:  # ssl.SSLError is one, too
            raise ProviderDown(f"{self._ca_file.name} cannot be used as ca_file: {_spell(fault)}.") from None
        self._made = (seen, context)
        return context

    def secret(self) -> str:
        """Read the secret; blanks and line ends around it do not count. Empty when there is no file for it.

        Raises: ProviderDown.
        """
        if self._secret_file is None:
            return ""
        try:
            with self._secret_file.open("rb") as file:
                octets = file.read(MAX_SECRET + 1)
        except OSError as fault:
            raise ProviderDown(f"{self._secret_file.name} cannot be read: {_spell(fault)}.") from None
        text = as_secret(octets)
        if not text:
            raise ProviderDown(f"{self._secret_file.name} must hold one line of at most {MAX_SECRET} bytes.")
        return text


def as_secret(octets: bytes) -> str:
    """Give the one line that a file with a secret holds; empty when it holds something else."""
    try:
        text = octets.decode().strip()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() and len(octets) <= MAX_SECRET else ""


def _spell(fault: OSError) -> str:
    return (fault.strerror or type(fault).__name__).lower()
