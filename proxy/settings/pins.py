"""Pins of public keys as they are written in settings; whose key they are is left to those who connect."""

import base64
import re

from proxy.settings.problems import quote

PREFIX = "sha256/"
"""May stand before a pin."""

_PIN = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)  # 32 bytes
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}:?){32}", re.ASCII)
_HPKP = re.compile(r"\s*pin-sha256=[\"']?([^\"']*)[\"']?\s*", re.ASCII)
_COMMAND = (
    "Take the key's hash: openssl x509 -in FILE -pubkey -noout | openssl pkey -pubin -outform der | "
    "openssl dgst -sha256 -binary | base64"
)


class BadPin(Exception):
    """A text is no pin."""

    def __init__(self, sentence: str, suggestion: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        """What is wrong, a whole sentence."""
        self.suggestion = suggestion
        """What to write instead, or the empty string."""


def read_pin(text: str) -> str:
    """Read the base64 of a SHA-256, with or without `sha256/`, and give the one spelling that pins are compared by.

    Raises: BadPin.
    """
    pin = _decode(text.removeprefix(PREFIX))
    if pin:
        return pin
    if _HEX.fullmatch(text):
        raise BadPin(
            f"{quote(text)} is not a pin but looks like the fingerprint of a certificate; pins are of keys.", _COMMAND
        )
    guess = _decode(_guess(text))
    raise BadPin(f"{quote(text)} is not the base64 of a SHA-256.", f'Write "{guess}".' if guess else _COMMAND)


def _decode(text: str) -> str:
    """Give the canonical base64 of 32 bytes, or nothing; bits beyond the last byte do not count."""
    return base64.b64encode(base64.b64decode(text)).decode() if _PIN.fullmatch(text) else ""


def _guess(text: str) -> str:
    """Undo what people do to pins: the form of the old header, URL-safe letters, a missing sign at the end."""
    match = _HPKP.fullmatch(text)
    bare = (match[1] if match else text).strip().replace("-", "+").replace("_", "/")
    bare = re.sub(r"(?i)^sha256[/:]+", "", bare)
    return bare.rstrip("=") + "="
