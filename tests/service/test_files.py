"""Every file that the settings name is looked at; what is wrong is told with its cure."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from proxy.certkit.authority import Authority
from proxy.service.files import explain_unreadable
from proxy.service.load import Loaded, load
from proxy.settings.problems import SettingsInvalid

AUTHORITY = Authority.create("Test authority")
LEAF = AUTHORITY.issue("cas01.example")
OTHER = AUTHORITY.issue("other.example")
TEXT = """\
[server]
name = "CAS01"
certificate = "tls.pem"
key = "tls.key"
[trust]
allow_internal_untrusted_certs = 0
ca_files = ["ca.pem"]
[[sites]]
name = "Branch"
default = true
servers = ["https://cas02.branch.example/owa"]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Make a working directory with a good configuration."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(TEXT)
    (tmp_path / "tls.pem").write_bytes(LEAF.certificate_pem)
    (tmp_path / "tls.key").write_bytes(LEAF.key_pem)
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.certificate_pem)
    return tmp_path


def read(environment=None) -> Loaded:
    """Load the configuration of the working directory."""
    return load("a.toml", environment or {}, {})


def complaints(environment=None) -> list[str]:
    """Give the lines that an administrator reads."""
    with pytest.raises(SettingsInvalid) as caught:
        read(environment)
    return [str(each) for each in caught.value.problems]


def revocation_list(begin=-1, end=1, form=Encoding.PEM) -> bytes:
    """Make a revocation list of the authority; its dates are days from now."""
    now = datetime.now(UTC)
    key = load_pem_private_key(AUTHORITY.key_pem, None)
    builder = x509.CertificateRevocationListBuilder().issuer_name(AUTHORITY.certificate.subject)
    builder = builder.last_update(now + timedelta(days=begin)).next_update(now + timedelta(days=end))
    return builder.sign(key, hashes.SHA256()).public_bytes(form)


def test_a_file_that_must_not_be_read():
    """A missing permission is told as such; the superuser, as whom tests may run, never meets one."""
    sentence, suggestion = explain_unreadable("tls.key", PermissionError(13, "Permission denied"))

    assert sentence == 'The file "tls.key" must not be read by this user.'
    assert suggestion


def test_a_file_that_breaks_while_it_is_read(folder):
    """Whatever the system says to a file is one line."""
    (folder / "tls.key").unlink()
    (folder / "tls.key").symlink_to("/proc/self/mem")

    (line,) = complaints()
    assert 'The file "tls.key" cannot be read: ' in line


def encrypted() -> bytes:
    """Make the key's file with a password."""
    key = load_pem_private_key(LEAF.key_pem, None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))


def encrypted_traditional() -> bytes:
    """Make the key's file with a password in the old form."""
    key = load_pem_private_key(LEAF.key_pem, None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"x"))


BROKEN = b"-----BEGIN %b-----\nAAAA\n-----END %b-----\n"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("tls.pem", b"", 'server.certificate: "tls.pem" holds no certificate in PEM.'),
        ("tls.pem", LEAF.key_pem, 'server.certificate: "tls.pem" holds no certificate in PEM.'),
        ("tls.pem", BROKEN % (b"CERTIFICATE", b"CERTIFICATE"), 'Certificate 1 in "tls.pem" cannot be read.'),
        ("tls.pem", OTHER.certificate_pem, 'server.key: The key in "tls.key" does not belong to the first certificate'),
        ("tls.key", OTHER.key_pem, 'server.key: The key in "tls.key" does not belong to the first certificate'),
        ("tls.key", b"", 'server.key: "tls.key" holds no private key in PEM.'),
        ("tls.key", LEAF.certificate_pem, 'server.key: "tls.key" holds no private key in PEM.'),
        ("tls.key", encrypted(), 'server.key: The key in "tls.key" is encrypted. Decrypt it: openssl pkey -in tls.key'),
        ("tls.key", encrypted_traditional(), 'server.key: The key in "tls.key" is encrypted.'),
        ("tls.key", BROKEN % (b"PRIVATE KEY", b"PRIVATE KEY"), 'server.key: The key in "tls.key" cannot be read.'),
        ("ca.pem", b"", 'trust.ca_files[0]: "ca.pem" holds no certificate in PEM.'),
        ("ca.pem", b"garbage", 'trust.ca_files[0]: "ca.pem" holds no certificate in PEM.'),
        ("ca.pem", revocation_list(), 'trust.ca_files[0]: "ca.pem" does not hold certificates only: x509 crl.'),
        (
            "ca.pem",
            AUTHORITY.certificate_pem + revocation_list(),
            '"ca.pem" does not hold certificates only: x509 crl.',
        ),
        ("ca.pem", AUTHORITY.certificate_pem + AUTHORITY.key_pem, '"ca.pem" does not hold certificates only: '),
        ("ca.pem", AUTHORITY.certificate_pem + BROKEN % ((b"CERTIFICATE",) * 2), 'Certificate 2 in "ca.pem" cannot be'),
        ("ca.pem", AUTHORITY.certificate.public_bytes(Encoding.DER), "openssl x509 -inform der -in ca.pem"),
    ],
)
def test_files_that_cannot_be_used(folder, name, content, words):
    """One clear line for each, with the cure where there is one."""
    (folder / name).write_bytes(content)

    (line,) = complaints()
    assert words in line
    assert line.startswith("a.toml:")


