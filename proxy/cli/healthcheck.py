"""`casproxy healthcheck`: ask a running proxy's admin listener whether it takes requests; the image's HEALTHCHECK.

Plain HTTP to the address of `server.admin`, without any proxy of the environment. It asks nothing about backends.
"""

import argparse
import http.client
import os
import sys

from proxy.cli.admin_place import ADMIN, DEFAULT, parse_address

NAME = "healthcheck"
HELP = "ask a running proxy whether it takes requests"

TIMEOUT_SECONDS = 2.0
"""For connecting and for each read; a health check is repeated, so it need not be patient."""

HEALTHY = 0
UNHEALTHY = 1
UNKNOWN = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Add `--admin`."""
    default = os.environ.get(ADMIN) or DEFAULT
    parser.add_argument("--admin", metavar="ADDRESS", default=default, help=f"admin address, {ADMIN} or {DEFAULT}")


def run(arguments: argparse.Namespace) -> int:
    """Ask `/readyz`; 0 healthy, 1 unhealthy, 3 could not find out."""
    place = parse_address(arguments.admin)
    if place is None:
        sys.stderr.write(f"casproxy healthcheck: {arguments.admin!r} is no address such as {DEFAULT} or [::1]:9643.\n")
        return UNKNOWN
    try:
        status, answer = ask(*place)
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(
            f"casproxy healthcheck: {arguments.admin} did not answer: {str(error) or type(error).__name__}.\n"
        )
        return UNKNOWN
    print(answer)
    return HEALTHY if status == http.HTTPStatus.OK else UNHEALTHY


def ask(host: str, port: int) -> tuple[int, str]:
    """Get `/readyz`; returns status and the first line of the answer. Raises `OSError` or `HTTPException`."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/readyz", headers={"Accept": "text/plain", "Connection": "close"})
        response = connection.getresponse()
        return response.status, response.read(1024).decode("ascii", "replace").partition("\n")[0]
    finally:
        connection.close()
