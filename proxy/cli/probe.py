"""`casproxy probe`: one server's chain, its verdict under 0, under 1 and under strict rules, and its TLS versions."""

import argparse
import asyncio
import json
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path

from proxy.cli.trust_talk import NOT_TRUSTED, TRUSTED, UNKNOWN, mark, tell_verdict, wrapped
from proxy.errors import UpstreamTlsFault
from proxy.model.limits import Timeouts
from proxy.model.sites import CaMode, Server, TrustPolicy
from proxy.model.verdict import Verdict
from proxy.service.checkup import Survey, survey
from proxy.service.transports import new_loop
from proxy.settings.addresses import BadAddress, check_host, parse_address
from proxy.trust.plain import to_plain
from proxy.trust.reasons import describe, reason_named
from proxy.upstream.monitor import Watched

NAME = "probe"
HELP = "look at a server's certificate chain: is it trusted, why not, what to do"

USAGE = 2
HTTPS_PORT = 443
LOWEST = "1.2"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the server and what is demanded of it."""
    parser.add_argument("server", metavar="HOST[:PORT]", help="the server; IPv6 in brackets; port 443 if none is given")
    parser.add_argument(
        "--ca", action="append", default=[], metavar="FILE", help="PEM file of further trust anchors; repeatable"
    )
    parser.add_argument("--only-ca", action="store_true", help="trust the files of --ca alone, not the public anchors")
    parser.add_argument("--name", metavar="NAME", help="name to send and to verify instead of HOST")
    parser.add_argument("--connect-to", metavar="ADDRESS", help="where to dial instead of HOST: host or host:port")
    parser.add_argument("--partial-chain", action="store_true", help="let any certificate of --ca end a chain")
    parser.add_argument("--pem", metavar="OUT", help="write the chain the server presents to a file")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Look; 0 trusted, 1 not trusted, 2 usage, 3 could not find out."""
    try:
        watched = Watched(_server(arguments), _policy(arguments), Timeouts())
    except BadAddress as fault:
        return _complain(f"{fault.sentence} {fault.suggestion}".strip(), USAGE)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        found = runner.run(survey(watched))
    if arguments.pem and (failure := _write_pem(Path(arguments.pem), found.chain)):
        return _complain(failure, UNKNOWN)
    if arguments.json:
        print(json.dumps(to_json(watched.server, found), indent=2, ensure_ascii=False))
    else:
        print("\n".join(to_text(watched.server, found)))
    return outcome(found)


def outcome(found: Survey) -> int:
    """Give the exit code: TLS that cannot be agreed on is no trust either, unreachable is not knowing."""
    if found.enforce.verdict is not None:
        return TRUSTED if found.enforce.verdict.trusted else NOT_TRUSTED
    return NOT_TRUSTED if found.versions and isinstance(found.enforce.fault, UpstreamTlsFault) else UNKNOWN


def to_text(server: Server, found: Survey) -> list[str]:
    """Lay out what was found for people."""
    enforce, strict = found.enforce.verdict, found.strict.verdict
    address = f" ({found.enforce.address})" if found.enforce.address else ""
    marks = [
        f"enforce {mark(_is_trusted(enforce, found))}",
        f"allow {mark(bool(found.chain) or None)}",
        f"strict {mark(_is_trusted(strict, found))}",
    ]
    lines = [f"{server.authority}{address}   {_versions(found.versions)}   {'   '.join(marks)}"]
    if enforce is not None:
        lines += tell_verdict(enforce)
        if not enforce.trusted:
            lines += wrapped("note", "allow_internal_untrusted_certs = 1 is not needed to mend this.")
    elif found.enforce.fault is not None:
        lines += wrapped("why", str(found.enforce.fault))
        reason = getattr(found.enforce.fault, "reason", "")
        if reason:
            lines += wrapped("fix", describe(reason_named(reason)).cure)
    if found.versions and max(found.versions) < LOWEST:
        cure = f'Enable TLS 1.2 there, or set min_tls_version = "{max(found.versions)}" for the site.'
        lines += wrapped("fix", f"It speaks nothing newer than TLS {max(found.versions)}. {cure}")
    if strict is not None and enforce is not None and enforce.trusted and strict.deciding is not None:
        lines += wrapped("note", f"Under strict_rfc5280 it would be refused: {strict.deciding.sentence}")
    return lines


def to_json(server: Server, found: Survey) -> dict[str, object]:
    """Lay out the same for programs."""
    enforce, strict = found.enforce.verdict, found.strict.verdict
    return {
        "server": server.authority,
        "address": found.enforce.address,
        "name": server.tls_name,
        "enforce": None if enforce is None else to_plain(enforce),
        "strict": None if strict is None else to_plain(strict),
        "allow": bool(found.chain),
        "fault": "" if found.enforce.fault is None else str(found.enforce.fault),
        "fault_reason": getattr(found.enforce.fault, "reason", ""),
        "tls_versions": list(found.versions),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _is_trusted(verdict: Verdict | None, found: Survey) -> bool | None:
    """Tell how it stands; a server that speaks TLS, but not with us, is not trusted, any other is not known."""
    if verdict is not None:
        return verdict.trusted
    return False if found.versions else None


def _versions(versions: tuple[str, ...]) -> str:
    if not versions:
        return "no TLS"
    return f"TLS {versions[0]}" if len(versions) == 1 else f"TLS {versions[0]} to {versions[-1]}"


def _server(arguments: argparse.Namespace) -> Server:
    """Make the server that the command line describes. Raises: BadAddress."""
    place = parse_address(arguments.server, HTTPS_PORT)
    dialled = parse_address(arguments.connect_to, place.port) if arguments.connect_to else place
    return Server(
        site="",
        url=f"https://{arguments.server}",
        host=place.host,
        port=place.port,
        connect_host=dialled.host,
        connect_port=dialled.port,
        tls_name=check_host(arguments.name) if arguments.name else place.host,
    )


def _policy(arguments: argparse.Namespace) -> TrustPolicy:
    return TrustPolicy(
        allow_untrusted=False,
        ca_files=tuple(arguments.ca),
        ca_mode=CaMode.ONLY if arguments.only_ca else CaMode.ADD,
        partial_chain=arguments.partial_chain,
        source="casproxy probe",
    )


def _write_pem(file: Path, chain: tuple[bytes, ...]) -> str:
    """Write the presented chain; gives what went wrong, empty when nothing did."""
    if not chain:
        return f"The server presented no certificate, so {file} is not written."
    try:
        file.write_text("".join(map(ssl.DER_cert_to_PEM_cert, chain)), "ascii")
    except OSError as fault:
        return f"{file} cannot be written: {fault.strerror}."
    print(f"Wrote {len(chain)} certificates to {file}.", file=sys.stderr)
    return ""


def _complain(sentence: str, code: int) -> int:
    print(f"casproxy probe: {sentence}", file=sys.stderr)
    return code
