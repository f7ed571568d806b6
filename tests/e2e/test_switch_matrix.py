"""The switch's matrix over real TLS: every fault of a certificate, at 0 and 1, set here and there, TLS 1.2 and 1.3."""

import asyncio
import ssl

import pytest

from proxy.certkit.faults import FAULTS
from proxy.events.catalogue import message
from proxy.events.record import Event
from tests.stage import Answer, Stage, answering, stage
from tests.wire import request, requests_in

pytestmark = pytest.mark.e2e

LEAVES = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
"""So that each request takes a handshake of its own."""

UNTRUSTED = [name for name, fault in FAULTS.items() if not fault.is_trusted]
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]

EXACT = (
    'Client Access server "CAS01" tried to proxy Outlook Web App traffic to Client Access server "{}". This failed '
    'because the Outlook Web App registry key "AllowInternalUntrustedCerts" is set to "0", but no certificate trusted '
    'by "CAS01" was available for the Secure Sockets Layer (SSL) encryption of the proxy connection.'
)


def settings_for(switch: int, where: str) -> dict[str, object]:
    """Set the switch globally, or for each site against a global setting that says the opposite."""
    if where == "trust":
        return {"settings": f"allow_internal_untrusted_certs = {switch}"}
    override = f"[sites.trust]\nallow_internal_untrusted_certs = {switch}"
    return {
        "settings": f"allow_internal_untrusted_certs = {1 - switch}",
        "site_settings": dict.fromkeys(FAULTS, override),
    }


def everything(switch: int, where: str, version: ssl.TLSVersion):
    """Start one site for each fault."""
    sites = dict.fromkeys(FAULTS, answering(LEAVES))
    faults = {name: name for name in FAULTS}
    return stage(sites, faults=faults, server_version=version, **settings_for(switch, where))


async def ask_all(running: Stage) -> dict[str, Answer]:
    """Ask every site once."""
    return {name: await running.ask(request(host=f"{name}.localhost".encode())) for name in FAULTS}


def source(where: str, site: str) -> str:
    """Give the policy's source that events must tell."""
    return "trust" if where == "trust" else f"sites.{site}.trust"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("where", ["trust", "site"])
async def test_0_refuses_exactly_the_untrusted(where: str, version: ssl.TLSVersion) -> None:
    """At 0 every fault is 502 with one event 43 that says it all, and the backend hears not a byte of HTTP."""
    async with everything(0, where, version) as running:
        answers = await ask_all(running)
        told = {event.site: event for event in running.seen(43)}
        assert {event.id for event in running.events} - {1016, 1017} == {14, 43}  # few descriptors; a stale list
        assert len(running.seen(43)) == len(UNTRUSTED)
        for name, fault in FAULTS.items():
            backend = running.backends[name]
            if fault.is_trusted:
                assert (answers[name].status, name in told) == (200, False), name
                assert requests_in(backend.raw)[0].values(b"x-casproxy-trust") == [b"trusted"]
                continue
            assert (answers[name].status, backend.raw) == (502, b""), name
            assert b"error=tls_certificate_error" in (answers[name].field(b"proxy-status") or b"")
            assert_tells(told[name], name, answers[name], source(where, name), backend.port)


def assert_tells(event: Event, name: str, answer: Answer, policy_source: str, port: int) -> None:
    """Hold everything that event 43 has to say."""
    fault, host = FAULTS[name], f"cas.{name}.test"
    assert message(event) == EXACT.format(host)
    assert event.parameters == ("CAS01", host)
    assert (event.reason, event.code, bool(event.code_text)) == (fault.reason, fault.code or None, True)
    assert event.verdict is not None
    assert tuple(dict.fromkeys(finding.reason.value for finding in event.verdict.findings)) == fault.reasons
    assert event.verdict.is_explained
    assert event.verdict.leaf is not None
    assert (event.policy, event.policy_source) == ("enforce", policy_source)
    assert (event.site, event.server, event.address, event.port) == (name, host, "127.0.0.1", port)
    assert event.request_id.encode() == answer.field(b"x-request-id")
    assert event.proxy_status == "tls_certificate_error"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("where", ["trust", "site"])
async def test_1_allows_and_says_so_once(where: str, version: ssl.TLSVersion) -> None:
    """At 1 every backend is used; each untrusted one is told by one event 1043, however often it is asked."""
    async with everything(1, where, version) as running:
        for _ in range(2):
            answers = await ask_all(running)
            assert {answer.status for answer in answers.values()} == {200}
        assert {event.id for event in running.events} - {1016, 1017} == {14, 1043}  # the same; demands under 1
        assert sorted(event.site for event in running.seen(1043)) == sorted(UNTRUSTED)
        for event in running.seen(1043):
            fault = FAULTS[event.site]
            assert (event.reason, event.code) == (fault.reason, fault.code or None)
            assert event.parameters == ("CAS01", f"cas.{event.site}.test")
            assert (event.policy, event.policy_source) == ("allow", source(where, event.site))
        for name, fault in FAULTS.items():
            word = b"trusted" if fault.is_trusted else b"allowed"
            seen = requests_in(running.backends[name].raw)
            assert [one.values(b"x-casproxy-trust") for one in seen] == [[word], [word]], name