def test_a_key_that_openssl_finds_too_weak_is_refused(folder):
    """OpenSSL has the last word on our own key, too."""
    key = rsa.generate_private_key(65537, 1024)
    leaf = AUTHORITY.issue("weak.example", key=key)
    (folder / "tls.pem").write_bytes(leaf.certificate_pem)
    (folder / "tls.key").write_bytes(leaf.key_pem)

    (line,) = complaints()
    assert 'OpenSSL will not use "tls.pem" with its key: ee key too small.' in line


@pytest.mark.parametrize(("begin", "end", "words"), [(-9, -1, "expired on"), (1, 9, "is not valid before")])
def test_our_own_dates_are_warnings(folder, begin, end, words):
    """An outdated certificate of ours is served, and told."""
    now = datetime.now(UTC)
    leaf = AUTHORITY.issue("cas01.example", not_before=now + timedelta(days=begin), not_after=now + timedelta(days=end))
    (folder / "tls.pem").write_bytes(leaf.certificate_pem)
    (folder / "tls.key").write_bytes(leaf.key_pem)

    (warning,) = read().warnings
    assert words in str(warning)


def test_expired_anchors_are_a_warning(folder):
    """A file of nothing but expired anchors trusts nobody, which is told."""
    now = datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    old = AUTHORITY.issue("old", key=key, not_before=now - timedelta(days=9), not_after=now - timedelta(days=1))
    (folder / "ca.pem").write_bytes(old.certificate.public_bytes(Encoding.PEM))

    (warning,) = read().warnings
    assert "has expired" in str(warning)


def test_anchors_of_a_site_are_checked_too(folder):
    """The problem names the site and the file's place in its list."""
    (folder / "a.toml").write_text(TEXT + '[sites.trust]\nca_files = ["ca.pem", "no.pem"]\n')

    (line,) = complaints()
    assert line.startswith('a.toml:13: sites.Branch.trust.ca_files[1]: The file "no.pem" does not exist.')


def test_further_certificates_are_checked_too(folder):
    """Each pair is looked at, with its own place."""
    (folder / "a.toml").write_text(TEXT.replace("[trust]", '[[server.certificates]]\ncertificate = "o.pem"\n[trust]'))
    (folder / "o.pem").write_bytes(OTHER.certificate_pem)

    (line,) = complaints()
    assert line.startswith(
        'a.toml:6: server.certificates[0].certificate: "o.pem" holds no private key in PEM. Name the'
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b" \n", "is empty"),
        (b"two words", "must be one word"),
        (b"geheim" * 500, "must be one word"),
        ("gehéim".encode(), "must be one word"),
        (b"\xff\xff", "must be one word"),
        (None, "does not exist"),
    ],
)
def test_tokens_that_cannot_be_used(folder, content, words):
    """A token is one visible word; whatever is wrong, it is not shown."""
    if content is not None:
        (folder / "token").write_bytes(content)

    (line,) = complaints({"CASPROXY_SERVER__ADMIN_TOKEN_FILE": "token"})
    assert line.startswith("environment CASPROXY_SERVER__ADMIN_TOKEN_FILE: server.admin_token_file: ")
    assert words in line
    assert "geh" not in line


