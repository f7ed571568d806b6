"""Renders the page about the lab's authority: where to get it and how each system comes to trust it, and to forget it.

Who is asked for the page and whether there is a lab is left to `admin`.
"""

from dataclasses import dataclass

from proxy.model.clean import clean_text
from proxy.pages.links import is_authority
from proxy.pages.shell import build_environment, content_policy, name_style, read_style
from proxy.pages.views import Page

FILE = "casproxy-lab.crt"
"""What the file is called once it is stored."""
DEFAULT_HOST = "127.0.0.1:9643"
"""What stands in the commands when the reader's own address may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityView:
    """The authority as a reader sees it."""

    subject: str
    """Common name, as certificate stores list it."""
    sha256: str
    """Fingerprint."""
    not_after: str
    """End of its validity."""
    host: str
    """Host and port under which the reader asked, hostile or empty."""


@dataclass(frozen=True, slots=True)
class Way:
    """How one system comes to trust an authority."""

    system: str
    steps: str
    """Commands, or what to click; `{url}`, `{file}` and `{name}` stand for what they say."""
    undo: str
    """How it forgets it; empty where nothing was kept."""
    is_command: bool = True
    """Whether the steps are typed."""


WAYS = (
    Way(
        "Debian, Ubuntu",
        "curl -so {file} {url}\nsudo cp {file} /usr/local/share/ca-certificates/\nsudo update-ca-certificates",
        "sudo rm /usr/local/share/ca-certificates/{file}\nsudo update-ca-certificates --fresh",
    ),
    Way(
        "Fedora, RHEL",
        "curl -so {file} {url}\nsudo cp {file} /etc/pki/ca-trust/source/anchors/\nsudo update-ca-trust",
        "sudo rm /etc/pki/ca-trust/source/anchors/{file}\nsudo update-ca-trust",
    ),
    Way(
        "macOS",
        "curl -so {file} {url}\nsecurity add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {file}",
        "security remove-trusted-cert {file}",
    ),
    Way(
        "Windows",
        "curl.exe -so {file} {url}\ncertutil -user -addstore Root {file}",
        'certutil -user -delstore Root "{name}"',
    ),
    Way(
        "Firefox",
        "Download the file. Settings, Privacy & Security, View Certificates, Authorities, Import: choose the file and "
        "tick \u201cTrust this CA to identify websites\u201d.",
        "The same list: select \u201c{name}\u201d, Delete or Distrust.",
        is_command=False,
    ),
    Way(
        "Chromium on Linux",
        'curl -so {file} {url}\ncertutil -d sql:"$HOME/.pki/nssdb" -A -t C,, -n "casproxy lab" -i {file}',
        'certutil -d sql:"$HOME/.pki/nssdb" -D -n "casproxy lab"',
    ),
    Way(
        "curl",
        "curl -so {file} {url}\ncurl --cacert {file} https://localhost:8443/owa/",
        "",
    ),
)
"""For each that keeps trust anchors of its own."""


class AuthorityPages:
    """What renders the page. Construct it once; rendering keeps nothing."""

    def __init__(self) -> None:
        self._template = build_environment().get_template("authority.html")
        self._headers = (
            ("Content-Security-Policy", content_policy(name_style(read_style()))),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
        )

    def page(self, view: AuthorityView) -> Page:
        """Render the page."""
        host = view.host if is_authority(view.host) else DEFAULT_HOST
        words = {"url": f"http://{host}/ca.pem", "file": FILE, "name": clean_text(view.subject)}
        ways = [
            Way(way.system, way.steps.format_map(words), way.undo.format_map(words), way.is_command) for way in WAYS
        ]
        text = self._template.render(
            title="The lab\u2019s certificate authority",
            subject=words["name"],
            fingerprint=_in_pairs(view.sha256),
            not_after=clean_text(view.not_after),
            ways=ways,
        )
        return Page("text/html; charset=utf-8", text.encode(), self._headers)


def _in_pairs(digits: str) -> str:
    """Write a fingerprint as certificate viewers do."""
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)).upper()
