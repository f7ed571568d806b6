"""What we show a backend and where we turn to: `client_cert` and `client_key`, `tls_name` and `connect_to`, at 0."""

import asyncio
import ssl
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from proxy.certkit import chains
from proxy.certkit.authority import Authority
from proxy.certkit.chains import Make
from proxy.certkit.leaf import Leaf
from tests.demands import ENFORCE, LEAVES, Keys, demand, standing
from tests.stage import Heard, Script, Stage, stage
from tests.wire import hear, request, requests_in

pytestmark = pytest.mark.e2e

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
US = "cas01.client.test"


def noting(shown: list[bytes]) -> Script:
    """Answer each request, and keep the certificate that we showed."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await hear(heard, reader):
            shown.append(writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b"")
            writer.write(LEAVES)
            await writer.drain()

    return script


def ask_for_one(running: Stage, site: str = "HQ") -> list[str | None]:
    """Let a backend demand a certificate of ours; gives a list that gets an entry for each handshake begun."""
    context = running.backends[site].context
    assert context is not None
    context.load_verify_locations(cadata=running.authority.certificate_pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    begun: list[str | None] = []
    context.sni_callback = lambda _side, name, _context: begun.append(name)
    return begun


def client(
    running: Stage, authority: Authority | None = None, *, in_one: bool = False, stem: str = "client"
) -> tuple[Keys, Leaf]:
    """Write a certificate of ours and its key, in two files or in one; gives the keys that name them."""
    issuer = authority or running.authority
    leaf = issuer.issue(US, usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    certificate, key = leaf.write(running.folder, stem)
    if in_one:
        certificate.write_bytes(leaf.certificate_pem + leaf.key_pem)
        key.unlink()
        return {"client_cert": str(certificate)}, leaf
    return {"client_cert": str(certificate), "client_key": str(key)}, leaf


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("in_one", [False, True])
@pytest.mark.parametrize("site", ["", "HQ"])
async def test_a_backend_that_wants_a_certificate_gets_ours(
    version: ssl.TLSVersion, site: str, *, in_one: bool
) -> None:
    """With `client_cert`, alone or with `client_key`, a backend that demands a certificate is used and sees it."""
    shown: list[bytes] = []
    async with stage({"HQ": noting(shown)}, settings=ENFORCE, server_version=version) as running:
        ask_for_one(running)
        keys, leaf = client(running, in_one=in_one)
        running.reload(demand(running.settings, keys, site))
        assert (await running.ask(request())).status == 200
        assert (await running.ask(request(method=b"POST", body=b"x"))).status == 200
        assert {x509.load_der_x509_certificate(each) for each in shown} == {leaf.certificate}
        assert {event.id for event in running.events} <= {14, 1010, 1016}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
@pytest.mark.parametrize("ours", ["none", "strange"])
async def test_a_backend_that_gets_none_or_another_is_no_43(version: ssl.TLSVersion, method: bytes, ours: str) -> None:
    """Without a certificate, or with one it does not know, it refuses us: a fault, never 43, and a POST goes once."""
    shown: list[bytes] = []
    async with stage({"HQ": noting(shown)}, settings=ENFORCE, server_version=version) as running:
        begun = ask_for_one(running)
        keys = client(running, Authority.create("A stranger"))[0] if ours == "strange" else {}
        running.reload(demand(running.settings, keys))
        answer = await running.ask(request(method=method, body=b"x" if method == b"POST" else b""))
        assert answer.status in (502, 503)
        assert b"error=tls_certificate_error" not in (answer.field(b"proxy-status") or b"")
        assert not {event.id for event in running.events} & {43, 1043}
        assert (shown, running.backends["HQ"].raw) == ([], b"")
        assert 1 <= len(begun) <= (1 if method == b"POST" else 2)


async def test_a_certificate_of_ours_is_shown_by_its_site_alone() -> None:
    """A site's `client_cert` is not shown for its sibling; an empty one takes back that of [trust]."""
    shown: dict[str, list[bytes]] = {"HQ": [], "Branch": []}
    async with stage({site: noting(shown[site]) for site in shown}, settings=ENFORCE) as running:
        for site in shown:
            ask_for_one(running, site)
        keys, _ = client(running)
        text = running.settings
        for settings, expected in (
            (demand(text, keys, "HQ"), [True, False]),
            (demand(demand(text, keys), {"client_cert": ""}, "HQ"), [False, True]),
        ):
            running.reload(settings)
            hosts = [f"{site.lower()}.localhost".encode() for site in shown]
            assert [(await running.ask(request(host=host))).status == 200 for host in hosts] == expected
        assert [len(each) for each in shown.values()] == [1, 1]
        assert running.seen(43) == []


