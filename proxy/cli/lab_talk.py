"""What `casproxy lab` tells once it runs: for people, and as one JSON object for scripts."""

import os
from typing import Any

from proxy.certkit.faults import FAULTS
from proxy.lab.run import Lab
from proxy.lab.topology import SITES, LabSite, Places
from proxy.service.worker import Worker

WIDTH = 11


def introduce(worker: Worker, lab: Lab, places: Places) -> str:
    """Compose what a person needs to begin: what to click, what to expect, how to turn the switch."""
    port = worker.listeners[0].address[1]
    pid = os.getpid()
    lines = [
        "",
        f"  casproxy lab: {worker.name} is ready, with {len(SITES)} backend sites behind it.",
        "",
        "  site       open                                      its certificate",
        *(_site_line(site, lab, port) for site in SITES),
        "",
        f"  Paths choose a site too: https://localhost:{port}/branch/owa/",
        "  Nobody signs in yet: there are no users.",
        "",
        "  switch     AllowInternalUntrustedCerts is " + _switch(worker) + ".",
        "             1: every site answers; untrusted ones show a strip. 0: they are refused with 502 and event 43.",
        f"             To turn it: set allow_internal_untrusted_certs in {places.settings},",
        f"             then: kill -HUP {pid}",
        f"  browser    trusts the lab once it trusts {places.authority}:",
        f"             curl --cacert {places.authority} https://localhost:{port}/owa/",
        "             Firefox: Settings, Certificates, Authorities, Import. Chromium on Linux: certutil -d",
        f'             sql:$HOME/.pki/nssdb -A -t C,, -n "casproxy lab" -i {places.authority}',
        f"             macOS: security add-trusted-cert -k ~/Library/Keychains/login.keychain-db {places.authority}",
        f"             Windows: certutil -user -addstore Root {places.authority}",
        f"  events     appear here, requests in {places.folder / 'access.log'}.",
        f"  health     casproxy healthcheck --admin 127.0.0.1:{worker.admin_port}",
        "  end        Ctrl-C",
        "",
    ]
    return "\n".join(lines)


def summarize(worker: Worker, lab: Lab, places: Places) -> dict[str, Any]:
    """Give addresses, sites and files; the values are what JSON takes."""
    port = worker.listeners[0].address[1]
    return {
        "name": worker.name,
        "pid": os.getpid(),
        "url": f"https://localhost:{port}/owa/",
        "port": port,
        "redirect_ports": [each.address[1] for each in worker.redirects],
        "admin": f"127.0.0.1:{worker.admin_port}",
        "ca_file": str(places.authority),
        "settings": str(places.settings),
        "access_log": str(places.folder / "access.log"),
        "users": [],
        "sites": [_site(site, lab, port) for site in SITES],
    }


def _site(site: LabSite, lab: Lab, port: int) -> dict[str, Any]:
    fault = FAULTS[lab[site.name].fault]
    return {
        "name": site.name,
        "url": _url(site, port),
        "path": f"/{site.stem}/owa/",
        "server": site.host,
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


def _switch(worker: Worker) -> str:
    names = {policy for _, policy in worker.policies()}
    return " and ".join(
        sorted("0" if name.startswith("enforce") else "1" for name in {each.split()[0] for each in names})
    )
