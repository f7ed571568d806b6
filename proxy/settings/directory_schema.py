"""The tables about servers that know the users, as structs; they belong to `signin_schema`."""

from typing import Annotated

from msgspec import Meta

from proxy.settings.terms import MAX_SECONDS, Table

CaFile = Annotated[
    str,
    Meta(
        description="PEM file with the authorities that may have issued the server's certificate; no other is trusted. "
        "The certificate and the name in it are always verified.",
        extra={"example": "/etc/casproxy/lab-root.pem", "absent": "Absent: the public authorities."},
    ),
]
Timeout = Annotated[
    float,
    Meta(
        description="For connecting, TLS and everything that one server is asked about one user.",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]


class Ldap(Table, frozen=True, kw_only=True):
    """The LDAP directory of `provider = "ldap"`; the defaults are those of Active Directory."""

    urls: Annotated[
        tuple[str, ...],
        Meta(
            description="Servers, `ldaps://host:port`, one or a list; without a port 636. They are tried in order, "
            "beginning with the one that answered last. There is no LDAP without TLS.",
            extra={"kind": "one_or_more", "example": ["ldaps://dc01.lab.example", "ldaps://dc02.lab.example"]},
        ),
    ] = ()
    ca_file: CaFile = ""
    bind_dn: Annotated[
        str,
        Meta(
            description="Account that searches for users; it needs to read them and nothing more.",
            extra={"example": "CN=casproxy,OU=Services,DC=lab,DC=example"},
        ),
    ] = ""
    bind_password_file: Annotated[
        str,
        Meta(
            description="File that holds its password; read for each question, white space around it does not count.",
            extra={"example": "/run/secrets/casproxy-ldap"},
        ),
    ] = ""
    base_dn: Annotated[
        str,
        Meta(description="Below which users are searched.", extra={"example": "DC=lab,DC=example"}),
    ] = ""
    user_filter: Annotated[
        str,
        Meta(
            description="Filter that every user passes, in parentheses. The default leaves out accounts that are "
            "disabled in Active Directory: who is disabled is out after `directory.remember`."
        ),
    ] = "(&(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))"
    name_attribute: Annotated[
        str,
        Meta(description=r"Attribute with the name of a user, `alice` of `LAB\alice`; each user has one."),
    ] = "sAMAccountName"
    upn_attribute: Annotated[
        str, Meta(description="Attribute with the user principal name, a login, too. Empty: there is none.")
    ] = "userPrincipalName"
    address_attributes: Annotated[
        tuple[str, ...],
        Meta(
            description="Attributes with addresses, which are logins, too. Of `proxyAddresses` those count that begin "
            "with `smtp:`."
        ),
    ] = ("mail", "proxyAddresses")
    display_attribute: Annotated[str, Meta(description="Attribute with the name for people. Empty: none.")] = (
        "displayName"
    )
    groups_attribute: Annotated[
        str,
        Meta(
            description="Attribute with the groups, as distinguished names; the first part of each is told to the "
            "servers of the sites. Groups in groups are not looked up, and one with a comma in its name is "
            "left out. Empty: none."
        ),
    ] = "memberOf"
    site_attribute: Annotated[
        str,
        Meta(
            description="Attribute with the name of the site of the mailbox, as `sites` spells it; a user without it "
            "has no mailbox."
        ),
    ] = "extensionAttribute1"
    database_attribute: Annotated[str, Meta(description="Attribute with the database, only told. Empty: none.")] = (
        "homeMDB"
    )
    version_attribute: Annotated[
        str,
        Meta(
            description="Attribute with the version of the mailbox's server, such as `14.3` or `8`. Empty, and where "
            "it holds no version: 14, which is Exchange 2010.",
            extra={"example": "extensionAttribute2"},
        ),
    ] = ""
    sid_attribute: Annotated[
        str,
        Meta(
            description="Attribute with the security identifier, as octets or as text, which servers of a site with "
            "`compat` are told. Empty: none."
        ),
    ] = "objectSid"
    timeout: Timeout = 5.0


class Http(Table, frozen=True, kw_only=True):
    """The look-up service of `provider = "http"`: JSON over TLS."""

    check_url: Annotated[
        str,
        Meta(
            description='Where passwords are checked: `POST {"login": "…", "password": "…"}` is answered with 200 and '
            '`{"account": null}`, or an object with the keys of a user in `users_file` but `password`. That unknown '
            "users take as long as known ones is the service's affair.",
            extra={"example": "https://users.lab.example/check"},
        ),
    ] = ""
    find_url: Annotated[
        str,
        Meta(
            description="Where users are looked up, by `GET …?login=…`; answered in the same form.",
            extra={"example": "https://users.lab.example/find"},
        ),
    ] = ""
    ca_file: CaFile = ""
    token_file: Annotated[
        str,
        Meta(
            description="File that holds the bearer token for the service; read for each question.",
            extra={"example": "/run/secrets/casproxy-users", "absent": "Absent: no token."},
        ),
    ] = ""
    timeout: Timeout = 5.0
