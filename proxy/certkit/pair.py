"""The files of a leaf in a folder: certificate, key and what clients need beside them; making it is left to others."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from proxy.certkit.files import PUBLIC, write_file
from proxy.certkit.leaf import Leaf, certificates_to_pem, lists_to_pem


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Paths of a certificate with its chain, of its key, and of what belongs to it; None is what it does not have."""

    certificate: Path
    """PEM, leaf first."""
    key: Path
    """PEM, mode 0600."""
    missing: Path | None = None
    """PEM of the intermediates that the server does not present."""
    lists: Path | None = None
    """PEM of the revocation lists that clients are to consult."""
    anchors: Path | None = None
    """PEM of what clients trust instead of the authority."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file there is."""
        beside = (self.missing, self.lists, self.anchors)
        return (self.certificate, self.key, *(path for path in beside if path is not None))

    def trust_keys(self, policy: Mapping[str, object]) -> dict[str, object]:
        """Give the keys of [trust] under which the leaf shows its fault: those for its files, and a fault's policy."""
        keys: dict[str, object] = {}
        if self.anchors is not None:
            keys |= {"ca_files": [str(self.anchors)], "ca_mode": "only"}
        if self.lists is not None:
            keys["crl_files"] = [str(self.lists)]
        return keys | dict(policy)


def find_pair(folder: Path, stem: str) -> Pair:
    """Give the paths of a leaf; the two files of the pair need not exist, those beside it are given if they do."""
    return Pair(
        certificate=folder / f"{stem}.pem",
        key=folder / f"{stem}.key.pem",
        **{kind: path for kind, path in _beside(folder, stem).items() if path.exists()},
    )


def write_pair(leaf: Leaf, folder: Path, stem: str) -> Pair:
    """Write a leaf with all that belongs to it, and remove what an earlier one left beside it."""
    leaf.write(folder, stem)
    contents = {
        "missing": certificates_to_pem(*leaf.withheld),
        "lists": lists_to_pem(*leaf.lists),
        "anchors": certificates_to_pem(*leaf.anchors),
    }
    for kind, path in _beside(folder, stem).items():
        if contents[kind]:
            write_file(path, contents[kind], PUBLIC)
        else:
            path.unlink(missing_ok=True)
    return find_pair(folder, stem)


def _beside(folder: Path, stem: str) -> dict[str, Path]:
    return {
        "missing": folder / f"{stem}.missing.pem",
        "lists": folder / f"{stem}.crl.pem",
        "anchors": folder / f"{stem}.anchors.pem",
    }
