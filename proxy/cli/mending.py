"""Commands that mend a server's trust, by reason; they are printed for a person to check and run, never run here.

Text from a certificate stands in a command only where it cannot mean anything to a shell.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from proxy.cli.trust_talk import probe_command
from proxy.model.sites import Server, TrustPolicy
from proxy.model.verdict import Reason, Verdict

Mend = Callable[[Server, TrustPolicy, Verdict], Iterator[str]]
"""Gives the commands, one a line; remarks begin with `#`."""

_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9._~:/%+-]{1,200}", re.ASCII)
_THERE = "# there, in the Exchange Management Shell:"


def mend(server: Server, policy: TrustPolicy, verdict: Verdict) -> list[str]:
    """List the commands for every reason of a verdict, each once; empty where no command mends it."""
    lines = (
        line
        for finding in verdict.findings
        if finding.reason in MENDS
        for line in MENDS[finding.reason](server, policy, verdict)
    )
    return list(dict.fromkeys(lines))


def _trust_what_it_sends(server: Server, policy: TrustPolicy, _verdict: Verdict) -> Iterator[str]:
    file = f"certs/{_stem(server)}.pem"
    yield f"{probe_command(server, policy)} --pem {file}"
    yield f"casproxy certs show {file}  # compare the fingerprint with the server's own"
    yield _add_file(server, policy, file)


def _fetch_the_intermediate(server: Server, policy: TrustPolicy, verdict: Verdict) -> Iterator[str]:
    below = next((link.certificate for link in reversed(verdict.path) if link.certificate is not None), None)
    urls = [url for url in (below.issuer_urls if below is not None else ()) if _PLAIN_URL.fullmatch(url)]
    if not urls:
        return
    file = f"certs/{_stem(server)}-intermediate.pem"
    yield f"curl -s {urls[0]} | openssl x509 -inform der -out {file}  # then install it there, or:"
    yield _add_file(server, policy, file)


def _order_another(server: Server, _policy: TrustPolicy, _verdict: Verdict) -> Iterator[str]:
    yield _THERE
    name = server.tls_name
    yield f'New-ExchangeCertificate -GenerateRequest -SubjectName "CN={name}" -DomainName {name}'


def _end_chains_anywhere(server: Server, _policy: TrustPolicy, _verdict: Verdict) -> Iterator[str]:
    yield f"# in [sites.trust] of {server.site}:  partial_chain = true"


def _pin_the_key(server: Server, _policy: TrustPolicy, verdict: Verdict) -> Iterator[str]:
    leaf = verdict.leaf
    if leaf is not None and leaf.spki_sha256:
        yield f'# if the new key is meant, in [sites.trust] of {server.site}:  pin_spki_sha256 = ["{leaf.spki_sha256}"]'


MENDS: Mapping[Reason, Mend] = MappingProxyType(
    {
        Reason.SELF_SIGNED: _trust_what_it_sends,
        Reason.UNTRUSTED_ROOT: _trust_what_it_sends,
        Reason.MISSING_INTERMEDIATE: _fetch_the_intermediate,
        Reason.TRUSTED_INTERMEDIATE_ONLY: _end_chains_anywhere,
        Reason.EXPIRED: _order_another,
        Reason.NAME_MISMATCH: _order_another,
        Reason.WRONG_PURPOSE: _order_another,
        Reason.WEAK_KEY: _order_another,
        Reason.WEAK_SIGNATURE: _order_another,
        Reason.REVOKED: _order_another,
        Reason.PIN_MISMATCH: _pin_the_key,
    }
)
"""Reason to what mends it; for reasons that are left out no command does."""


def _stem(server: Server) -> str:
    """Make a file's name of a host's, which holds letters, digits, dots, hyphens and colons only."""
    return shlex.quote(server.host.replace(":", "-"))


def _add_file(server: Server, policy: TrustPolicy, file: str) -> str:
    files = ", ".join(f'"{name}"' for name in (*policy.ca_files, file))
    return f"# in [sites.trust] of {server.site}:  ca_files = [{files}]"
