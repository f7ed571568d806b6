"""Proves that a candidate answers rightly and refuses an origin that is not trusted, before anything is timed."""

import hashlib
import http.client
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.certificates import NAME
from tests.bench.workloads import FILES, KIB, MIB, body_bytes

SECONDS = 30.0
"""One answer; a candidate that waits before it reports a refused handshake has that long."""

_UPLOAD = body_bytes(10 * MIB)


class WrongAnswer(Exception):
    """A candidate did not do what every reverse proxy must."""


def _check(condition: object, what: str) -> None:
    if not condition:
        raise WrongAnswer(what)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def check_answers(context: ssl.SSLContext, port: int) -> None:
    """Ask for everything that will be timed, and for what breaks framing most easily, on one connection.

    Raises: WrongAnswer.
    """
    connection = http.client.HTTPSConnection(NAME, port, context=context, timeout=SECONDS)
    try:
        for path, size in FILES.items():
            _check_get(connection, path, size)
        for _ in range(2):
            _check_head(connection)
        status, _, body = _ask(connection, "GET", "/204")
        _check((status, body) == (204, b""), f"204 came as {status} with {len(body)} bytes")
        _check_post(connection, _UPLOAD)
        _check_post(connection, (_UPLOAD[at : at + 50_000] for at in range(0, len(_UPLOAD), 50_000)))
        _check_get(connection, "/1k", KIB)
        status, _, body = _ask(connection, "POST", "/upload", _UPLOAD)
        _check((status, body) == (200, b"stored\n"), f"the timed POST was answered {status}")
    except (OSError, http.client.HTTPException) as fault:
        raise WrongAnswer(f"{type(fault).__name__}: {fault}") from fault
    finally:
        connection.close()


def check_refusal(context: ssl.SSLContext, port: int, why: str) -> None:
    """Ask through an instance whose origin must not be trusted: an error of the proxy's own has to come.

    Raises: WrongAnswer.
    """
    connection = http.client.HTTPSConnection(NAME, port, context=context, timeout=SECONDS)
    try:
        status, _, body = _ask(connection, "GET", "/1k")
    except (OSError, http.client.HTTPException) as fault:
        raise WrongAnswer(f"{why}: {type(fault).__name__}: {fault}") from fault
    finally:
        connection.close()
    _check(status in {500, 502, 503} and body != body_bytes(KIB), f"{why}: answered {status}")


def wait_until_serving(context: ssl.SSLContext, port: int, seconds: float = 10.0) -> None:
    """Wait until the candidate answers at all; its socket may accept before it is ready.

    Raises: WrongAnswer when it never does.
    """
    end = time.monotonic() + seconds
    while True:
        connection = http.client.HTTPSConnection(NAME, port, context=context, timeout=SECONDS)
        try:
            _ask(connection, "GET", "/1k")
        except (OSError, http.client.HTTPException) as fault:
            if time.monotonic() > end:
                raise WrongAnswer(f"never ready: {fault}") from fault
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()


def _ask(
    connection: http.client.HTTPSConnection, method: str, path: str, body: bytes | Iterator[bytes] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection.request(method, path, body=body, encode_chunked=body is not None and not isinstance(body, bytes))
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def _check_get(connection: http.client.HTTPSConnection, path: str, size: int) -> None:
    status, headers, body = _ask(connection, "GET", path)
    _check(status == 200, f"GET {path} was answered {status}")
    _check(headers.get("Content-Length") == str(size), f"GET {path} came without its length")
    _check(_digest(body) == _digest(body_bytes(size)), f"GET {path} came with another body, {len(body)} bytes")


def _check_head(connection: http.client.HTTPSConnection) -> None:
    status, headers, body = _ask(connection, "HEAD", "/64k")
    right = (status, headers.get("Content-Length"), body) == (200, str(FILES["/64k"]), b"")
    _check(right, f"HEAD was answered {status}, length {headers.get('Content-Length')}, {len(body)} bytes")


def _check_post(connection: http.client.HTTPSConnection, body: bytes | Iterator[bytes]) -> None:
    how = "by length" if isinstance(body, bytes) else "chunked"
    connection.putrequest("POST", "/keep")
    if isinstance(body, bytes):
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
    else:
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders(body, encode_chunked=True)
    answer = connection.getresponse()
    answer.read()
    kept = answer.headers.get("X-Body-File")
    _check(answer.status == 200 and kept, f"POST {how} was answered {answer.status}")
    arrived = Path(kept or "").read_bytes()
    Path(kept or "").unlink()
    _check(_digest(arrived) == _digest(_UPLOAD), f"POST {how} arrived with another body, {len(arrived)} bytes")
