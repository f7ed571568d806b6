"""Says what was measured: processor, kernel and versions, without anything that names the machine."""

import importlib.metadata
import os
import platform
import re
import ssl
import subprocess
from pathlib import Path

from tests.bench.processes import find_program

VERSION_COMMANDS = {
    "nginx": ["nginx", "-v"],
    "haproxy": ["haproxy", "-v"],
    "caddy": ["caddy", "version"],
    "apache": ["apache2", "-v"],
    "wrk": ["wrk", "-v"],
}
PACKAGES = ("uvloop", "aiofastnet", "httptools")


def find_version(output: str) -> str:
    """Return the first dotted number of a program's answer."""
    found = re.search(r"\d+(?:\.\d+)+", output)
    return found.group() if found else "of unknown version"


def describe_machine(candidates: list[str]) -> str:
    """Compose one paragraph about hardware and software."""
    programs = [key for key in VERSION_COMMANDS if key in candidates or key == "wrk"]
    parts = [f"{name} {_program_version(name)}" for name in programs]
    parts += [f"{name} {_package_version(name)}" for name in PACKAGES]
    return (
        f"{_processor()}, {os.cpu_count()} processors, "
        f"Linux {'.'.join(platform.release().split('.')[:2])}, Python {platform.python_version()}, "
        f"{' '.join(ssl.OPENSSL_VERSION.split()[:2])}, {', '.join(parts)}."
    )


def _program_version(name: str) -> str:
    program, *arguments = VERSION_COMMANDS[name]
    ended = subprocess.run(
        [find_program(program) or program, *arguments], capture_output=True, text=True, check=False, timeout=10
    )
    return find_version(ended.stdout + ended.stderr)


def _package_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