def test_token_comes_from_a_file_or_a_variable(folder):
    """A secret can be given itself or as the name of a file; both lead to the same."""
    (folder / "token").write_text("geheim\n")

    assert read({"CASPROXY_SERVER__ADMIN_TOKEN_FILE": "token"}).admin_token == "geheim"
    assert read({"CASPROXY_SERVER__ADMIN_TOKEN": "geheim"}).admin_token == "geheim"
    assert "geheim" not in str(complaints({"CASPROXY_SERVER__ADMIN_TOKEN": "geheim word"}))


@pytest.mark.parametrize(
    ("name", "words"), [(".", "is a directory"), ("no/where.log", "Make it, or name another file.")]
)
def test_access_files_that_cannot_be_written(name, words):
    """A log that would fail at start is told before."""
    (line,) = complaints({"CASPROXY_LOG__ACCESS_FILE": name})

    assert words in line


def test_access_file_is_made_by_the_log():
    """A file that does not exist yet is fine."""
    assert read({"CASPROXY_LOG__ACCESS_FILE": "new.log"}).settings.log.access_file == "new.log"


EVENT_FILE = '[[events.files]]\npath = "{}"\n'
COLLECTOR = '[[events.syslog]]\naddress = "logs.example"\nca_file = "{}"\n'


@pytest.mark.parametrize(
    ("table", "name", "words"),
    [
        (EVENT_FILE, ".", 'events.files[0].path: "." is a directory'),
        (EVENT_FILE, "no/where.json", "Make it, or name another file."),
        (COLLECTOR, "gone.pem", 'events.syslog[0].ca_file: The file "gone.pem" does not exist.'),
        (COLLECTOR, "tls.key", '"tls.key" does not hold certificates only: '),
        (COLLECTOR, "a.toml", '"a.toml" holds no certificate in PEM.'),
    ],
)
def test_places_of_events_that_cannot_be_used(folder, table, name, words):
    """A file or a collector that would fail later is told before."""
    (folder / "a.toml").write_text(TEXT + table.format(name))
    (line,) = complaints()

    assert words in line


def test_places_of_events_that_can_be_used(folder):
    """A file that is made by the log, and a collector whose authority is known."""
    (folder / "a.toml").write_text(TEXT + EVENT_FILE.format("new.json") + COLLECTOR.format("ca.pem"))

    assert (len(read().settings.events.files), len(read().settings.events.syslog)) == (1, 1)


def test_key_without_a_password_in_any_form(folder):
    """PKCS #8 and the older forms are read, parameters before the key are passed over."""
    key = load_pem_private_key(LEAF.key_pem, None)
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        pem = key.private_bytes(Encoding.PEM, form, NoEncryption())
        (folder / "tls.key").write_bytes(
            b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + pem
        )

        assert read()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, 'The file "a.crl" does not exist.'),
        (b"", '"a.crl" holds no revocation list in PEM.'),
        (
            AUTHORITY.certificate_pem,
            '"a.crl" does not hold revocation lists only: certificate. Put only lists into thi',
        ),
        (revocation_list() + AUTHORITY.certificate_pem, '"a.crl" does not hold revocation lists only: certificate.'),
        (revocation_list() + LEAF.key_pem, '"a.crl" does not hold revocation lists only: '),
        (revocation_list() + BROKEN % ((b"X509 CRL",) * 2), 'Revocation list 2 in "a.crl" cannot be read.'),
        (
            revocation_list(form=Encoding.DER),
            '"a.crl" holds no revocation list in PEM. Make PEM of it: openssl crl -in',
        ),
    ],
)
def test_revocation_lists_that_cannot_be_used(folder, content, words):
    """Lists, in PEM, and nothing else: a certificate would become a trust anchor."""
    (folder / "a.toml").write_text(TEXT + '[sites.trust]\ncrl_files = ["a.crl"]\n')
    if content is not None:
        (folder / "a.crl").write_bytes(content)

    (line,) = complaints()
    assert line.startswith(f"a.toml:13: sites.Branch.trust.crl_files[0]: {words}")


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ([(-1, 1)], []),
        ([(-9, -8), (-1, 1)], []),
        (
            [(-9, -8)],
            ["while its authority is in the chain, every connection would be refused with crl_expired. Fetch"],
        ),
        ([(3, 8)], ["is not valid before"]),
    ],
)
def test_revocation_lists_out_of_date_are_a_warning(folder, lists, words):
    """They are used, and refuse everybody; one current list of the authority is enough."""
    (folder / "a.toml").write_text(TEXT.replace("[trust]\n", '[trust]\ncrl_files = ["a.crl", "b.crl"]\n'))
    (folder / "a.crl").write_bytes(revocation_list(*lists[0]))
    (folder / "b.crl").write_bytes(revocation_list(*lists[-1]))

    warnings = list(map(str, read().warnings))
    assert [each.partition("trust.crl_files[")[2][0] for each in warnings] == ["0", "1"] * len(words)
    assert all(words[0] in each for each in warnings)


