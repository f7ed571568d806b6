"""Reads the values that Exchange's OWA has in a registry export (`.reg`); what they mean here is `registry_keys`'s.

Both formats of `regedit` are read: "Windows Registry Editor Version 5.00" (UTF-16 as a rule) and REGEDIT4. Of other
keys nothing is kept, but their strings are walked through: one may hold lines that look like values of ours.
"""

import re
from dataclasses import dataclass

from proxy.settings.problems import Layer, Origin, Problem, SettingsInvalid, quote

KEY = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MSExchange OWA"
"""Where Exchange 2010 keeps the values; also in each `ControlSet00N` of an export made offline."""

_HEADERS = ("Windows Registry Editor Version 5.00", "REGEDIT4")
_SECTION = re.compile(
    r"HKEY_LOCAL_MACHINE\\SYSTEM\\(CurrentControlSet|ControlSet\d{3})\\Services\\MSExchange OWA\\?",
    re.ASCII | re.IGNORECASE,
)
_TEXT = re.compile(r'(?:[^"\\]|\\.|\\$)*')
"""What stands between quotes, as far as it goes on one line."""
_DWORD = re.compile(r"dword:\s*([0-9a-f]{1,8})", re.ASCII | re.IGNORECASE)
_BYTES = re.compile(r"hex(?:\(([0-9a-f]+)\))?:((?:\s*[0-9a-f]{1,2}\s*,?)*)", re.ASCII | re.IGNORECASE)
_KINDS = {
    "": "REG_BINARY", "0": "REG_NONE", "1": "REG_SZ", "2": "REG_EXPAND_SZ", "3": "REG_BINARY", "4": "REG_DWORD",
    "5": "REG_DWORD_BIG_ENDIAN", "6": "REG_LINK", "7": "REG_MULTI_SZ", "b": "REG_QWORD",
}  # fmt: skip
"""Number in `hex(N)` to the type's name."""
_DWORD_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of the key."""

    name: str
    """As the export spells it."""
    line: int
    """Where it stands, from 1."""
    kind: str
    """Its type, `REG_DWORD` for instance; empty when the export removes it."""
    number: int | None = None
    """What a `REG_DWORD` holds; None for all others."""

    @property
    def is_removed(self) -> bool:
        """Whether the export takes the value away: `"name"=-`."""
        return not self.kind


def read_registry(data: bytes, file_name: str) -> tuple[Value, ...]:
    """Give the values of the key, by the order of their lines; of a value that stands twice the last counts.

    `CurrentControlSet` counts before `ControlSet00N`. `file_name` is only shown.
    Raises: SettingsInvalid with every line of the key that cannot be read, and for a file that is no export.
    """
    reader = _Reader(_decode(data, file_name), file_name)
    reader.read()
    values = reader.choose()
    if reader.problems:
        raise SettingsInvalid(sorted(reader.problems, key=lambda each: each.origin.line))
    return tuple(sorted(values, key=lambda each: each.line))


def fold(name: str) -> str:
    """Give the spelling by which names are compared: the case of ASCII letters does not count."""
    return name.lower() if name.isascii() else name


def problem_at(file_name: str, line: int, name: str, sentence: str, suggestion: str = "") -> Problem:
    """Make a problem of a line of an export."""
    origin = Origin(Layer.FILE, file_name, line)
    return Problem(path=name, name=name, origin=origin, sentence=sentence, suggestion=suggestion)


def _decode(data: bytes, file_name: str) -> str:
    """Give the text, with plain line ends; ANSI is read as Windows-1252, for the names we look for are ASCII."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if data.startswith(mark):
            encodings: tuple[str, ...] = (encoding,)
            data = data.removeprefix(mark)
            break
    else:  # an editor may have left the mark out
        encodings = {b"W\0": ("utf-16-le",), b"\0W": ("utf-16-be",)}.get(data[:2], ("utf-8", "cp1252", "latin-1"))
    for encoding in encodings:
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    sentence = f"This is not {encodings[0].upper()}, which its first bytes promise."
    raise SettingsInvalid([problem_at(file_name, 0, "", sentence, "Export the key anew with regedit.")])


