"""A real rsyslog on loopback that takes messages over UDP, TCP and TLS and writes what it understood of each."""

import json
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

from proxy.certkit.authority import Authority
from tests.peers import SEARCH_PATH

NAME = "localhost"
"""The name that its certificate bears."""

_TEMPLATE = (
    '{\\"pri\\":\\"%pri%\\",\\"time\\":\\"%timereported:::date-rfc3339%\\",\\"host\\":\\"%hostname:::json%\\",'
    '\\"app\\":\\"%app-name:::json%\\",\\"process\\":\\"%procid:::json%\\",\\"id\\":\\"%msgid:::json%\\",'
    '\\"facts\\":\\"%structured-data:::json%\\",\\"text\\":\\"%msg:::json%\\",\\"input\\":\\"%inputname%\\"}\\n'
)
_CONFIGURATION = """\
global(workDirectory="{folder}" maxMessageSize="16k" defaultNetstreamDriverCAFile="{folder}/ca.pem"
    defaultNetstreamDriverCertFile="{folder}/collector.pem" defaultNetstreamDriverKeyFile="{folder}/collector.key.pem")
module(load="imudp")
module(load="imtcp")
input(type="imtcp" name="tcp" address="127.0.0.1" port="0" listenPortFileName="{folder}/tcp.port")
input(type="imtcp" name="tls" address="127.0.0.1" port="0" listenPortFileName="{folder}/tls.port"
    streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imudp" name="udp" address="127.0.0.1" port="{udp}")
template(name="understood" type="string" string="{template}")
action(type="omfile" file="{folder}/understood" template="understood")
"""


class Rsyslog:
    """The daemon's ports by transport, and what it has understood."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self._folder = folder
        self.ca_file = folder / "ca.pem"
        """The authority of its certificate."""
        self.ca_file.write_bytes(authority.certificate_pem)
        authority.issue(NAME).write(folder, "collector")
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self._udp = free.getsockname()[1]

    def start(self) -> None:
        """Start the daemon; `is_ready` tells when it listens."""
        configuration = self._folder / "rsyslog.conf"
        text = _CONFIGURATION.format(folder=self._folder, udp=self._udp, template=_TEMPLATE)
        configuration.write_text(text)
        program = shutil.which("rsyslogd", path=SEARCH_PATH)
        assert program is not None
        self._process = subprocess.Popen(
            [program, "-n", "-f", configuration, "-i", self._folder / "pid"], stderr=subprocess.DEVNULL
        )

    def stop(self) -> None:
        """End the daemon."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def is_ready(self) -> bool:
        """Tell whether it listens everywhere; UDP comes last."""
        ports = [self._folder / f"{transport}.port" for transport in ("tcp", "tls")]
        if not all(each.exists() and each.read_text() for each in ports):
            return False
        needle = f"0100007F:{self._udp:04X}"
        return any(needle in line for line in Path("/proc/net/udp").read_text().splitlines())

    def port(self, transport: str) -> int:
        """Give the port of a transport."""
        return self._udp if transport == "udp" else int((self._folder / f"{transport}.port").read_text())

    def understood(self) -> list[dict[str, str]]:
        """Read the messages that have arrived."""
        file = self._folder / "understood"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@contextmanager
def rsyslog(folder: Path, authority: Authority):
    """Run the daemon."""
    daemon = Rsyslog(folder, authority)
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.stop()
