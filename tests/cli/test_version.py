"""`casproxy version`: both OpenSSL libraries, every package, text and JSON."""

import json
import ssl

from proxy import __version__
from proxy.cli import main, version


def test_json_names_both_openssl_libraries(capsys) -> None:
    """`--json` answers with one object: ours, Python's, both OpenSSLs' and the packages' versions."""
    assert main.main(["version", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["casproxy"] == __version__
    assert told["openssl_of_ssl"] == ssl.OPENSSL_VERSION
    assert told["openssl_of_cryptography"].startswith("OpenSSL ")
    assert set(told["packages"]) == set(version.PACKAGES)
    assert told["packages"]["aiohttp"] is not None


def test_text_has_a_line_for_each(capsys) -> None:
    """Without `--json` each version is a line."""
    assert main.main(["version"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5 + len(version.PACKAGES)
    assert lines[0].split() == ["casproxy", __version__]


def test_a_missing_package_is_said() -> None:
    """A package that is not installed is told as such, not left out."""
    assert "nothing-like-it         not installed" in version.render({"packages": {"nothing-like-it": None}})


def test_an_unknown_package_has_no_version() -> None:
    """The version of what is not installed is None."""
    assert version._version_of("no-such-package-anywhere") is None
