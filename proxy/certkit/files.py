"""Write files so that a reader sees the old or the new content, never half; what is written is the caller's."""

import os
import secrets
from pathlib import Path

PRIVATE = 0o600
"""Mode of files that hold a key: the owner alone."""
PUBLIC = 0o644
"""Mode of files that hold certificates only."""


def write_file(path: Path, content: bytes, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Replace `path` by `content` in one step; the file has `mode` from its first moment.

    `owner` is the user and the group it belongs to before it takes the place of the old one; None: whoever writes it.
    Raises: `OSError` when the folder is missing or not writable; nothing is left behind then.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
