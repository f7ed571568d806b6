"""Looks at servers of every kind of trust, as the API tells them, with markup in every name."""

from datetime import UTC, datetime, timedelta
from typing import Any

MARKUP = '<img src=x onerror="document.title=1">'
"""What would tell that some text has become markup."""
SCRIPT = "</pre><script>document.title=1</script>"


def certificate(name: str, issuer: str, days: int, **more: Any) -> dict[str, Any]:
    """Give what `trust.plain` would of a certificate that ends in so many days."""
    now = datetime.now(UTC).replace(microsecond=0)
    end = now + timedelta(days=days, hours=3)
    return {
        "subject": f"CN={name}",
        "issuer": f"CN={issuer}",
        "serial": "57f8e1daa3adf8148bd8570a65e99082d913c9b0",
        "names": [name],
        "name_count": 1,
        "not_before": (end - timedelta(days=398)).isoformat().replace("+00:00", "Z"),
        "not_after": end.isoformat().replace("+00:00", "Z"),
        "days_left": days,
        "key": "EC P-256",
        "signature": "ECDSA with SHA-256",
        "usages": ["server authentication"],
        "is_authority": False,
        "issuer_urls": [],
        "crl_urls": [],
        "sha256": "bfb8a70e8f1a6f22b14a2c8ec793982edb48d6022692157d1bad3a27999ed580",
        "spki_sha256": "eOaNjb9k+7zgiohVQrJzgjUYd/wbipCSKclsRmG75Is=",
        "size": 500,
        "fault": "",
        **more,
    }


def link(whence: str, subject: str, **more: Any) -> dict[str, Any]:
    """Give a link of the path."""
    return {
        "whence": whence,
        "subject": subject,
        "position": None,
        "signed": True,
        "anchor": "",
        "certificate": None,
    } | more


def look(
    site: str, server: str, presented: list[dict[str, Any]], path: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """Give a look at a server; `findings` are (reason, sentence, cure, position)."""
    findings = [
        dict(zip(("reason", "sentence", "cure", "position"), each, strict=True)) for each in more.pop("findings", [])
    ]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "site": site,
        "server": server,
        "dialled": "10.20.0.7:443",
        "policy": "allow",
        "policy_source": "default",
        "looked_at": now,
        "fault": more.pop("fault", ""),
        "tls_version": "TLS 1.3",
        "verdict": {
            "trusted": not findings,
            "reason": findings[0]["reason"] if findings else "",
            "code": more.pop("code", None),
            "text": more.pop("text", ""),
            "name": server,
            "explained": True,
            "findings": findings,
            "notes": more.pop("notes", []),
            "presented": presented,
            "presented_count": len(presented),
            "path": path,
            "store": "142 from certifi, 1 from certs/branch-root.pem",
            "resembles": more.pop("resembles", ""),
            "at": now,
        },
    }


def sound(site: str, server: str, days: int, issuer_days: int = 900) -> dict[str, Any]:
    """Give a look at a server with a sound chain of three."""
    leaf = certificate(server, "Example Issuing 3", days)
    middle = certificate("Example Issuing 3", "Example Root", issuer_days, names=[], name_count=0, usages=[])
    root = certificate("Example Root", "Example Root", 4100, names=[], name_count=0, usages=[])
    path = [
        link("presented", leaf["subject"], position=0),
        link("presented", middle["subject"], position=1),
        link("store", root["subject"], anchor="certifi", certificate=root),
    ]
    return look(site, server, [leaf, middle], path)


SELF_SIGNED = (
    "self_signed",
    "The server's certificate is signed by itself and is not trusted here.",
    "Install a certificate from a trusted authority on the server, or add this one to ca_files.",
    0,
)


def self_signed(site: str, server: str, days: int) -> dict[str, Any]:
    """Give a look at a server that signed its certificate itself."""
    own = certificate(server, server, days)
    path = [link("presented", own["subject"], position=0)]
    return look(site, server, [own], path, code=18, text="self-signed certificate", findings=[SELF_SIGNED])


def expired(site: str, server: str) -> dict[str, Any]:
    """Give a look at a server whose certificate is old, named like markup, and not even signed by its issuer."""
    old = certificate(MARKUP, "Plant Root", -3)
    root = certificate("Plant Root", "Plant Root", 40, names=[], name_count=0)
    path = [link("presented", old["subject"], position=0, signed=False), link("presented", root["subject"], position=1)]
    cure = "Renew the certificate on the server; if it is new, check the clock of this host."
    findings = [
        ("expired", f"The certificate of {MARKUP} expired 2 days ago.", cure, 0),
        ("untrusted_root", "It leads to Plant Root, which is not trusted here.", "Add the root to ca_files.", 1),
    ]
    notes = ["Would fail strict rules of RFC 5280: no authority key identifier."]
    text = "certificate has expired"
    return look(site, server, [old, root], path, code=10, text=text, findings=findings, notes=notes)


def misnamed(site: str, server: str) -> dict[str, Any]:
    """Give a look at a server that shows the certificate of another site's."""
    other = certificate("hq.example", "Example Issuing 3", 200, names=["hq.example", SCRIPT], name_count=2)
    issuer = certificate("Example Issuing 3", "Example Root", 9)
    anchor = link("store", issuer["subject"], anchor="certs/branch-root.pem", certificate=issuer)
    path = [link("presented", other["subject"], position=0), anchor]
    sentence = f"The certificate is not valid for the name {server}, only for hq.example and {SCRIPT}."
    cure = "Issue a certificate with the name of the InternalURL, correct the InternalURL, or set tls_name."
    findings = [("name_mismatch", sentence, cure, 0)]
    return look(site, server, [other], path, code=62, text="hostname mismatch", resembles="HQ", findings=findings)


def incomplete(site: str, server: str) -> dict[str, Any]:
    """Give a look at a server that forgot its intermediate certificate."""
    leaf = certificate(server, "Corp Issuing 3", 61, issuer_urls=["http://ca.example/issuing3.cer"])
    path = [link("presented", leaf["subject"], position=0, signed=None), link("absent", leaf["issuer"], signed=None)]
    sentence = "The authority that issued the server's certificate is neither sent by the server nor trusted here."
    cure = "Install the intermediate certificate on the server; get it from http://ca.example/issuing3.cer."
    text = "unable to get local issuer certificate"
    return look(site, server, [leaf], path, code=20, text=text, findings=[("missing_intermediate", sentence, cure, 0)])


def all_looks() -> list[dict[str, Any]]:
    """Give a look at every server but the one that no look has reached yet."""
    return [
        sound("HQ", "cas01.hq.example", 397),
        sound("HQ", "cas03.hq.example", 41, issuer_days=15),
        self_signed("Branch", "cas02.branch.example", 397),
        self_signed("Branch", "cas07.branch.example", 12),
        expired("Plant", "cas04.plant.example"),
        misnamed("Warehouse", "cas05.warehouse.example"),
        incomplete("Depot", "cas06.depot.example"),
        sound("Cellar", "cas12.cellar.example", 230),
    ]
