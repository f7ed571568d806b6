"""Rules about the places that events go to; whether files can be written is left to `service`."""

from proxy.settings.addresses import BadAddress, parse_address
from proxy.settings.problems import quote
from proxy.settings.report import Report
from proxy.settings.schema import Settings

DEFAULT_PORTS = {"udp": 514, "tcp": 514, "tls": 6514}
"""Port of each transport where the address has none."""


def _files(settings: Settings, report: Report) -> None:
    """Each file has a name, and no two logs share one."""
    seen = {settings.log.access_file: "log.access_file"} if settings.log.access_file else {}
    for number, each in enumerate(settings.events.files):
        path = ("events", "files", number, "path")
        if not report.is_sound(path):
            continue
        if not each.path:
            report.refuse(path, "The name of the file is empty.")
        elif each.path in seen:
            report.refuse(path, f"{quote(each.path)} is already {seen[each.path]}.", "Give each log a file of its own.")
        seen.setdefault(each.path, f"events.files[{number}].path")


def _collectors(settings: Settings, report: Report) -> None:
    """Each address can be read, and no collector gets every event twice."""
    seen: dict[tuple[str, int, str], int] = {}
    for number, each in enumerate(settings.events.syslog):
        path = ("events", "syslog", number, "address")
        if not report.is_sound(path):
            continue
        try:
            address = parse_address(each.address, DEFAULT_PORTS[each.transport])
        except BadAddress as fault:
            report.refuse(path, fault.sentence, fault.suggestion)
            continue
        if not address.port:
            report.refuse(path, f"{quote(each.address)} has no port from 1 to 65535.")
        key = (address.host, address.port, each.transport)
        if key in seen:
            report.refuse(path, f"{quote(each.address)} is already events.syslog[{seen[key]}].", "Remove one of both.")
        seen.setdefault(key, number)


def _authorities(settings: Settings, report: Report) -> None:
    """Demand the authorities of a collector over TLS; without TLS they would promise what is not done."""
    for number, each in enumerate(settings.events.syslog):
        path = ("events", "syslog", number, "ca_file")
        if not report.is_sound(path) or not report.is_sound((*path[:-1], "transport")):
            continue
        if each.transport == "tls" and not each.ca_file:
            report.refuse(
                path,
                "With transport tls the authorities of the collector are needed.",
                'Name their file, or write transport = "tcp".',
            )
        elif each.transport != "tls" and each.ca_file:
            report.refuse(
                path, f"With transport {each.transport} nothing is verified.", 'Write transport = "tls", or remove it.'
            )


RULES = (_files, _collectors, _authorities)
