"""The origin: one nginx that serves files, swallows uploads and keeps one aside for comparison."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.certificates import Certificates, Pair
from tests.bench.processes import Launch, find_program, free_port, running
from tests.bench.workloads import FILES, body_bytes

_SERVER = """
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096;
    ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key};
    location / {{ root {folder}/files; }}
    location = /204 {{ return 204; }}
    # The body is read whole, kept in memory, and thrown away by a server of the same process.
    location = /upload {{ proxy_pass http://unix:{folder}/sink; proxy_pass_request_body off;
      proxy_set_header Content-Length ""; }}
    # The body is kept in a file whose name the answer tells.
    location = /keep {{ client_body_in_file_only on; proxy_pass http://unix:{folder}/sink;
      proxy_pass_request_body off; proxy_set_header Content-Length ""; add_header X-Body-File $request_body_file; }}
  }}
"""

_CONFIG = """
{user}daemon off; worker_processes 1; pid {folder}/pid; error_log stderr warn; worker_rlimit_nofile 20000;
events {{ worker_connections 10000; }}
http {{
  access_log off; default_type application/octet-stream; sendfile on; tcp_nopush on; open_file_cache max=100;
  ssl_protocols TLSv1.3; ssl_session_cache shared:s:8m; keepalive_timeout 600s; keepalive_requests 100000000;
  client_max_body_size 0; client_body_buffer_size 12m; client_body_temp_path {folder}/bodies;
  proxy_temp_path {folder}/t1; fastcgi_temp_path {folder}/t2; uwsgi_temp_path {folder}/t3; scgi_temp_path {folder}/t4;
  server {{ listen unix:{folder}/sink; location / {{ return 200 "stored\\n"; }} }}
{servers}
}}
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """Ports of the running origin."""

    port: int
    wrong_name: int
    """Same content, certificate for another name."""
    wrong_authority: int
    """Same content, certificate of another authority."""


@contextlib.contextmanager
def running_origin(folder: Path, certificates: Certificates, processor: int) -> Iterator[Origin]:
    """Run the origin until the block ends."""
    folder.mkdir()
    (folder / "files").mkdir()
    for path, size in FILES.items():
        file = folder / "files" / path.lstrip("/")
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(body_bytes(size))
    origin = Origin(free_port(), free_port(), free_port())
    pairs: dict[int, Pair] = {
        origin.port: certificates.origin,
        origin.wrong_name: certificates.wrong_name,
        origin.wrong_authority: certificates.wrong_authority,
    }
    servers = "".join(_SERVER.format(port=port, pair=pair, folder=folder) for port, pair in pairs.items())
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(user=nginx_user(), folder=folder, servers=servers))
    launch = Launch([find_program("nginx") or "nginx", "-p", str(folder), "-c", str(config)])
    with running(launch, processor=processor, port=origin.port, log=folder / "log"):
        yield origin


def nginx_user() -> str:
    """Return the directive that keeps nginx's worker our own user, who alone may read the folder."""
    return "user root; " if os.geteuid() == 0 else ""
