"""In which line of a TOML text each key stands; whether the text is valid is left to `tomllib`."""

from bisect import bisect_right
from contextlib import suppress

from proxy.settings.problems import Path


def index_lines(text: str) -> dict[Path, int]:
    """Give the line, from 1, of every table, key and list element of a valid TOML text.

    An element of `[[sites]]` is `("sites", 0)`. A text that is not valid gives an incomplete index, never an error.
    """
    scanner = _Scanner(text)
    with suppress(IndexError, RecursionError):  # only a text that tomllib refuses ends inside a value
        scanner.scan()
    return scanner.lines


class _Scanner:
    """Walks a text from left to right, once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.lines: dict[Path, int] = {}
        self._breaks = [at for at, each in enumerate(text) if each == "\n"]
        self._counts: dict[Path, int] = {}

    def scan(self) -> None:
        prefix: Path = ()
        self._skip_blank()
        while self.position < len(self.text):
            before = self.position
            if self.text[self.position] == "[":
                prefix = self._header()
            else:
                self._pair(prefix)
            self._skip_blank()
            if self.position == before:  # not TOML
                return

    def _header(self) -> Path:
        """Read `[a.b]` or `[[a.b]]`; positions of repeated tables are put into the path."""
        start = self.position
        repeated = self.text.startswith("[[", start)
        self.position += 2 if repeated else 1
        parts = self._dotted()
        self.position += 2 if repeated else 1
        path: Path = ()
        for number, part in enumerate(parts):
            path = (*path, part)
            if repeated and number == len(parts) - 1:
                self._counts[path] = self._counts.get(path, 0) + 1
            self._note(path, start)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
                self._note(path, start)
        return path

    def _pair(self, prefix: Path) -> None:
        """Read `a.b = value`."""
        start = self.position
        path = prefix
        for part in self._dotted():
            path = (*path, part)
            self._note(path, start)
        if self.position < len(self.text) and self.text[self.position] == "=":
            self.position += 1
            self._skip_space()
            self._value(path)

    def _dotted(self) -> list[str]:
        """Read `a."b.c".d` up to what follows it."""
        parts = []
        while True:
            self._skip_space()
            parts.append(self._string() if self.text[self.position] in "\"'" else self._bare())
            self._skip_space()
            if self.text[self.position] != ".":
                return parts
            self.position += 1

    def _bare(self) -> str:
        start = self.position
        while self.text[self.position] not in " \t\r\n.=]#,}[{\"'":
            self.position += 1
        return self.text[start : self.position]

    def _value(self, path: Path) -> None:
        match self.text[self.position]:
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case '"' | "'":
                self._string()
            case _:
                while self.position < len(self.text) and self.text[self.position] not in ",]}\n#":
                    self.position += 1

    def _array(self, path: Path) -> None:
        self.position += 1
        number = 0
        while True:
            self._skip_blank()
            if self.text[self.position] == "]":
                self.position += 1
                return
            if self.text[self.position] == ",":
                self.position += 1
                continue
            before = self.position
            self._note((*path, number), before)
            self._value((*path, number))
            if self.position == before:  # not TOML
                raise IndexError
            number += 1

    def _inline_table(self, path: Path) -> None:
        self.position += 1
        while True:
            self._skip_blank()
            if self.text[self.position] == "}":
                self.position += 1
                return
            if self.text[self.position] == ",":
                self.position += 1
                continue
            before = self.position
            self._pair(path)
            if self.position == before:  # not TOML
                raise IndexError

    def _string(self) -> str:
        """Read a string of one of TOML's four kinds; escapes in keys are undone as far as keys here use them."""
        mark = self.text[self.position]
        fence = mark * 3 if self.text.startswith(mark * 3, self.position) else mark
        start = self.position = self.position + len(fence)
        while not self.text.startswith(fence, self.position):
            self.position += 2 if mark == '"' and self.text[self.position] == "\\" else 1
            if self.position >= len(self.text):
                raise IndexError
        end = self.position
        self.position += len(fence)
        while len(fence) == 3 and self.text.startswith(mark, self.position):  # noqa: PLR2004 - up to two marks may precede a fence
            self.position += 1
        return self.text[start:end].replace('\\"', '"').replace("\\\\", "\\")

    def _skip_space(self) -> None:
        while self.position < len(self.text) and self.text[self.position] in " \t":
            self.position += 1

    def _skip_blank(self) -> None:
        """Pass white space, line ends and comments."""
        while self.position < len(self.text):
            if self.text[self.position] == "#":
                end = self.text.find("\n", self.position)
                self.position = len(self.text) if end < 0 else end
            elif self.text[self.position] in " \t\r\n":
                self.position += 1
            else:
                return

    def _note(self, path: Path, position: int) -> None:
        """Keep the first mention of a path as its line."""
        self.lines.setdefault(path, bisect_right(self._breaks, position - 1) + 1)
