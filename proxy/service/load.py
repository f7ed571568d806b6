"""Reads the configuration and every file that it names, and tells all that is wrong with them at once.

What the text means is `settings`', what the files hold `files`'; what is done with it is left to `worker` and `build`.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from proxy.model.sites import Topology
from proxy.service.files import Files, explain_unreadable
from proxy.settings.named_files import files_named
from proxy.settings.parse import Parsed, conclude, examine, in_order
from proxy.settings.problems import Layer, Origin, Problem, SettingsInvalid
from proxy.settings.resolve import is_default_switch, name_first_server, to_topology
from proxy.settings.schema import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration whose files have been looked at, too."""

    file: str
    """Name of the file with the settings."""
    parsed: Parsed
    """Settings and origins; the server has its name."""
    topology: Topology
    """All sites with what is in force for each; numbers of policies are `Generations`' to give."""
    admin_token: str
    """The token itself, wherever it stood; empty for none."""

    @property
    def settings(self) -> Settings:
        """The effective settings."""
        return self.parsed.settings

    @property
    def origins(self) -> Mapping[str, Origin]:
        """Key path by site name → where the value came from."""
        return self.parsed.origins

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What works, but will hardly be meant."""
        return self.parsed.warnings

    @property
    def first_server(self) -> str:
        """Our own name; the machine's when none was set."""
        return self.settings.server.name

    @property
    def is_default_switch(self) -> bool:
        """Whether untrusted servers are used because nobody said anything: a warning is due at start."""
        return is_default_switch(self.topology)


def load(path: str | Path, environment: Mapping[str, str], flags: Mapping[str, object]) -> Loaded:
    """Read `path` and everything it names. Relative names start at the working directory, in every layer.

    Raises: SettingsInvalid with every problem of the text, the environment, the flags and the files.
    """
    settings, report = examine(_read_text(str(path)), environment, flags, str(path))
    token = ""
    if settings is not None:
        settings = name_first_server(settings, socket.gethostname())
        token = Files(report).check(settings)
    if report.problems or settings is None:
        raise SettingsInvalid(in_order(report.problems), files_named(settings) if settings is not None else ())
    parsed = conclude(settings, report)
    return Loaded(file=str(path), parsed=parsed, topology=to_topology(parsed, {}), admin_token=token)


def _read_text(name: str) -> str:
    try:
        data = Path(name).read_bytes()
    except (OSError, ValueError) as fault:
        sentence, suggestion = explain_unreadable(name, fault)
        raise _invalid(name, 0, sentence, suggestion) from fault
    try:
        return data.decode()
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise _invalid(name, line, "This is not UTF-8.", "Save the file as UTF-8.") from fault


def _invalid(name: str, line: int, sentence: str, suggestion: str) -> SettingsInvalid:
    origin = Origin(Layer.FILE, name, line)
    return SettingsInvalid([Problem(path="", name="", origin=origin, sentence=sentence, suggestion=suggestion)])