@pytest.mark.parametrize("version", VERSIONS)
async def test_trusted_backends_pay_nothing_at_1(version: ssl.TLSVersion) -> None:
    """At 1 a trusted backend sees one handshake for a request, as at 0."""
    async with everything(1, "trust", version) as running:
        await running.ask(request(host=b"good.localhost"))
        assert len(running.backends["good"].connections) == 1
        assert running.seen(1043) == []


async def test_the_absent_switch_is_1_and_says_so() -> None:
    """Nothing said means 1, as in Exchange 2010, with one warning at start."""
    async with stage({"HQ": answering(LEAVES)}, faults={"HQ": "self-signed"}) as running:
        assert (await running.ask(request())).status == 200
        (warning,) = running.seen(1015)
        (allowed,) = running.seen(1043)
        assert (warning.parameters, allowed.policy_source) == (("CAS01",), "default")


@pytest.mark.parametrize("switch", [0, 1])
async def test_a_switch_that_is_set_brings_no_warning(switch: int) -> None:
    """Whoever has decided is not warned."""
    async with stage({"HQ": answering(LEAVES)}, settings=f"allow_internal_untrusted_certs = {switch}") as running:
        assert running.seen(1015) == []


async def test_one_43_for_each_of_forty_refused_at_once() -> None:
    """Forty requests at once to a backend that is not trusted are forty 502, forty events, and not a byte."""
    trust = "allow_internal_untrusted_certs = 0"
    async with stage({"HQ": answering(LEAVES)}, faults={"HQ": "expired"}, settings=trust) as running:
        answers = await asyncio.gather(*(running.ask(request()) for _ in range(40)))
        assert [answer.status for answer in answers] == [502] * 40
        ids = {(answer.field(b"x-request-id") or b"").decode() for answer in answers}
        assert sorted(event.request_id for event in running.seen(43)) == sorted(ids)
        assert running.backends["HQ"].raw == b""


async def test_one_1043_for_forty_allowed_at_once() -> None:
    """Forty requests at once at 1 are answered, and one event says what 0 would have refused."""
    trust = "allow_internal_untrusted_certs = 1"
    async with stage({"HQ": answering(LEAVES)}, faults={"HQ": "expired"}, settings=trust) as running:
        answers = await asyncio.gather(*(running.ask(request()) for _ in range(40)))
        assert [answer.status for answer in answers] == [200] * 40
        assert len(running.seen(1043)) == 1


async def test_another_certificate_is_told_anew_at_1() -> None:
    """A backend that presents another untrusted certificate gets another event 1043, and no more than that."""
    trust = "allow_internal_untrusted_certs = 1"
    async with stage({"HQ": answering(LEAVES)}, faults={"HQ": "self-signed"}, settings=trust) as running:
        backend = running.backends["HQ"]
        assert (await running.ask(request())).status == 200
        backend.present(FAULTS["expired"].make(running.authority, backend.name))
        assert [(await running.ask(request())).status for _ in range(2)] == [200, 200]
        assert [event.reason for event in running.seen(1043)] == ["self_signed", "expired"]


@pytest.mark.parametrize(("switch", "number"), [(0, 43), (0, 1020), (1, 1043)])
async def test_names_as_urls_where_that_is_wanted(switch: int, number: int) -> None:
    """With `server_name_style = "url"` events name the backend by its InternalURL, as Exchange did."""
    settings = f'allow_internal_untrusted_certs = {switch}\n[monitor]\n[events]\nserver_name_style = "url"'
    async with stage({"HQ": answering(LEAVES)}, faults={"HQ": "expired"}, settings=settings) as running:
        await running.ask(request())
        await running.until(lambda: running.seen(number))
        (event,) = running.seen(number)
        assert event.parameters == ("CAS01", "https://cas.hq.test/owa")


async def test_upgrades_are_refused_like_everything_else() -> None:
    """A request for a tunnel to a backend that is not trusted is 502 with a 43, and nothing is sent."""
    trust = "allow_internal_untrusted_certs = 0"
    async with stage({"HQ": answering(LEAVES)}, faults={"HQ": "wrong-host"}, settings=trust) as running:
        upgrade = request(b"Connection: Upgrade", b"Upgrade: websocket")
        assert (await running.ask(upgrade)).status == 502
        assert (len(running.seen(43)), running.backends["HQ"].raw) == (1, b"")


async def test_a_body_is_not_sent_to_somebody_untrusted() -> None:
    """A POST to a backend that is not trusted is 502 with a 43; neither head nor body is sent."""
    trust = "allow_internal_untrusted_certs = 0"
    async with stage({"HQ": answering(LEAVES)}, faults={"HQ": "wrong-host"}, settings=trust) as running:
        assert (await running.ask(request(method=b"POST", body=b"x" * 50_000))).status == 502
        assert (len(running.seen(43)), running.backends["HQ"].raw) == (1, b"")