PAIR = 'client_cert = "client.pem"\nclient_key = "client.key"\n'


@pytest.mark.parametrize(
    ("keys", "certificate", "key", "words"),
    [
        (PAIR, LEAF.certificate_pem, None, 'client_key: The file "client.key" does not exist.'),
        (PAIR, None, LEAF.key_pem, 'client_cert: The file "client.pem" does not exist.'),
        (PAIR, LEAF.certificate_pem, OTHER.key_pem, 'client_key: The key in "client.key" does not belong to the first'),
        (PAIR, LEAF.certificate_pem, encrypted(), 'client_key: The key in "client.key" is encrypted. Decrypt it: open'),
        (
            PAIR,
            AUTHORITY.certificate_pem + LEAF.certificate_pem,
            LEAF.key_pem,
            "does not belong to the first certifica",
        ),
        (PAIR, LEAF.key_pem, LEAF.key_pem, 'client_cert: "client.pem" holds no certificate in PEM.'),
        (
            'client_cert = "client.pem"\n',
            LEAF.certificate_pem,
            LEAF.key_pem,
            'client_cert: "client.pem" holds no private key in PEM. Name the key\'s file in client_key, or put th',
        ),
    ],
)
def test_client_certificates_that_cannot_be_used(folder, keys, certificate, key, words):
    """The pair that servers are shown is looked at like our own, in either table."""
    for name, content in (("client.pem", certificate), ("client.key", key)):
        if content is not None:
            (folder / name).write_bytes(content)
    for text, place in (
        (TEXT.replace("[trust]\n", f"[trust]\n{keys}"), ": trust.client_"),
        (f"{TEXT}[sites.trust]\n{keys}", ": sites.Branch.trust.client_"),
    ):
        (folder / "a.toml").write_text(text)

        (line,) = complaints()
        assert words in line
        assert place in line


def test_a_client_certificate_arrives_with_its_key(folder):
    """From two files, or from one; a site that says none shows none."""
    (folder / "client.pem").write_bytes(LEAF.certificate_pem)
    (folder / "client.key").write_bytes(LEAF.key_pem)
    (folder / "both.pem").write_bytes(LEAF.certificate_pem + LEAF.key_pem)
    general = TEXT.replace("[trust]\n", f"[trust]\n{PAIR}")

    for site, pair in (
        ("", ("client.pem", "client.key")),
        ('client_cert = "both.pem"', ("both.pem", "")),
        ('client_cert = ""', ("", "")),
    ):
        (folder / "a.toml").write_text(f"{general}[sites.trust]\n{site}\n")
        policy = read().topology.sites[0].policy
        assert (policy.client_cert, policy.client_key) == pair


def test_a_client_key_that_openssl_finds_too_weak_is_refused(folder):
    """OpenSSL has the last word on what servers are shown, too."""
    leaf = AUTHORITY.issue("weak.example", key=rsa.generate_private_key(65537, 1024))
    (folder / "both.pem").write_bytes(leaf.certificate_pem + leaf.key_pem)
    (folder / "a.toml").write_text(TEXT.replace("[trust]\n", '[trust]\nclient_cert = "both.pem"\n'))

    (line,) = complaints()
    assert 'trust.client_cert: OpenSSL will not use "both.pem" with its key: ee key too small.' in line
