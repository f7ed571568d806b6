"""Pins are taken in two spellings and compared in one."""

import base64
import hashlib

import pytest

from proxy.settings.pins import BadPin, read_pin

DIGEST = hashlib.sha256(b"a key").digest()
PIN = base64.b64encode(DIGEST).decode()


@pytest.mark.parametrize("text", [PIN, f"sha256/{PIN}"])
def test_both_spellings_are_one_pin(text):
    """What is compared with a server's key is the plain base64."""
    assert read_pin(text) == PIN


def test_bits_beyond_the_last_byte_do_not_count():
    """Two texts for the same bytes become one, or the second would match no key."""
    zeros = base64.b64encode(bytes(32)).decode()

    assert read_pin(zeros.replace("A=", "B=")) == zeros


@pytest.mark.parametrize(
    "text",
    [
        f'pin-sha256="{PIN}"',
        PIN.rstrip("="),
        PIN.replace("+", "-").replace("/", "_").rstrip("="),
        f"SHA256:{PIN}",
        f" {PIN}",
    ],
)
def test_near_misses_are_told_how_to_be_written(text):
    """Spellings of elsewhere are not taken, but understood."""
    with pytest.raises(BadPin) as caught:
        read_pin(text)

    assert caught.value.suggestion == f'Write "{PIN}".'


@pytest.mark.parametrize("text", ["", "x", "sha256/", PIN[4:], PIN * 2, "é" * 44, "A" * 44, "=" * 44, PIN + "\n"])
def test_anything_else_is_refused_with_the_way_to_a_pin(text):
    """Other lengths and letters are no pin; the command that makes one is shown."""
    with pytest.raises(BadPin) as caught:
        read_pin(text)

    assert caught.value.sentence.endswith("is not the base64 of a SHA-256.")
    assert "openssl" in caught.value.suggestion or caught.value.suggestion == f'Write "{PIN}".'


@pytest.mark.parametrize("text", [DIGEST.hex(), DIGEST.hex(":").upper()])
def test_a_fingerprint_is_no_pin(text):
    """Hexadecimal digits are shown for certificates; a pin is of the key."""
    with pytest.raises(BadPin, match="fingerprint"):
        read_pin(text)
