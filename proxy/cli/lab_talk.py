"""What `casproxy lab` tells once it runs: for people, and as one JSON object for scripts."""

import os
import shlex
from typing import Any

from proxy.certkit.faults import FAULTS
from proxy.cli.lab_users import curl_command, plain_users, user_lines
from proxy.lab.run import Lab
from proxy.lab.sign_in import REMOTE, SECOND_NAME, Second
from proxy.lab.token import TOKEN_FILE
from proxy.lab.topology import SITES, LabSite, Places
from proxy.service.policy_talk import policies_of
from proxy.service.single import Single

WIDTH = 11


def introduce(proxy: Single, lab: Lab, places: Places, second: Second | None = None) -> str:
    """Compose what a person needs to begin: what to open, what to expect, how to turn the switch."""
    port = proxy.port
    counted = len({site.name for site in lab.sites})
    ready = f"  casproxy lab: {proxy.name} is ready, with {counted} backend sites behind it."
    begin = _sites(lab, port) if second is None else _users(lab, second, port)
    lines = ["", ready, "", *begin, "", *_switch_lines(proxy, places, second), *_trust_lines(places)]
    if second is None:
        lines += [f"  curl       curl --cacert {places.authority} https://localhost:{port}/owa/"]
    else:
        lines += ["  curl       " + curl_command(str(places.authority), f"https://localhost:{port}/owa/", "bob")]
    lines += [
        f"  events     appear here, requests in {places.folder / 'access.log'}.",
        f"  health     casproxy healthcheck --admin 127.0.0.1:{proxy.admin_port}",
        f"  admin      http://127.0.0.1:{proxy.admin_port}/, token in {places.folder / TOKEN_FILE}",
        "  end        Ctrl-C",
        "",
    ]
    return "\n".join(lines)


def _sites(lab: Lab, port: int) -> list[str]:
    return [
        "  site       open                                      its certificate",
        *(_site_line(site, lab, port) for site in SITES),
        "",
        f"  Paths choose a site too: https://localhost:{port}/branch/owa/",
        "  Nobody signs in: --no-sign-in.",
    ]


def _users(lab: Lab, second: Second, port: int) -> list[str]:
    return [
        f"  open       https://localhost:{port}/owa/ and sign in. Each password is the user's name.",
        "",
        *user_lines(lab, second),
        "",
        f"  {SECOND_NAME}, a second proxy, serves the site {REMOTE.name} at {second.url}/,",
        "  and asks for the password anew. At 0 its own switch counts, and its server is trusted.",
        "  These users exist in the lab alone. Sites chosen by host and path, without users: --no-sign-in.",
    ]


def _switch_lines(proxy: Single, places: Places, second: Second | None) -> list[str]:
    lines = [
        f"  switch     AllowInternalUntrustedCerts is {_switch(proxy)}.",
        "             1: every site answers; untrusted ones show a strip. 0: they are refused with 502 and event 43.",
        f"             To turn it at once: casproxy trust set 0 --config {shlex.quote(str(places.settings))}",
        "             To turn it for good: set allow_internal_untrusted_certs in that file,",
        f"             then: kill -HUP {os.getpid()}",
    ]
    return (
        lines if second is None else [*lines, f"             {SECOND_NAME} has a switch of its own: {second.settings}"]
    )


def _trust_lines(places: Places) -> list[str]:
    return [
        f"  browser    trusts the lab once it trusts {places.authority}:",
        "             Firefox: Settings, Certificates, Authorities, Import. Chromium on Linux: certutil -d",
        f'             sql:$HOME/.pki/nssdb -A -t C,, -n "casproxy lab" -i {places.authority}',
        f"             macOS: security add-trusted-cert -k ~/Library/Keychains/login.keychain-db {places.authority}",
        f"             Windows: certutil -user -addstore Root {places.authority}",
    ]


def summarize(proxy: Single, lab: Lab, places: Places, second: Second | None = None) -> dict[str, Any]:
    """Give addresses, sites, users and files; the values are what JSON takes."""
    port = proxy.port
    return {
        "name": proxy.name,
        "pid": os.getpid(),
        "url": f"https://localhost:{port}/owa/",
        "port": port,
        "redirect_ports": proxy.redirect_ports,
        "admin": f"127.0.0.1:{proxy.admin_port}",
        "admin_token_file": str(places.folder / TOKEN_FILE),
        "ca_file": str(places.authority),
        "settings": str(places.settings),
        "access_log": str(places.folder / "access.log"),
        "users": [] if second is None else plain_users(lab, second),
        "second": None if second is None else _second(second),
        "sites": [_site(site, lab, port, second) for site in lab.sites if site.number == 1],
    }


def _second(second: Second) -> dict[str, Any]:
    return {
        "name": SECOND_NAME,
        "url": f"{second.url}/",
        "port": second.listen,
        "admin": f"127.0.0.1:{second.admin}",
        "settings": str(second.settings),
    }


def _site(site: LabSite, lab: Lab, port: int, second: Second | None) -> dict[str, Any]:
    fault = FAULTS[lab[site.name].fault]
    if second is None:
        url, path = _url(site, port), f"/{site.stem}/owa/"
    else:
        url, path = (f"{second.url}/" if site == REMOTE else f"https://localhost:{port}/owa/"), "/owa/"
    return {
        "name": site.name,
        "url": url,
        "path": path,
        "server": site.host,
        "servers": [each.host for each in lab.sites if each.name == site.name],
        "server_port": lab[site.name].port,
        "fault": fault.name,
        "trusted": fault.is_trusted,
        "reason": fault.reason,
        "openssl_code": fault.code,
    }


def _site_line(site: LabSite, lab: Lab, port: int) -> str:
    fault = FAULTS[lab[site.name].fault]
    says = "is trusted" if fault.is_trusted else f"{fault.name}: {fault.sentence}"
    return f"  {site.name:<{WIDTH}}{_url(site, port):<42}{says}"


def _url(site: LabSite, port: int) -> str:
    host = "localhost" if site.is_default else site.browser_host
    return f"https://{host}:{port}/owa/"


def _switch(proxy: Single) -> str:
    names = {policy for _, policy in policies_of(proxy.control.in_force.loaded)}
    return " and ".join(
        sorted("0" if name.startswith("enforce") else "1" for name in {each.split()[0] for each in names})
    )
