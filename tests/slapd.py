"""A directory of OpenLDAP on loopback, over TLS, with users as Active Directory keeps them."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

from proxy.certkit.authority import Authority
from tests.peers import SEARCH_PATH

BASE = "dc=lab,dc=test"
SERVICE = f"cn=service,{BASE}"
SECRET = "hush"
PATIENCE = 20.0

_TEXT = "1.3.6.1.4.1.1466.115.121.1.15"
_NAME = "1.3.6.1.4.1.1466.115.121.1.12"
_ATTRIBUTES = (
    ("sAMAccountName", "1.2.840.113556.1.4.221", "caseIgnoreMatch", _TEXT),
    ("userPrincipalName", "1.2.840.113556.1.4.656", "caseIgnoreMatch", _TEXT),
    ("proxyAddresses", "1.2.840.113556.1.2.210", "caseIgnoreMatch", _TEXT),
    ("extensionAttribute1", "1.2.840.113556.1.2.423", "caseIgnoreMatch", _TEXT),
    ("homeMDB", "1.2.840.113556.1.2.244", "distinguishedNameMatch", _NAME),
    ("objectSid", "1.2.840.113556.1.4.146", "octetStringMatch", "1.3.6.1.4.1.1466.115.121.1.40"),
    ("memberOf", "1.2.840.113556.1.2.102", "distinguishedNameMatch", _NAME),
)

USERS = f"""dn: {BASE}
objectClass: dcObject
objectClass: organization
o: Lab
dc: lab

dn: cn=Alice Müller,{BASE}
objectClass: inetOrgPerson
objectClass: labUser
cn: Alice Müller
sn: Müller
displayName: Alice
mail: alice.mueller@lab.test
sAMAccountName: Alice
userPrincipalName: alice@lab.test
proxyAddresses: SMTP:alice.mueller@lab.test
proxyAddresses: smtp:am@lab.test
memberOf: cn=Staff,ou=Groups,{BASE}
memberOf: cn=Sales\\, East,ou=Groups,{BASE}
objectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAAUQQAAA==
extensionAttribute1: HQ
homeMDB: cn=DB01,cn=Databases,{BASE}
l: Paris
departmentNumber: 8.3
userPassword: wonderland

dn: cn=Bob,{BASE}
objectClass: inetOrgPerson
objectClass: labUser
cn: Bob
sn: Bob
sAMAccountName: bob
userPassword: bübchen

dn: cn=Carol,{BASE}
objectClass: inetOrgPerson
objectClass: labUser
cn: Carol
sn: Carol
sAMAccountName: carol
mail: shared@lab.test

dn: cn=Dan,{BASE}
objectClass: inetOrgPerson
objectClass: labUser
cn: Dan
sn: Dan
sAMAccountName: dan
mail: shared@lab.test
userPassword: dan

dn: cn=Star,{BASE}
objectClass: inetOrgPerson
objectClass: labUser
cn: Star
sn: Star
sAMAccountName: st*r
userPassword: star
"""


def _settings(folder: Path) -> str:
    schema = "".join(
        f"attributetype ( {oid} NAME '{name}' EQUALITY {rule} SYNTAX {syntax} )\n"
        for name, oid, rule, syntax in _ATTRIBUTES
    )
    names = " $ ".join(name for name, *_ in _ATTRIBUTES)
    return f"""include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
{schema}objectclass ( 1.3.6.1.4.1.4203.666.11.99 NAME 'labUser' SUP top AUXILIARY MAY ( {names} ) )
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {folder}/ldap.pem
TLSCertificateKeyFile {folder}/ldap.key.pem
database mdb
suffix "{BASE}"
rootdn "{SERVICE}"
rootpw {SECRET}
directory {folder}/db
access to attrs=userPassword by anonymous auth by * none
access to * by * none
"""


class Slapd:
    """One server; its users' file stays when it is stopped and started again."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "db").mkdir()
        authority.issue("localhost", "127.0.0.1").write(folder, "ldap")
        (folder / "ldap-ca.pem").write_bytes(authority.certificate_pem)
        (folder / "ldap-secret").write_text(SECRET)
        (folder / "slapd.conf").write_text(_settings(folder))
        shutil.copy(
            _path_of("slapd"), folder / "slapd"
        )  # Ubuntu lets the one of the system write in its own folders only
        self._run(str(folder / "slapd"), "-Tadd", "-q", "-f", str(folder / "slapd.conf"), text=USERS)

    def start(self) -> "Slapd":
        """Start it, and wait until it listens."""
        arguments = ["-f", str(self.folder / "slapd.conf"), "-h", f"ldaps://127.0.0.1:{self.port}", "-d", "0"]
        self._process = subprocess.Popen([str(self.folder / "slapd"), *arguments], stderr=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while True:
            assert self._process.poll() is None, "slapd has ended"
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
            except ConnectionRefusedError:
                assert time.monotonic() < end, "slapd does not listen"
            else:
                return self

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def modify(self, ldif: str) -> None:
        """Change entries while it runs."""
        url = f"ldaps://127.0.0.1:{self.port}"
        self._run(_path_of("ldapmodify"), "-x", "-H", url, "-D", SERVICE, "-w", SECRET, text=ldif)

    def _run(self, *command: str, text: str) -> None:
        environment = {"LDAPTLS_CACERT": str(self.folder / "ldap-ca.pem")}
        done = subprocess.run(command, input=text.encode(), env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


def _path_of(program: str) -> str:
    path = shutil.which(program, path=SEARCH_PATH)
    assert path is not None
    return path
