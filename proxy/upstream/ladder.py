"""Which TLS versions a server speaks, found out one by one; carrying traffic is never done on these connections."""

import asyncio
import ssl
import warnings

from proxy.errors import ProxyError
from proxy.upstream.attempt import Attempts, Call, Looker, leave
from proxy.upstream.tls import VERSIONS


async def climb(attempts: Attempts, call: Call) -> tuple[str, ...]:
    """Give the versions of `1.0` to `1.3` that the server agrees to, lowest first; empty when it agrees to none.

    Nothing is verified, and weak keys are no obstacle: the question is what the server can do. A server that closes
    or keeps silent at one rung does not speak that version; every rung is a connection of its own, side by side.
    """
    rungs = await asyncio.gather(*(_speaks(attempts, call, version) for version in VERSIONS))
    return tuple(version for version, speaks in zip(VERSIONS, rungs, strict=True) if speaks)


async def _speaks(attempts: Attempts, call: Call, version: str) -> bool:
    try:
        opened = await attempts.with_context(call._replace(factory=Looker), rung(version))
    except ProxyError:
        return False
    await leave(opened)
    return True


def rung(version: str) -> ssl.SSLContext:
    """Make a context that speaks one version and accepts every certificate, at OpenSSL's security level 0."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what is asked about
        context.minimum_version = context.maximum_version = VERSIONS[version]
    return context
