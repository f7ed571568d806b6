"""Which files belong to the settings."""

from collections.abc import Iterator

from msgspec import Struct

from proxy.settings.keys import keys_of
from proxy.settings.named_files import files_named, names_file
from proxy.settings.parse import parse
from proxy.settings.schema import Settings

TEXT = """\
[server]
certificate = "tls.pem"
key = "tls.key"
admin_token_file = "token"
certificates = [{ certificate = "b.pem" }, { certificate = "c.pem", key = "c.key" }]
[log]
access_file = "access.log"
[trust]
allow_internal_untrusted_certs = 0
ca_files = ["ca.pem", "more.pem"]
crl_files = ["ca.crl"]
client_cert = "client.pem"
[directory]
provider = "file"
users_file = "users.toml"
[session]
key_file = "session.keys"
[[sites]]
name = "Branch"
servers = ["https://cas02.branch.example/owa"]
trust.ca_files = ["branch.pem", "ca.pem"]
[[sites]]
name = "Lab"
servers = ["https://cas03.lab.example/owa"]
"""


def test_every_file_is_listed_once():
    """What is written by us, and users, who are looked after by their source, are left out."""
    assert files_named(parse(TEXT, {}, {}, "a.toml").settings) == (
        "token",
        "tls.pem",
        "tls.key",
        "b.pem",
        "c.pem",
        "c.key",
        "ca.pem",
        "more.pem",
        "ca.crl",
        "client.pem",
        "session.keys",
        "branch.pem",
    )  # fmt: skip


def test_no_key_is_forgotten():
    """Whoever adds a key with the name of a file decides here whether it is read, and must then spell it so."""
    spelled = {key for key, description in described(Settings) if names_file(key)}
    meant = {key for key, description in described(Settings) if "PEM file" in description or "File that" in description}

    assert meant
    assert meant - spelled == set()
    assert spelled >= {"certificate", "key", "client_cert", "client_key", "ca_files", "crl_files", "admin_token_file"}


def described(table: type[Struct]) -> Iterator[tuple[str, str]]:
    """Give every key of a table and those below it with its description."""
    for key in keys_of(table):
        if key.table is None:
            yield key.name, key.meta.description or ""
        else:
            yield from described(key.table)
