"""What `casproxy lab` tells about its users: who they are and what will happen to them under 1 and under 0."""

from typing import Any, NamedTuple

from proxy.certkit.faults import FAULTS
from proxy.lab.run import Lab
from proxy.lab.sign_in import CELLAR, REMOTE, Second
from proxy.lab.users import USERS, LabUser

NOT_TRUSTED, NOT_HTTPS = 43, 42
_FORM = "destination=/owa/&flags=4&forcedownlevel=0&trusted=4&username={name}&password={name}&isUtf8=1"
_HEADINGS = ("user", "mailbox", "under 1", "under 0")


class Answer(NamedTuple):
    """What a user gets for the inbox's address once signed in."""

    words: str
    """For people."""
    status: int
    """Of the first answer."""
    event: int
    """Number of the event that is written; 0: none."""


def expect(user: LabUser, lab: Lab, second: Second, *, allow: bool) -> Answer:
    """Tell what a user will get while the switch is 1 or 0."""
    if not user.site:
        return Answer("404: no mailbox", 404, 0)
    if user.site == REMOTE.name:
        return Answer(f"sent to {second.url}/", 302, 0)
    if user.site == CELLAR:
        return Answer(f"503, event {NOT_HTTPS}: its server has no TLS", 503, NOT_HTTPS)
    fault = FAULTS[lab[user.site].fault]
    if fault.is_trusted:
        return Answer("inbox", 200, 0)
    if allow:
        return Answer(f"inbox, strip: {fault.name}", 200, 0)
    return Answer(f"502, event {NOT_TRUSTED}", 502, NOT_TRUSTED)


def user_lines(lab: Lab, second: Second) -> list[str]:
    """Compose the table of users for a terminal."""
    rows = [_HEADINGS, *(_row(user, lab, second) for user in USERS)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS) - 1)]
    return [
        "  " + "".join(f"{cell:<{width + 3}}" for cell, width in zip(row, (*widths, 0), strict=True)).rstrip()
        for row in rows
    ]


def _row(user: LabUser, lab: Lab, second: Second) -> tuple[str, str, str, str]:
    under_1, under_0 = (expect(user, lab, second, allow=allow).words for allow in (True, False))
    return (user.name, user.site or "none", under_1, "the same" if under_0 == under_1 else under_0)


def curl_command(ca_file: str, url: str, name: str) -> str:
    """Compose the command that signs somebody in with the form scripts have always sent, and reads the inbox."""
    return f"curl --cacert {ca_file} -L -b '' -d '{_FORM.format(name=name)}' {url}auth.owa"


def plain_users(lab: Lab, second: Second) -> list[dict[str, Any]]:
    """Give the users for scripts."""
    return [_plain(user, lab, second) for user in USERS]


def _plain(user: LabUser, lab: Lab, second: Second) -> dict[str, Any]:
    answers = {switch: expect(user, lab, second, allow=switch == "1") for switch in ("1", "0")}
    return {
        "name": user.name,
        "login": user.login,
        "password": user.name,
        "site": user.site,
        "groups": list(user.groups),
        "servers": [site.host for site in lab.sites if site.name == user.site],
        "answers": {switch: {"status": each.status, "event": each.event} for switch, each in answers.items()},
    }
