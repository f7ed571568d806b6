"""The words of commands about trust."""

import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from proxy.cli.trust_talk import exit_code, probe_command, rank, summary, tell_verdict, wrapped
from proxy.errors import UpstreamUnreachable
from proxy.model.limits import Timeouts
from proxy.model.sites import CaMode, TrustPolicy
from proxy.model.verdict import CertificateFacts, Finding, Link, Reason, Verdict, Whence
from proxy.service.checkup import Checked
from proxy.settings.addresses import parse_address
from proxy.upstream.monitor import Watched
from proxy.upstream.probe import Probe
from tests.fakes import make_server

AT = datetime(2026, 6, 1, tzinfo=UTC)
FAULT = UpstreamUnreachable("Branch", "cas02.branch.test", "It does not answer.")


def checked(*reasons: Reason, days: float = 100, allow: bool = False, fault: bool = False) -> Checked:
    """Make a server that stands so."""
    leaf = CertificateFacts(size=1, sha256="a", not_after=AT + timedelta(days=days))
    verdict = Verdict(
        trusted=not reasons,
        name="cas02.branch.test",
        code=18 if reasons else None,
        findings=tuple(Finding(reason=each, sentence="why", cure="how") for each in reasons),
        presented=(leaf,),
        path=(Link(whence=Whence.PRESENTED, subject="", certificate=leaf, position=0),),
        at=AT,
    )
    probe = Probe(make_server(), AT, fault=FAULT) if fault else Probe(make_server(), AT, verdict=verdict)
    return Checked(watched=Watched(make_server(), TrustPolicy(allow_untrusted=allow), Timeouts()), probe=probe)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [([], 0), ([True], 0), ([True, None], 3), ([None, False], 1), ([False], 1), ([True, True], 0)],
)
def test_exit_codes(outcomes, code):
    """The honest answer no comes before not knowing, and not knowing before yes."""
    assert exit_code(outcomes) == code


def test_worst_first():
    """Refused, then used although untrusted, then unknown, then by days left."""
    order = [
        checked(Reason.EXPIRED),
        checked(Reason.EXPIRED, allow=True),
        checked(fault=True),
        checked(days=3),
        checked(days=300),
    ]

    assert sorted([*order[3:], *order[:3]], key=rank) == order


def test_summaries():
    """In a few words, with the code and the other reasons."""
    assert summary(checked(days=3)) == "trusted, 3 days left"
    assert summary(checked(Reason.SELF_SIGNED, Reason.EXPIRED)) == "self_signed (18), also expired"
    assert summary(checked(fault=True)) == "could not find out: It does not answer."


def test_a_strangers_text_ends_no_line():
    """Line breaks and escapes are shown, not obeyed."""
    lines = wrapped("why", "a\r\nb\x1b[31m\u202e")

    assert len(lines) == 1
    assert lines[0].isprintable()


def test_the_verdict_tells_each_cure_once():
    """Two reasons with one cure."""
    verdict = checked(Reason.SELF_SIGNED, Reason.EXPIRED).probe.verdict
    text = "\n".join(tell_verdict(replace(verdict, resembles="HQ", notes=("out of order",))))

    assert text.count("how") == 1
    assert "certificate of HQ" in text
    assert "out of order" in text


def test_the_command_that_looks_at_one_server():
    """Whatever differs from the URL is spelled out, and quoted for a shell."""
    server = replace(make_server(), connect_host="127.0.0.1", connect_port=9442, tls_name="other.test")
    command = probe_command(server, TrustPolicy(ca_files=("my ca.pem",)))

    assert command == (
        "casproxy probe cas02.branch.test:443 --connect-to 127.0.0.1:9442 --name other.test --ca 'my ca.pem'"
    )


@pytest.mark.parametrize(
    ("policy", "flags"),
    [
        (TrustPolicy(ca_files=("a.pem", "b.pem"), ca_mode=CaMode.ONLY), "a.pem --ca b.pem --only-ca"),
        (TrustPolicy(ca_files=("a.pem",), partial_chain=True), "a.pem --partial-chain"),
    ],
)
def test_the_command_trusts_what_the_site_trusts(policy, flags):
    """No more and no less."""
    assert probe_command(make_server(), policy).partition(" --ca ")[2] == flags


def test_the_command_can_be_run_for_ipv6():
    """`probe` takes such addresses in brackets only."""
    server = replace(make_server(), host="2001:db8::1", tls_name="2001:db8::1", connect_host="::1", connect_port=9442)
    words = shlex.split(probe_command(server, TrustPolicy()))

    assert words == ["casproxy", "probe", "[2001:db8::1]:443", "--connect-to", "[::1]:9442"]
    assert [parse_address(words[2]), parse_address(words[4])] == [("2001:db8::1", 443), ("::1", 9442)]
