"""Keeps labels few: whatever a browser or a backend sends, a label has one of a fixed number of values."""

from http import HTTPStatus

OTHER = "other"
"""Stands for every method and status that is not listed."""

METHODS = (
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT",
    "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "SUBSCRIBE", "UNSUBSCRIBE",
    "POLL", "NOTIFY", "BCOPY", "BDELETE", "BMOVE", "BPROPFIND", "BPROPPATCH", "X-MS-ENUMATTS",
    "RPC_IN_DATA", "RPC_OUT_DATA",
)  # fmt: skip
"""HTTP's, WebDAV's, and those that clients of Exchange use."""

EXCHANGE_CODES = (241, 242, 440, 441, 442, 449, 451, 456)
"""Statuses of Exchange that HTTP does not have."""

METHOD_WORDS = {method.encode(): method for method in METHODS}
"""Method as it came to its label; see `OTHER`."""

CODE_WORDS = {code: str(code) for code in (*map(int, HTTPStatus), *EXCHANGE_CODES)}
"""Status to its label; see `OTHER`."""
