"""Accounts out of a look-up service that speaks JSON over TLS; the form of its answers is `directory`'s.

A sign-in is `POST check_url` with `{"login": …, "password": …}`, a look-up `GET find_url?login=…`. Both answer 200 and
`{"account": …}`; every other status says that the service cannot answer.
"""

import asyncio
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp

from proxy.accounts.material import Material
from proxy.accounts.passwords import MAX_PASSWORD
from proxy.accounts.provider import Busy, ProviderDown
from proxy.accounts.remembering import Source
from proxy.directory.answers import BadAnswer, is_meant, read_answer
from proxy.directory.logins import read_login
from proxy.model.accounts import Account

MAX_ANSWER = 256 * 1024
"""Bytes of an answer."""
AT_ONCE = 16
"""Connections to the service."""
WAITING = 256
"""Questions under way or waiting for a connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTerms:
    """Where a service is and how it is asked."""

    check_url: str
    find_url: str
    default_domain: str
    """What a bare name means."""
    seconds: float
    """For one question."""


class HttpSource(Source):
    """Asks one service."""

    def __init__(self, terms: HttpTerms, material: Material) -> None:
        self._terms = terms
        self._material = material
        self._session: aiohttp.ClientSession | None = None
        self._under_way = 0
        self._is_closed = False

    async def check(self, login: str, password: str) -> Account | None:
        """Let the service check the password; that unknown users take as long as known ones is its affair."""
        octets = password.encode("utf-8", "surrogatepass")
        if not octets or len(octets) > MAX_PASSWORD:
            return None
        return await self._ask(login, "POST", self._terms.check_url, json={"login": login, "password": password})

    async def find(self, login: str) -> Account | None:
        """Let the service look a login up."""
        return await self._ask(login, "GET", self._terms.find_url, params={"login": login})

    async def close(self) -> None:
        """Close the connections; what is under way raises ProviderDown."""
        self._is_closed = True
        if self._session is not None:
            await self._session.close()

    async def _ask(self, login: str, method: str, url: str, **content: Any) -> Account | None:
        if read_login(login, self._terms.default_domain) is None:
            return None
        if self._under_way >= WAITING:
            raise Busy("Too many look-ups wait for the look-up service.")
        self._under_way += 1
        try:
            octets = await self._fetch(method, url, **content)
        finally:
            self._under_way -= 1
        try:
            account = read_answer(octets)
        except BadAnswer as fault:
            raise ProviderDown(f"The look-up service cannot be understood. {fault}") from None
        if account is not None and not is_meant(login, account, self._terms.default_domain):
            raise ProviderDown("The look-up service answered with an account that does not have the login.")
        return account

    async def _fetch(self, method: str, url: str, **content: Any) -> bytes:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        secret = self._material.secret()
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        try:
            async with (
                asyncio.timeout(self._terms.seconds),
                self._open_session().request(
                    method, url, headers=headers, allow_redirects=False, ssl=self._material.context(), **content
                ) as response,
            ):
                return await _read(response)
        except TimeoutError:
            raise ProviderDown(f"The look-up service did not answer within {self._terms.seconds:g} seconds.") from None
        except aiohttp.ClientConnectorCertificateError as fault:
            raise ProviderDown(f"The look-up service's certificate is not trusted: {_reason(fault)}.") from None
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as fault:
            raise ProviderDown(f"The look-up service cannot be asked: {type(fault).__name__}.") from None

    def _open_session(self) -> aiohttp.ClientSession:
        """Give the session, which needs a running loop; it keeps no cookies and takes nothing from the environment."""
        if self._is_closed:
            raise ProviderDown("The look-up service is no longer asked: the proxy is stopping.")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=AT_ONCE, force_close=True),  # none that the service has closed
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer that says it is one.

    Raises: ProviderDown.
    """
    if response.status != HTTPStatus.OK:
        raise ProviderDown(f"The look-up service answered {response.status}.")
    if response.content_type != "application/json" or "Content-Encoding" in response.headers:
        raise ProviderDown("The look-up service cannot be understood. Its answer is no plain application/json.")
    octets = bytearray()
    async for chunk in response.content.iter_any():
        octets += chunk
        if len(octets) > MAX_ANSWER:
            raise ProviderDown(f"The look-up service answered with more than {MAX_ANSWER:,} bytes.")
    return bytes(octets)


def _reason(fault: aiohttp.ClientConnectorCertificateError) -> str:
    error = fault.certificate_error
    return error.verify_message.rstrip(".") if isinstance(error, ssl.SSLCertVerificationError) else type(error).__name__
