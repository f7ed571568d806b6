"""Which certificate is good for which name at 0: anchors that are listed, names, wildcards and addresses."""

import ssl

import pytest

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS
from proxy.certkit.leaf import Leaf, certificates_to_pem
from tests.stage import OK, Stage, answering, stage
from tests.wire import request

pytestmark = pytest.mark.e2e

ENFORCE = "allow_internal_untrusted_certs = 0"


def list_only(running: Stage, leaf: Leaf, *, partial: bool) -> None:
    """Make one certificate the only anchor there is; `partial`: it ends a chain even if somebody else issued it."""
    pem = running.folder / "listed.pem"
    pem.write_bytes(certificates_to_pem(leaf.certificate))
    anchors = f'ca_files = ["{pem}"]\nca_mode = "only"\npartial_chain = {str(partial).lower()}'
    running.reload(running.settings.replace(f'ca_files = ["{running.folder}/ca.pem"]', anchors))


async def verdict(leaf_of: str, *, host: str = "cas.hq.test", partial: bool = True) -> tuple[int, list[str]]:
    """List the backend's own certificate, ask, and give status and reasons."""
    leaf = FAULTS[leaf_of].make(Authority.create("Nobody's CA"), host)
    async with stage({"HQ": answering(OK)}, faults={"HQ": lambda _authority, _host: leaf}, settings=ENFORCE) as running:
        list_only(running, leaf, partial=partial)
        status = (await running.ask(request())).status
        return status, [event.reason for event in running.seen(43)]


@pytest.mark.parametrize("fault", ["self-signed", "good", "unknown-issuer", "incomplete-chain"])
async def test_a_listed_certificate_is_trusted(fault: str) -> None:
    """The backend's own certificate in `ca_files` is trusted with `partial_chain`, whoever issued it."""
    assert await verdict(fault) == (200, [])


async def test_a_listed_self_signed_certificate_is_trusted() -> None:
    """A certificate that signed itself is an anchor without further words."""
    assert await verdict("self-signed", partial=False) == (200, [])


@pytest.mark.parametrize("fault", ["good", "unknown-issuer", "incomplete-chain"])
async def test_a_listed_certificate_of_an_authority_is_no_anchor(fault: str) -> None:
    """Without `partial_chain` a listed certificate that an authority issued ends no chain: the anchor is its root."""
    assert await verdict(fault, partial=False) == (502, ["trusted_intermediate_only"])


@pytest.mark.parametrize(("fault", "reason"), [("expired", "expired"), ("not-yet-valid", "not_yet_valid")])
async def test_a_listed_certificate_still_has_its_dates(fault: str, reason: str) -> None:
    """Listing a certificate does not make it valid on another day."""
    assert await verdict(fault) == (502, [reason])


@pytest.mark.parametrize("fault", ["self-signed", "good", "no-san"])
async def test_a_listed_certificate_still_has_its_name(fault: str) -> None:
    """Listing a certificate does not make it good for another name."""
    host = "cas.hq.test" if fault == "no-san" else "elsewhere.test"
    assert await verdict(fault, host=host) == (502, ["name_mismatch"])


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("*.hq.test", 200),
        ("CAS.HQ.TEST", 200),
        ("c*.hq.test", 502),
        ("*s.hq.test", 502),
        ("cas.*.test", 502),
        ("*.test", 502),
        ("*", 502),
        ("hq.test", 502),
    ],
)
async def test_a_wildcard_is_one_whole_label(name: str, status: int) -> None:
    """`*` stands for the whole first label, never for a part of it, for two labels or for another one."""

    def make(authority: Authority, _host: str) -> Leaf:
        return authority.issue("backend", alternative_names=(name,))

    async with stage({"HQ": answering(OK)}, faults={"HQ": make}, settings=ENFORCE) as running:
        assert (await running.ask(request())).status == status
        assert [event.reason for event in running.seen(43)] == ["name_mismatch"] * (status == 502)


async def test_the_common_name_counts_for_nothing() -> None:
    """A certificate that carries the name in its common name alone is refused."""
    async with stage({"HQ": answering(OK)}, faults={"HQ": "no-san"}, settings=ENFORCE) as running:
        assert (await running.ask(request())).status == 502
        assert [event.code for event in running.seen(43)] == [62]


@pytest.mark.parametrize(
    ("entries", "status"), [(("127.0.0.1",), 200), (("127.0.0.2",), 502), (("cas.hq.test",), 502), ((), 502)]
)
async def test_an_address_is_verified_as_an_address(entries: tuple[str, ...], status: int) -> None:
    """An InternalURL with an IP address needs an iPAddress entry; the common name does not help; no SNI is sent."""

    def make(authority: Authority, _host: str) -> Leaf:
        return authority.issue("127.0.0.1", alternative_names=entries)

    async with stage({"HQ": answering(OK)}, faults={"HQ": make}, settings=ENFORCE) as running:
        backend = running.backends["HQ"]
        names: list[str | None] = []
        assert backend.context is not None
        backend.context.sni_callback = lambda _side, name, _context: names.append(name)
        running.reload(running.settings.replace("https://cas.hq.test", "https://127.0.0.1"))
        assert (await running.ask(request())).status == status
        assert names == [None] * (1 if status == 200 else 2)  # a refused one is looked at once more
        assert [event.code for event in running.seen(43)] == [64] * (status == 502)


async def test_a_name_is_sent_as_sni() -> None:
    """A backend with several certificates learns for which name it is asked."""
    async with stage({"HQ": answering(OK)}, settings=ENFORCE) as running:
        names: list[str | None] = []
        context = running.backends["HQ"].context
        assert context is not None
        context.sni_callback = lambda _side, name, _context: names.append(name)
        await running.ask(request())
        assert names == ["cas.hq.test"]


async def test_a_second_path_to_a_trusted_root_counts() -> None:
    """A root cross-signed by one that nobody trusts is trusted by its own certificate."""
    old = Authority.create("An old root that nobody trusts")

    def make(authority: Authority, host: str) -> Leaf:
        crossed = old.intermediate("Stage CA", key=authority.key)
        leaf = authority.issue(host)
        return Leaf(leaf.certificate, leaf.key, (crossed.certificate, old.certificate))

    async with stage({"HQ": answering(OK)}, faults={"HQ": make}, settings=ENFORCE) as running:
        assert (await running.ask(request())).status == 200


async def test_a_new_authority_applies_with_a_reload() -> None:
    """A reload that lists the backend's authority makes the next request work; one that drops it refuses again."""
    other = Authority.create("The organisation's own CA")
    async with stage(
        {"HQ": answering(OK)}, faults={"HQ": lambda _, host: other.issue(host)}, settings=ENFORCE
    ) as running:
        assert (await running.ask(request())).status == 502
        (running.folder / "ca.pem").write_bytes(other.certificate_pem)
        running.reload(running.settings)
        assert (await running.ask(request())).status == 200
        (running.folder / "ca.pem").write_bytes(running.authority.certificate_pem)
        running.reload(running.settings)
        assert (await running.ask(request())).status == 502
        generations = [event.generation for event in running.seen(43)]
        assert generations[0] < generations[1]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_either_version_of_tls_is_spoken(version: ssl.TLSVersion) -> None:
    """Backends of TLS 1.2 and of TLS 1.3 are served."""
    async with stage({"HQ": answering(OK)}, settings=ENFORCE, server_version=version) as running:
        assert (await running.ask(request())).status == 200
