"""Debian's nginx as a backend that nobody here wrote: what it sends arrives as it sent it."""

import asyncio
import gzip
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy.certkit.faults import FAULTS
from tests.loopback import until
from tests.peers import SEARCH_PATH
from tests.stage import OK, Stage, answering, stage
from tests.wire import request

pytestmark = [pytest.mark.e2e, pytest.mark.needs_nginx]

ENFORCE = "allow_internal_untrusted_certs = 0"
PAGE = b"<!doctype html><p>Outlook Web App</p>\n" * 400

CONFIG = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 256; }}
http {{
  log_format short '$connection_requests $ssl_server_name $status $request';
  access_log {folder}/nginx.log short;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/t1; fastcgi_temp_path {folder}/t2;
  uwsgi_temp_path {folder}/t3; scgi_temp_path {folder}/t4;
  types {{ text/html html; }}
  server {{
    listen 127.0.0.1:{port} ssl; server_name cas.hq.test;
    ssl_certificate {folder}/nginx.pem; ssl_certificate_key {folder}/nginx.key.pem;
    root {folder}/root; client_max_body_size 0;
    location /owa/zipped/ {{ gzip on; gzip_proxied any; gzip_min_length 1; alias {folder}/root/owa/; }}
    location /owa/old/ {{ return 302 https://cas.hq.test/owa/new/; }}
    location /owa/put/ {{ dav_methods PUT DELETE; create_full_put_path on; }}
  }}
}}
"""


@asynccontextmanager
async def nginx(fault: str = "good") -> AsyncIterator[Stage]:
    """Run nginx as the server of HQ, at 0, in place of the stage's own backend."""
    program = shutil.which("nginx", path=SEARCH_PATH)
    assert program
    async with stage({"HQ": answering(OK)}, settings=ENFORCE) as running:
        folder, backend = running.folder, running.backends["HQ"]
        (folder / "root" / "owa").mkdir(parents=True)
        (folder / "root" / "owa" / "page.html").write_bytes(PAGE)
        FAULTS[fault].make(running.authority, backend.name).write(folder, "nginx")
        with socket.create_server(("127.0.0.1", 0)) as sock:
            port = sock.getsockname()[1]
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(CONFIG.format(folder=folder, port=port, user=user))
        process = await asyncio.create_subprocess_exec(
            program, "-p", str(folder), "-c", str(folder / "nginx.conf"), stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await until((folder / "nginx.pid").exists, "nginx does not start")
            running.reload(running.settings.replace(f"127.0.0.1:{backend.port}", f"127.0.0.1:{port}"))
            yield running
        finally:
            process.terminate()
            await process.wait()


def log_of(running: Stage) -> list[str]:
    """Give the lines of nginx's access log: requests on the connection so far, SNI, status, request line."""
    return (running.folder / "nginx.log").read_text().splitlines()


async def test_files_ranges_and_conditions() -> None:
    """A file arrives whole, in a range, and as 304 for who has it; all of it over one connection, verified at 0."""
    async with nginx() as running:
        browser = await running.browser()
        whole = await browser.ask(request(target=b"/owa/page.html"))
        part = await browser.ask(request(b"Range: bytes=10-19", target=b"/owa/page.html"))
        etag = whole.field(b"etag") or b""
        same = await browser.ask(request(b"If-None-Match: " + etag, target=b"/owa/page.html"))
        head = await browser.ask(request(method=b"HEAD", target=b"/owa/page.html"), to_head=True)
        browser.close()
        assert (whole.status, whole.body, whole.field(b"content-type")) == (200, PAGE, b"text/html")
        assert (part.status, part.body) == (206, PAGE[10:20])
        assert part.field(b"content-range") == b"bytes 10-19/%d" % len(PAGE)
        assert (same.status, same.body, same.field(b"etag")) == (304, b"", etag)
        assert (head.status, head.field(b"content-length")) == (200, b"%d" % len(PAGE))
        await running.until(lambda: len(log_of(running)) == 4)
        assert [line.split()[:3] for line in log_of(running)] == [
            ["1", "cas.hq.test", "200"],
            ["2", "cas.hq.test", "206"],
            ["3", "cas.hq.test", "304"],
            ["4", "cas.hq.test", "200"],
        ]


async def test_compressed_bytes_pass_untouched() -> None:
    """What nginx compressed stays compressed, and what was not asked for so stays plain."""
    async with nginx() as running:
        target = b"/owa/zipped/page.html"
        zipped = await running.ask(request(b"Accept-Encoding: gzip", target=target))
        plain = await running.ask(request(target=target))
        assert (zipped.field(b"content-encoding"), gzip.decompress(zipped.body)) == (b"gzip", PAGE)
        assert (plain.field(b"content-encoding"), plain.body) == (None, PAGE)


async def test_its_errors_and_redirects_pass() -> None:
    """404 and 400 are its own pages; a redirect to itself names the browser's host instead of its own."""
    async with nginx() as running:
        missing = await running.ask(request(target=b"/owa/missing"))
        moved = await running.ask(request(target=b"/owa/old/"))
        assert (missing.status, b"nginx" in missing.body, missing.field(b"proxy-status")) == (404, True, None)
        assert (moved.status, moved.field(b"location")) == (302, b"https://localhost/owa/new/")


@pytest.mark.parametrize("chunked", [True, False])
async def test_uploads_arrive_whole(*, chunked: bool) -> None:
    """A file that is put, by length or in chunks, is the same when it is fetched again."""
    async with nginx() as running:
        body = os.urandom(300_000)
        put = request(method=b"PUT", target=b"/owa/put/file.html", body=body)
        if chunked:
            coding = request(b"Transfer-Encoding: chunked", method=b"PUT", target=b"/owa/put/file.html")
            put = coding + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
        browser = await running.browser()
        assert (await browser.ask(put)).status == 201
        assert (await browser.ask(request(target=b"/owa/put/file.html"))).body == body
        deleted = await browser.ask(request(method=b"DELETE", target=b"/owa/put/file.html"))
        assert deleted.status == 204
        browser.close()


async def test_many_at_once() -> None:
    """Forty browsers at once get the same file, over connections that are kept."""
    async with nginx() as running:
        for _ in range(2):
            answers = await asyncio.gather(*(running.ask(request(target=b"/owa/page.html")) for _ in range(40)))
            assert {(answer.status, answer.body) for answer in answers} == {(200, PAGE)}
        await running.until(lambda: len(log_of(running)) == 80)
        assert sum(line.startswith("1 ") for line in log_of(running)) <= 40


@pytest.mark.parametrize("fault", ["self-signed", "expired", "wrong-host", "incomplete-chain"])
async def test_a_bad_certificate_is_refused(fault: str) -> None:
    """At 0 nginx with a bad certificate is 502 with event 43, and nginx logs no request at all."""
    async with nginx(fault) as running:
        assert (await running.ask(request())).status == 502
        assert [event.reason for event in running.seen(43)] == [FAULTS[fault].reason]
        assert log_of(running) == []
