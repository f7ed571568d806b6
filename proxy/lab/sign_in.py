"""The settings where users sign in: sites without hosts and paths, a second server, and a second proxy elsewhere."""

from dataclasses import dataclass
from pathlib import Path

from proxy.certkit.store import Wanted
from proxy.lab.topology import LOOPBACK, SITES, LabSite, Places, Tables, default_settings, place
from proxy.lab.users import COSTS, DOMAIN, KEY_FILE, USERS_FILE

SECOND_NAME = "CAS20"
"""Name of the second proxy."""
SECOND_HOST = "remote.localhost"
"""Its name in a browser. Cookies ignore ports: a host of its own keeps the two sign-ins apart."""
SECOND_PORT, SECOND_ADMIN_PORT = 8444, 9644
"""Its ports, HTTPS and admin."""

OWN = SITES[0]
"""The site of the first proxy."""
TWIN = LabSite(name="Branch", number=2, host="cas07.branch.lab.localhost", port=9446, fault="self-signed")
"""A further server of Branch, as bad as the first."""
REMOTE = LabSite(name="Remote", host="cas21.remote.lab.localhost", port=9447, fault="good")
"""The site of the second proxy."""
VAULT = LabSite(name="Vault", host="cas09.vault.lab.localhost", port=9448, fault="good", compat="exchange2010")
"""A site whose server takes requests of Exchange 2010's own kind alone."""
CELLAR, PLAIN_URL = "Cellar", "http://cas08.cellar.lab.localhost/owa"
"""A site and the InternalURL of its server, which is without TLS: nothing is ever sent there, so nothing runs there."""
ALL_SITES = (*SITES, TWIN, VAULT, REMOTE)
"""Every server that runs behind the two proxies."""

_ELSEWHERE = (*(site.name for site in SITES), VAULT.name, CELLAR)
"""Sites that only the first proxy can reach."""

SECOND_FRONT = Wanted(stem="second-front", names=(SECOND_HOST, LOOPBACK, "::1"))
"""The certificate that the second proxy shows to browsers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """Where the second proxy is."""

    listen: int
    """Its HTTPS port."""
    admin: int
    """Its admin port."""
    folder: Path
    """What it keeps."""

    @property
    def url(self) -> str:
        """The ExternalURL of its site."""
        return f"https://{SECOND_HOST}:{self.listen}/owa"

    @property
    def settings(self) -> Path:
        """Its settings."""
        return self.folder / "lab.toml"


def first_settings(places: Places, second: Second, allow: int | None) -> Tables:
    """Give the settings of the first proxy, which knows the address of the second."""
    tables = default_settings() | _directory(places)
    tables["sites"] = [_site(site.name) for site in SITES]
    tables["sites"][0]["own"] = True
    tables["sites"].append(_site(VAULT.name) | {"compat": VAULT.compat})
    tables["sites"].append({"name": REMOTE.name, "external_url": second.url, "redirect": "silent"})
    tables["sites"].append({"name": CELLAR, "servers": [{"url": PLAIN_URL}]})
    return place(tables, places, allow)


def second_settings(places: Places, second: Second, allow: int | None) -> Tables:
    """Give the settings of the second proxy, which serves its own site and tells everybody else the first's address."""
    tables = default_settings() | _directory(places)
    tables["sites"] = [_site(REMOTE.name) | {"own": True}]
    url = f"https://localhost:{places.listen}/owa"
    tables["sites"] += [{"name": name, "external_url": url} for name in _ELSEWHERE]
    tables = place(tables, places, allow)
    del tables["server"]["redirect_listen"]
    tables["server"].update(
        name=SECOND_NAME,
        listen=f"{LOOPBACK}:{second.listen}",
        admin=f"{LOOPBACK}:{second.admin}",
        state_dir=str(second.folder),
        certificate=str(places.folder / f"{SECOND_FRONT.stem}.pem"),
        key=str(places.folder / f"{SECOND_FRONT.stem}.key.pem"),
    )
    return tables


def _directory(places: Places) -> Tables:
    return {
        "directory": {
            "provider": "file",
            "users_file": str(places.folder / USERS_FILE),
            "default_domain": DOMAIN,
            "argon2_memory": COSTS.memory_kib,
            "argon2_iterations": COSTS.iterations,
        },
        "session": {"key_file": str(places.folder / KEY_FILE)},
        "log": {"user": "plain"},
    }


def _site(name: str) -> Tables:
    return {"name": name, "servers": [{"url": site.internal_url} for site in ALL_SITES if site.name == name]}
