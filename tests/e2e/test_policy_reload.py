"""A reload with another policy drops idle connections: none that was made under the old one is used again."""

import ssl
from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from proxy.certkit import chains
from proxy.certkit.authority import Authority
from proxy.certkit.chains import Make
from proxy.certkit.faults import FOREIGN_PIN
from tests.demands import Given, Keys, demand, standing
from tests.stage import OK, Stage, answering
from tests.wire import request, requests_in

pytestmark = pytest.mark.e2e

Way = Callable[[Given], Keys]
"""Makes keys, and the files they name."""


class Change(NamedTuple):
    """A policy that uses the backend, and another one that does not."""

    make: Make
    """Makes the backend's certificate."""
    before: Way
    """Keys, and files, under which it is used."""
    after: Way
    """Keys, and files, under which it is not."""
    reason: str
    """Reason of event 43."""
    code: int | None = None
    """OpenSSL's verify code."""


def always(**keys: object) -> Way:
    """Demand the same of everybody."""
    return lambda _given: keys


def trusting_root(given: Given) -> Keys:
    """Trust the authority."""
    return {"ca_files": given.anchors(given.authority.certificate), "ca_mode": "only"}


def trusting_another(given: Given) -> Keys:
    """Trust another authority, in the file that held the first one."""
    return {"ca_files": given.anchors(Authority.create("Another root").certificate), "ca_mode": "only"}


def clean_list(given: Given) -> Keys:
    """Have a list on which nobody stands."""
    return {"crl_files": given.lists(given.authority.list_revoked())}


def bad_list(given: Given) -> Keys:
    """Have the backend's certificate on the list, in the file that held the first one."""
    return {"crl_files": given.lists(given.authority.list_revoked(given.leaf.certificate))}


CHANGES: Mapping[str, Change] = {
    "the switch": Change(
        chains.expired,
        always(allow_internal_untrusted_certs=1),
        always(allow_internal_untrusted_certs=0),
        "expired",
        10,
    ),
    "the content of a ca_file": Change(chains.good, trusting_root, trusting_another, "private_ca", 20),
    "the content of a crl_file": Change(chains.good, clean_list, bad_list, "revoked", 23),
    "a crl_file": Change(chains.good, always(), bad_list, "revoked", 23),
    "pins": Change(
        chains.good,
        lambda given: {"pin_spki_sha256": [given.pin]},
        always(pin_spki_sha256=[FOREIGN_PIN]),
        "pin_mismatch",
    ),
    "name": Change(
        chains.wrong_host,
        always(verify=["chain", "expiry"]),
        always(verify=["chain", "name", "expiry"]),
        "name_mismatch",
        62,
    ),
    "expiry": Change(
        chains.expired, always(verify=["chain", "name"]), always(verify=["chain", "name", "expiry"]), "expired", 10
    ),
    "the chain": Change(
        chains.self_signed,
        lambda given: {"pin_spki_sha256": [given.pin], "verify": ["name", "expiry"]},
        lambda given: {"pin_spki_sha256": [given.pin], "verify": ["chain", "name", "expiry"]},
        "self_signed",
        18,
    ),
    "partial_chain": Change(
        chains.trusted_intermediate_only,
        lambda given: {"ca_files": given.anchors(*given.leaf.anchors), "ca_mode": "only", "partial_chain": True},
        lambda given: {"ca_files": given.anchors(*given.leaf.anchors), "ca_mode": "only", "partial_chain": False},
        "trusted_intermediate_only",
        2,
    ),
    "strict_rfc5280": Change(
        chains.no_aki, always(strict_rfc5280=False), always(strict_rfc5280=True), "not_rfc5280", 85
    ),
}
"""What is changed → how."""


async def ask_around(running: Stage, keys: Callable[[], Keys]) -> tuple[int, int]:
    """Ask, reload with other keys, and ask at once over the same connection of the browser; gives both statuses."""
    browser = await running.browser()
    first = await browser.ask(request(b"X-First: yes"))
    running.reload(demand(running.settings, keys(), "HQ"))
    second = await browser.ask(request(b"X-Second: yes"))
    browser.close()
    return first.status, second.status


@pytest.mark.parametrize("name", CHANGES)
async def test_a_changed_policy_uses_no_connection_of_the_old_one(name: str) -> None:
    """After the reload the next request is refused with a 43, unheard, and the idle connection is closed."""
    change = CHANGES[name]
    async with standing({"HQ": change.make}, script=answering(OK)) as (running, given):
        running.reload(demand(running.settings, change.before(given["HQ"]), "HQ"))
        assert await ask_around(running, lambda: change.after(given["HQ"])) == (200, 502)
        backend = running.backends["HQ"]
        await running.until(lambda: all(heard.closed for heard in backend.connections if heard.raw))
        assert (b"X-First" in backend.raw, b"X-Second" in backend.raw) == (True, False)
        assert [(event.reason, event.code) for event in running.seen(43)] == [(change.reason, change.code)]


async def test_a_higher_version_uses_no_connection_of_the_old_one() -> None:
    """A connection of TLS 1.2 does not outlive the reload that demands 1.3."""
    version = ssl.TLSVersion.TLSv1_2
    async with standing({"HQ": chains.good}, script=answering(OK), server_version=version) as (running, _):
        first, second = await ask_around(running, lambda: {"min_tls_version": "1.3"})
        backend = running.backends["HQ"]
        assert (first, second in (502, 503)) == (200, True)
        await running.until(lambda: all(heard.closed for heard in backend.connections))
        assert (b"X-Second" in backend.raw, running.seen(43)) == (False, [])


async def test_another_certificate_of_ours_takes_a_connection_of_its_own() -> None:
    """What we showed under the old policy is shown no longer: the connection that bears it is closed."""
    async with standing({"HQ": chains.good}, script=answering(OK)) as (running, _):

        def ours() -> Keys:
            leaf = running.authority.issue("us.test", usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))
            certificate, key = leaf.write(running.folder, "client")
            return {"client_cert": str(certificate), "client_key": str(key)}

        running.reload(demand(running.settings, ours(), "HQ"))
        assert await ask_around(running, ours) == (200, 200)
        first, second = running.backends["HQ"].connections
        await running.until(lambda: first.closed)
        assert (b"X-Second" in first.raw, b"X-Second" in second.raw) == (False, True)


@pytest.mark.parametrize("way", [always(), clean_list, trusting_root, lambda given: {"pin_spki_sha256": [given.pin]}])
async def test_a_reload_that_changes_nothing_drops_nothing(way: Way) -> None:
    """The same policy, its files written anew with the same content, goes on with the connection there is."""
    async with standing({"HQ": chains.good}, script=answering(OK)) as (running, given):
        keys = way(given["HQ"])
        running.reload(demand(running.settings, keys, "HQ"))
        assert await ask_around(running, lambda: keys) == (200, 200)
        assert [len(requests_in(heard.raw)) for heard in running.backends["HQ"].connections] == [2]


async def test_a_sibling_keeps_its_connection() -> None:
    """Another policy of one site closes nothing of the other's."""
    async with standing({"HQ": chains.good, "Branch": chains.good}, script=answering(OK)) as (running, _):
        assert (await running.ask(request(host=b"branch.localhost"))).status == 200
        assert await ask_around(running, lambda: {"pin_spki_sha256": [FOREIGN_PIN]}) == (200, 502)
        assert (await running.ask(request(host=b"branch.localhost"))).status == 200
        assert [len(requests_in(heard.raw)) for heard in running.backends["Branch"].connections] == [2]
