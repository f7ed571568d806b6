"""The sites of the lab as a table, and the settings that make a proxy stand before them; starting them is `run`'s.

The first server, the proxy itself, is CAS01. The servers of the sites are numbered through the organisation, so that
an event names one of them without doubt. What is added where users sign in is `sign_in`'s.
"""

import difflib
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proxy.certkit.faults import FAULTS

FIRST_SERVER = "CAS01"
"""The proxy's own name: %1 of event 43."""
LOOPBACK = "127.0.0.1"
"""The one address everything in the lab listens on."""
LISTEN_PORT, REDIRECT_PORT, ADMIN_PORT = 8443, 8080, 9643
"""Ports of the proxy: HTTPS, plain HTTP that redirects, admin."""

Tables = dict[str, Any]
"""Settings as `tomllib` gives them: values have no common type."""


class LabMistake(Exception):
    """Something asked for that the lab does not know or cannot make; `str()` says what there is, or why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabSite:
    """A site of the lab with one server; a site's second server is an entry of its own."""

    name: str
    """As the settings spell it."""
    number: int = 1
    """Which of the site's servers it is."""
    host: str
    """Name of its server: %2 of event 43, what a sound certificate is for."""
    port: int
    """Port on loopback that is tried first."""
    fault: str
    """How its certificate is, unless `--fault` says otherwise."""
    is_default: bool = False
    """Whether it answers for names nobody claims."""
    compat: str = ""
    """How it wants to be told who signed in, as in the settings; empty: not at all."""

    @property
    def stem(self) -> str:
        """The name in paths."""
        return self.name.lower()

    @property
    def label(self) -> str:
        """What tells the server from all others: the site's name, from its second server on with a number."""
        return label_of(self.name, self.number)

    @property
    def file_stem(self) -> str:
        """The name of the certificate's files."""
        return self.label.lower().replace(" ", "-")

    @property
    def browser_host(self) -> str:
        """Host name that chooses the site in a browser."""
        return f"{self.stem}.localhost"

    @property
    def internal_url(self) -> str:
        """The InternalURL of its server."""
        return f"https://{self.host}/owa"


SITES = (
    LabSite(name="HQ", host="cas03.hq.lab.localhost", port=9441, fault="good", is_default=True),
    LabSite(name="Branch", host="cas02.branch.lab.localhost", port=9442, fault="self-signed"),
    LabSite(name="Plant", host="cas04.plant.lab.localhost", port=9443, fault="expired"),
    LabSite(name="Warehouse", host="cas05.warehouse.lab.localhost", port=9444, fault="wrong-host"),
    LabSite(name="Depot", host="cas06.depot.lab.localhost", port=9445, fault="incomplete-chain"),
)
"""The sites in the order they are told."""

BROWSER_NAMES = ("localhost", *(site.browser_host for site in SITES), LOOPBACK, "::1")
"""What the proxy's own certificate is for; listed one by one because OpenSSL refuses `*.localhost`."""


def label_of(site: str, number: int) -> str:
    """Give the label of a site's server, counted from 1."""
    return site if number == 1 else f"{site} {number}"


def choose_faults(choices: Iterable[str], sites: Iterable[LabSite] = SITES) -> dict[str, str]:
    """Turn `SITE=FAULT` texts into a fault per site; sites that are not named keep theirs.

    Raises: `LabMistake` for a text of another form, an unknown site or an unknown fault, with the nearest known word.
    """
    chosen = {site.name: site.fault for site in sites}
    names = {name.lower(): name for name in chosen}
    for choice in choices:
        site, equals, fault = (part.strip() for part in choice.partition("="))
        if not equals:
            raise LabMistake(f"{choice!r} is not of the form SITE=FAULT; for example Plant=good.")
        name = names.get(site.lower())
        if name is None:
            raise LabMistake(_unknown("site", site, list(chosen)))
        if fault.lower() not in FAULTS:
            raise LabMistake(_unknown("fault", fault, list(FAULTS)))
        chosen[name] = fault.lower()
    return chosen


def _unknown(kind: str, word: str, known: list[str]) -> str:
    spelled = {each.lower(): each for each in known}
    near = difflib.get_close_matches(word.lower(), spelled, n=1, cutoff=0.5)
    hint = f" Did you mean {spelled[near[0]]}?" if near else ""
    return f"The lab knows no {kind} {word!r}.{hint} There are: {', '.join(known)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a running lab is: ports on loopback and files."""

    listen: int
    """The proxy's HTTPS port."""
    redirect: int
    """The proxy's plain port that redirects."""
    admin: int
    """The admin port."""
    backends: Mapping[str, int]
    """Port of each server by its label."""
    folder: Path
    """Folder of the certificates."""
    trust: Mapping[str, Tables] = field(default_factory=dict)
    """By site, the keys of [sites.trust] without which its fault does not show; a site may have none."""

    @property
    def authority(self) -> Path:
        """The lab's trust anchor."""
        return self.folder / "ca.pem"

    @property
    def settings(self) -> Path:
        """The settings of the running lab."""
        return self.folder / "lab.toml"


def default_settings() -> Tables:
    """Give the lab's settings without places."""
    return {
        "config_version": 1,
        "server": {"name": FIRST_SERVER},
        "errors": {"detail": "full"},
        "trust": {},
        "sites": [_site_table(site) for site in SITES],
    }


def _site_table(site: LabSite) -> Tables:
    hosts = ["localhost", site.browser_host] if site.is_default else [site.browser_host]
    table: Tables = {"name": site.name, "hosts": hosts, "paths": [f"/{site.stem}"]}
    if site.is_default:
        table["default"] = True
    table["servers"] = [{"url": site.internal_url}]
    return table


def place(base: Tables, places: Places, allow: int | None) -> Tables:
    """Give a copy of the settings that holds for these places; `allow` None keeps the switch as it is.

    Every other key of `base` stays. A site that is not one of the lab's keeps its servers.
    """
    tables = deepcopy(base)
    tables.setdefault("server", {}).update(
        listen=f"{LOOPBACK}:{places.listen}",
        redirect_listen=f"{LOOPBACK}:{places.redirect}",
        admin=f"{LOOPBACK}:{places.admin}",
        state_dir=str(places.folder),
        certificate=str(places.folder / "front.pem"),
        key=str(places.folder / "front.key.pem"),
    )
    trust = tables.setdefault("trust", {})
    trust["ca_files"] = [str(places.authority)]
    if allow is not None:
        trust.pop("AllowInternalUntrustedCerts", None)
        trust["allow_internal_untrusted_certs"] = allow
    for table in tables.get("sites", []):
        if table.get("servers"):  # a site at another address has none
            _place_site(table, places)
    return tables


def _place_site(table: Tables, places: Places) -> None:
    name = table.get("name", "")
    if places.trust.get(name):
        table.setdefault("trust", {}).update(places.trust[name])
    ports = [places.backends.get(label_of(name, number + 1)) for number in range(len(table["servers"]))]
    table["servers"] = [_dialled(*each) for each in zip(table["servers"], ports, strict=True)]


def _dialled(server: str | Tables, port: int | None) -> str | Tables:
    if port is None:
        return server
    table = {"url": server} if isinstance(server, str) else dict(server)
    return table | {"connect_to": f"{LOOPBACK}:{port}"}
