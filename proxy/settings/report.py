"""Collect what is wrong with a configuration and where values came from; finding it is left to others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from proxy.settings.problems import DEFAULT, Layer, Origin, Path, Problem, name_path, spell_path


@dataclass(slots=True, kw_only=True)
class Report:
    """The findings about one configuration, filled while it is read."""

    file_name: str
    """As the administrator named it; only shown."""
    sites: Sequence[str] = ()
    """Names of the sites by position; the empty string for one without a usable name."""
    lines: Mapping[Path, int] = field(default_factory=dict)
    """Line of each key in the file."""
    problems: list[Problem] = field(default_factory=list)
    """Mistakes: with one of these nothing starts."""
    warnings: list[Problem] = field(default_factory=list)
    """What works, but will hardly be meant."""
    origins: dict[Path, Origin] = field(default_factory=dict)
    """Where the effective value of each key came from."""
    shorts: set[Path] = field(default_factory=set)
    """Tables that were written as a plain string."""
    failed: set[Path] = field(default_factory=set)
    """Keys whose value could not be read and is a placeholder."""

    def refuse(self, path: Path, sentence: str, suggestion: str = "", origin: Origin | None = None) -> None:
        """Record a mistake about a key."""
        self.problems.append(self._compose(path, sentence, suggestion, origin))

    def warn(self, path: Path, sentence: str, suggestion: str = "") -> None:
        """Record a warning about a key."""
        self.warnings.append(self._compose(path, sentence, suggestion, None))

    def fail(self, path: Path, sentence: str, suggestion: str = "", origin: Origin | None = None) -> None:
        """Record a mistake after which the key's value is a placeholder that no rule should look at."""
        self.failed.add(path)
        self.refuse(path, sentence, suggestion, origin)

    def is_sound(self, path: Path) -> bool:
        """Tell whether the value at a path, and all below and above it, could be read."""
        return not any(path[: len(each)] == each or each[: len(path)] == path for each in self.failed)

    def origin_at(self, path: Path) -> Origin:
        """Where a value came from; for one that is absent, the nearest place in the file where it would stand."""
        for length in range(len(path), 0, -1):
            origin = self.origins.get(path[:length], DEFAULT)
            if origin.layer is not Layer.DEFAULT:
                return origin
            if path[:length] in self.lines:
                return self.in_file(path[:length])
        return Origin(Layer.FILE, self.file_name)

    def in_file(self, path: Path) -> Origin:
        """Give the place of a key in the file."""
        return Origin(Layer.FILE, self.file_name, self.lines.get(path, 0))

    def _compose(self, path: Path, sentence: str, suggestion: str, origin: Origin | None) -> Problem:
        origin = origin or self.origin_at(path)
        if path[:-1] in self.shorts:
            path = path[:-1]
        return Problem(
            path=spell_path(path),
            name=name_path(path, self.sites),
            origin=origin,
            sentence=sentence,
            suggestion=suggestion,
        )