class _Reader:
    """Walks an export from its first line to its last, once."""

    def __init__(self, text: str, file_name: str) -> None:
        self.problems: list[Problem] = []
        self._file_name = file_name
        self._lines = text.split("\n")
        self._next = 0
        self._set = ""
        """The control set whose key is being read; empty in other keys."""
        self._found: dict[str, dict[str, Value]] = {}
        """Control set to value by folded name."""

    def read(self) -> None:
        """Read everything."""
        self._skip_to_header()
        while self._next < len(self._lines):
            line = self._lines[self._next].strip(" \t")
            self._next += 1
            if line.startswith("["):
                self._enter(line)
            elif line.startswith(('"', "@")):
                self._take(line)
            elif line and not line.startswith(";"):
                self._refuse(self._next, f"{quote(line)} is no line of a registry export.")

    def choose(self) -> list[Value]:
        """Choose between the control sets."""
        chosen = dict(self._found.get("currentcontrolset", {}))
        offline = [(name, self._found[name]) for name in sorted(self._found) if name != "currentcontrolset"]
        for place, values in offline:
            for name, value in values.items():
                known = chosen.setdefault(name, value)
                if name not in self._found.get("currentcontrolset", {}) and _differ(known, value):
                    sentence = f"{place} and another control set hold different values; which is in use is not said."
                    self._problem(value.line, value.name, sentence, "Leave one of them in the file.")
        return list(chosen.values())

    def _skip_to_header(self) -> None:
        while self._next < len(self._lines):
            line = self._lines[self._next].strip(" \t")
            self._next += 1
            if line in _HEADERS:
                return
            if line:
                break
        sentence = f'This is no registry export: its first line is neither "{_HEADERS[0]}" nor "{_HEADERS[1]}".'
        raise SettingsInvalid([problem_at(self._file_name, min(self._next, 1), "", sentence)])

    def _enter(self, line: str) -> None:
        """Read `[key]`, or `[-key]`, which removes it."""
        inner = line[1 : line.rfind("]")] if "]" in line else line[1:]
        match = _SECTION.fullmatch(inner.removeprefix("-"))
        self._set = match[1].casefold() if match else ""
        if match and inner.startswith("-"):
            self._refuse(self._next, "This removes the whole key.", 'Name the values instead, each as "name"=-.')

    def _take(self, line: str) -> None:
        """Read `"name"=what it holds`."""
        at = self._next
        name, rest = ("", line[1:]) if line.startswith("@") else self._string(line)
        rest = rest.lstrip(" \t")
        if not rest.startswith("="):
            self._refuse(at, f"{quote(name)} has no value.")
            return
        value = self._value(name, at, rest[1:].lstrip(" \t"))
        if value is not None and self._set:
            self._found.setdefault(self._set, {})[fold(name)] = value

    def _value(self, name: str, at: int, text: str) -> Value | None:
        if text.startswith('"'):
            rest = self._string(text)[1]
            return self._ended(Value(name=name, line=at, kind="REG_SZ"), rest)
        text = self._continued(text)
        if text.startswith("-"):
            return self._ended(Value(name=name, line=at, kind=""), text[1:])
        if match := _DWORD.match(text):
            return self._ended(
                Value(name=name, line=at, kind="REG_DWORD", number=int(match[1], 16)), text[match.end() :]
            )
        if match := _BYTES.match(text):
            return self._ended(self._binary(name, at, match), text[match.end() :])
        self._refuse(at, f"{quote(text)} is no value that regedit writes.", "A number is written dword:00000001.")
        return None

    def _binary(self, name: str, at: int, match: re.Match[str]) -> Value:
        kind = _KINDS.get((match[1] or "").lstrip("0").lower() or ("0" if match[1] else ""), "a type of its own")
        if kind != "REG_DWORD":
            return Value(name=name, line=at, kind=kind)
        numbers = [int(each, 16) for each in match[2].replace(",", " ").split()]
        if len(numbers) != _DWORD_BYTES:
            self._refuse(at, f"{quote(name)} is a REG_DWORD of {len(numbers)} bytes; it takes four.")
        return Value(name=name, line=at, kind=kind, number=int.from_bytes(bytes(numbers), "little"))

    def _ended(self, value: Value, rest: str) -> Value:
        """Give a value after which nothing but a comment may stand."""
        if rest.strip(" \t") and not rest.lstrip(" \t").startswith(";"):
            self._refuse(value.line, f"{quote(rest)} stands behind a value.")
        return value

    def _string(self, text: str) -> tuple[str, str]:
        """Read a quoted text, which may go over lines; gives it and what follows."""
        start, pieces, at = self._next, [], 1
        while True:
            end = at + len(_TEXT.match(text, at)[0])  # type: ignore[index]  # it matches nothing, too
            pieces.append(text[at:end])
            if end < len(text):
                return re.sub(r"\\(.)", r"\1", "\n".join(pieces), flags=re.DOTALL), text[end + 1 :]
            if self._next >= len(self._lines):
                sentence = "A text that starts here has no end: the file was cut off."
                raise SettingsInvalid([problem_at(self._file_name, start, "", sentence)])
            text, at = self._lines[self._next], 0
            self._next += 1

    def _continued(self, text: str) -> str:
        """Join lines that end in a backslash."""
        while text.rstrip(" \t").endswith("\\") and self._next < len(self._lines):
            text = text.rstrip(" \t")[:-1] + self._lines[self._next].strip(" \t")
            self._next += 1
        return text

    def _refuse(self, line: int, sentence: str, suggestion: str = "") -> None:
        """Keep what is wrong with a line of our key; what is wrong in others is no business of ours."""
        if self._set:
            self._problem(line, "", sentence, suggestion)

    def _problem(self, line: int, name: str, sentence: str, suggestion: str) -> None:
        self.problems.append(problem_at(self._file_name, line, name, sentence, suggestion))


def _differ(one: Value, other: Value) -> bool:
    return (one.kind, one.number) != (other.kind, other.number)
