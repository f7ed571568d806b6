"""The plan of the house as data: floors, who may use what, and the few exceptions with their reasons."""

FLOORS = {
    # 0 words
    "model": 0,
    "errors": 0,
    # 1 decisions: pure, values in and values out
    "settings": 1,
    "directory": 1,
    "routing": 1,
    "session": 1,
    "message": 1,
    "trust": 1,
    "health": 1,
    "events": 1,
    # 2 machinery: one outside thing each
    "sinks": 2,
    "upstream": 2,
    "accounts": 2,
    "certkit": 2,
    "pages": 2,
    "metrics": 2,
    # 3 actions: what a user sees
    "signin": 3,
    "relay": 3,
    "admin": 3,
    "lab": 3,
    # 4 assembly, in this order
    "front": 4,
    "service": 5,
    "testing": 6,
    "cli": 7,
    "__main__": 8,
}
"""Room to floor; a room imports rooms of lower floors only, never a sibling."""

PURE_FLOORS = (0, 1)
"""Floors without sockets, TLS, loops, logs, files, clocks, environment and chance."""

SEES_SETTINGS = {"settings", "service", "testing", "cli"}
"""Rooms that may import `settings`; all others are handed values."""

PURE_STANDARD_LIBRARY = {
    "abc", "base64", "binascii", "bisect", "collections", "colorsys", "contextlib", "copy", "csv", "dataclasses",
    "datetime", "decimal", "difflib", "email", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "html",
    "ipaddress", "itertools", "json", "keyword", "math", "operator", "re", "string", "struct", "textwrap", "tomllib",
    "types", "typing", "unicodedata", "uuid", "xml", "zlib", "__future__",
}  # fmt: skip
"""Modules of the standard library that pure floors may import."""

PURE_PARTS = {"urllib": {"urllib.parse"}, "pathlib": {"pathlib.PurePath", "pathlib.PurePosixPath"}}
"""Modules of which pure floors may import parts only; names as `import` or `from … import` spell them."""

PURE_EXCEPTIONS = {
    ("proxy.model.wire", "asyncio"): "names types of transports in annotations, calls none",
    ("proxy.model.wire", "socket"): "names types of transports in annotations, calls none",
    ("proxy.model.wire", "ssl"): "names types of transports in annotations, calls none",
    ("proxy.session", "secrets"): "draws its own nonces",
    ("proxy.trust.certificate", "warnings"): "silences what cryptography says of odd certificates",
}
"""(module or room, library) that a pure floor may use all the same, with the reason."""

IMPURE_CALLS = {"open", "print", "input", "now", "utcnow", "today", "uuid1", "uuid4"}
"""Builtins and methods that reach a file, a terminal, a clock or chance; forbidden on pure floors."""

LIBRARIES = {
    "aiohttp": {"accounts", "admin", "lab", "testing", "sinks"},
    "aiofastnet": {"service"},
    "certifi": {"upstream", "service"},
    "cryptography": {"session", "trust", "upstream", "certkit", "accounts", "lab", "service", "testing", "cli"},
    "httptools": {"message"},
    "jinja2": {"pages", "lab"},
    "ldap3": {"accounts"},
    "markupsafe": {"pages"},  # comes with jinja2, which leaves `Markup` to it
    "msgspec": {"settings", "events", "sinks", "admin", "lab", "cli"},
    "prometheus_client": {"metrics"},
    "pyasn1": {"accounts"},  # comes with ldap3, whose faults are partly its own
    "pytest": {"testing"},
    "structlog": {"sinks", "service"},
    "uvloop": {"service", "testing"},
}
"""Third-party library to the rooms that may import it; whatever is not listed is forbidden everywhere."""

BANNED = {"trust": {"ssl"}}
"""Room to modules it must not import even where its floor would allow it: no verdict of ours opens a connection."""

MOCK_LIBRARIES = {"unittest.mock", "mock", "pytest_mock", "asynctest", "flexmock", "doublex", "mockito"}
"""Doubles live in `tests/fakes.py`."""

MODULE_LINES = 300
FUNCTION_LINES = 50
PARAMETERS = 6

MANY_PARAMETERS: dict[str, str] = {}
"""`proxy.room.module.Class.function` that takes more than six, with the reason."""

BROAD_EXCEPT = {
    "proxy.admin.app": "the last resort of the admin listener: the operator gets a 500 and event 1006",
    "proxy.cli.main": "the last resort of the command line: one sentence and exit code 4",
    "proxy.front.connection": "the last resort of the pipeline: the browser gets a 500, the others go on",
    "proxy.service.supervisor": "a forked process ends here whatever happens; its parent's own end is not its to run",
}
"""Modules that may say `except Exception`, with the reason."""

MAY_SLEEP = ("tests/e2e/", "tests/container/", "tests/bench/")
"""Folders whose tests may wait for real time to pass."""
