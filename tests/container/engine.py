"""Builds a base image from Debian packages and the project image on it, and runs containers as root, no daemon needed.

The flags are those that work without systemd, without cgroup delegation and without an overlay file system.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

CACHE_VARIABLE = "CONTAINER_TEST_CACHE"
"""Environment variable: folder in which the base system's archive survives; the user's cache folder by default."""

RELEASE = "bookworm"
BASE_PACKAGES = "python3,python3-venv,ca-certificates"
BASE_PYTHON = "3.11"
"""Python of that release."""
GLIBC_MINORS = (36, 35, 34, 31, 28, 26, 24, 17)
"""Wheels for glibc up to that release's 2.36 fit; pip must be told each when it chooses for another machine."""

ULIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]


class Engine:
    """podman and buildah on a store of their own, removed by `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = ["--root", f"{folder}/store", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]
        self._environment = os.environ | {"TMPDIR": f"{folder}/tmp", "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        (folder / "tmp").mkdir(parents=True)

    def podman(self, *words: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a podman command on the store."""
        engine = ["podman", *self._store, "--runtime", "runc", "--cgroup-manager", "cgroupfs"]
        return self.call([*engine, *words], check=check, timeout=timeout)

    def build(self, context: Path, tag: str, *arguments: str) -> None:
        """Build the image `tag` of a folder; docker's format keeps HEALTHCHECK."""
        how = ["--format", "docker", "--layers=false", "--isolation", "chroot", "--network", "host", *ULIMITS]
        self.call(["buildah", *self._store, "bud", *how, *arguments, "-t", tag, str(context)], timeout=600)

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a container as the image's own user on a read-only root file system."""
        return self.podman("run", "--rm", *HARDENED, *words, check=check)

    def inspect(self, image: str) -> dict:
        """Tell an image's configuration."""
        return json.loads(self.podman("image", "inspect", image).stdout)[0]

    def close(self) -> None:
        """Remove containers, images and the store."""
        self.podman("rm", "--all", "--force", "--volumes", check=False)
        self.podman("rmi", "--all", "--force", check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, command: list[str], *, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a program; what it said stands in the failure."""
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=False, timeout=timeout
        )
        if check and done.returncode != 0:
            message = f"{' '.join(command)} ended with {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
            raise AssertionError(message)
        return done


HARDENED = [
    "--network", "host", "--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp", "--user", "10001:10001",
    "--cap-drop", "all", "--security-opt", "no-new-privileges", "--log-driver", "k8s-file", *ULIMITS,
]  # fmt: skip


def base_archive() -> Path:
    """Make the base system's archive, or take the one that is there; a half-made one never counts."""
    cache = os.environ.get(CACHE_VARIABLE) or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    archive = Path(cache) / "casproxy" / f"{RELEASE}-{BASE_PACKAGES.replace(',', '-')}.tar"
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
            _bootstrap(Path(folder) / "system")
            half = Path(folder) / "half.tar"
            subprocess.run(["tar", "-C", f"{folder}/system", "-cf", str(half), "."], check=True, timeout=300)
            half.rename(archive)
    return archive


def _bootstrap(system: Path) -> None:
    mirror = [uri] if (uri := debian_mirror()) else []
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={BASE_PACKAGES}", RELEASE, str(system), *mirror],
        env=os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
        check=True,
        timeout=900,
        stdout=subprocess.DEVNULL,
    )
    for name in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man"):
        shutil.rmtree(system / name, ignore_errors=True)


def debian_mirror() -> str:
    """Tell where this machine gets the release's packages from; empty leaves it to debootstrap."""
    words = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)"]
    listing = subprocess.run(words, capture_output=True, text=True, check=False) if shutil.which("apt-get") else None
    lines = listing.stdout.splitlines() if listing else []
    return next((line.split()[0] for line in lines if line.split()[1:] == [RELEASE]), "")


def collect_wheels(folder: Path) -> None:
    """Fetch the locks' wheels for the base image's Python with this machine's own pip settings."""
    machine = os.uname().machine
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS] + [f"manylinux2014_{machine}"]
    chosen = [word for platform in platforms for word in ("--platform", platform)]
    for lock in ("requirements-build.lock", "requirements-image.lock"):
        how = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--python-version", BASE_PYTHON]
        subprocess.run(
            [sys.executable, "-m", "pip", "download", *how, *chosen, "-r", str(ROOT / lock), "-d", str(folder)],
            check=True,
            timeout=300,
        )


def copy_context(folder: Path) -> None:
    """Copy what the image is made of, as .dockerignore leaves it."""
    shutil.copytree(ROOT / "proxy", folder / "proxy", ignore=shutil.ignore_patterns("__pycache__"))
    names = [*ROOT.glob("requirements-*.lock"), "pyproject.toml", "README.md", "LICENSE", "Dockerfile", ".dockerignore"]
    for name in names:
        shutil.copy(ROOT / name, folder)