async def test_a_pair_is_never_put_together_from_two_tables() -> None:
    """A site whose `client_cert` holds its key, too, does not get the key of [trust]'s pair."""
    shown: list[bytes] = []
    async with stage({"HQ": noting(shown)}, settings=ENFORCE) as running:
        ask_for_one(running)
        above, _ = client(running, stem="above")
        instead, leaf = client(running, in_one=True)
        running.reload(demand(demand(running.settings, above), instead, "HQ"))
        assert (await running.ask(request())).status == 200
        assert [x509.load_der_x509_certificate(each) for each in shown] == [leaf.certificate]


async def test_a_certificate_of_ours_is_shown_at_1_too() -> None:
    """Waiving trust in the backend does not keep our own certificate back."""
    shown: list[bytes] = []
    async with stage({"HQ": noting(shown)}, faults={"HQ": "expired"}, settings=ENFORCE) as running:
        ask_for_one(running)
        keys, leaf = client(running)
        running.reload(demand(running.settings, {**keys, "allow_internal_untrusted_certs": 1}))
        assert (await running.ask(request())).status == 200
        assert [x509.load_der_x509_certificate(each) for each in shown] == [leaf.certificate]
        assert len(running.seen(1043)) == 1


# ── names ────────────────────────────────────────────────────────────────────────────────────────


def bearing(*names: str) -> Make:
    """Make a certificate for these names."""
    return lambda authority, _host: authority.issue("a backend", alternative_names=names)


def listen_to_names(running: Stage) -> list[str | None]:
    """Keep the name that is sent in each handshake."""
    names: list[str | None] = []
    context = running.backends["HQ"].context
    assert context is not None
    context.sni_callback = lambda _side, name, _context: names.append(name)
    return names


def served_at(running: Stage, **keys: Any) -> str:
    """Write the one server's table anew: `url`, `connect_to`, `tls_name`."""
    port = running.backends["HQ"].port
    table = {"url": "https://cas.hq.test/owa", "connect_to": f"127.0.0.1:{port}", **keys}
    inside = ", ".join(f'{key} = "{value.format(port=port)}"' for key, value in table.items() if value)
    lines = [
        f"servers = [{{ {inside} }}]" if line.startswith("servers = ") else line
        for line in running.settings.splitlines()
    ]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("bears", "keys", "sent", "code"),
    [
        ("cas.hq.test", {}, "cas.hq.test", None),
        ("front.test", {}, "cas.hq.test", 62),
        ("front.test", {"tls_name": "front.test"}, "front.test", None),
        ("cas.hq.test", {"tls_name": "front.test"}, "front.test", 62),
        ("front.test", {"tls_name": "FRONT.test"}, "front.test", None),
        ("127.0.0.1", {"tls_name": "127.0.0.1"}, None, None),
        ("cas.hq.test", {"tls_name": "127.0.0.1"}, None, 64),
        ("127.0.0.1", {}, "cas.hq.test", 62),
        ("127.0.0.1", {"url": "https://127.0.0.1:{port}/owa", "connect_to": ""}, None, None),
        ("localhost", {"url": "https://127.0.0.1:{port}/owa", "connect_to": ""}, None, 64),
        ("::1", {"url": "https://[::1]/owa"}, None, None),
        ("127.0.0.1", {"url": "https://[::1]/owa"}, None, 64),
        ("localhost", {"connect_to": "localhost:{port}"}, "cas.hq.test", 62),
    ],
)
async def test_the_name_that_is_asked_for_is_verified(
    bears: str, keys: dict[str, str], sent: str | None, code: int | None
) -> None:
    """`tls_name`, else the host of the URL, is sent as SNI and verified; an address is not sent; where is no matter."""
    async with standing({"HQ": bearing(bears)}) as (running, _):
        names = listen_to_names(running)
        running.reload(served_at(running, **keys))
        answer = await running.ask(request())
        assert [event.code for event in running.seen(43)] == ([] if code is None else [code])
        assert answer.status == (200 if code is None else 502)
        assert {name.lower() if name else name for name in names} == {sent}
        heard = requests_in(running.backends["HQ"].raw)
        assert len(heard) == (code is None)
        assert not any(b"front.test" in value for one in heard for value in one.values(b"host"))


async def test_a_tls_name_does_not_change_the_host() -> None:
    """`tls_name` is TLS's business: the backend's Host stays the InternalURL's."""
    async with standing({"HQ": bearing("front.test")}) as (running, _):
        running.reload(served_at(running, tls_name="front.test"))
        assert (await running.ask(request())).status == 200
        (one,) = requests_in(running.backends["HQ"].raw)
        assert one.values(b"host") == [b"cas.hq.test"]


async def test_a_pinned_key_is_asked_for_by_its_tls_name() -> None:
    """Without the chain the name is still the `tls_name`."""
    async with standing({"HQ": chains.self_signed}) as (running, given):
        keys = {"verify": ["name"], "pin_spki_sha256": [given["HQ"].pin]}
        running.reload(demand(served_at(running, tls_name="front.test"), keys))
        assert (await running.ask(request())).status == 502
        assert [event.code for event in running.seen(43)] == [62]
