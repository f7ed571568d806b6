"""Text, environment and flags in, settings with the origin of every value out; reading files is left to `service`.

Every problem is found in one go, so the tables are walked here: msgspec would stop at the first one.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from proxy.settings.check import check_settings
from proxy.settings.lines import index_lines
from proxy.settings.overlay import overlay_environment, overlay_flags
from proxy.settings.problems import Layer, Origin, Problem, SettingsInvalid, name_path
from proxy.settings.report import Report
from proxy.settings.schema import Settings
from proxy.settings.walk import Walk

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")
"""How tomllib tells the line; Python 3.11 has no attribute for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A configuration without a mistake that can be found without looking at files."""

    settings: Settings
    """Every key has its effective value; None in a site's table means: as in the table above it."""
    origins: Mapping[str, Origin]
    """Key path by site name, `sites.Branch.trust.allow_internal_untrusted_certs` → where its value came from."""
    warnings: tuple[Problem, ...] = ()
    """What works, but will hardly be meant."""


def parse(text: str, environment: Mapping[str, str], flags: Mapping[str, object], file_name: str) -> Parsed:
    """Put the layers together: flag over environment over file over default.

    `flags` is keyed by key path, see `overlay.FLAGS`. `file_name` is only shown.
    Raises: SettingsInvalid with every problem.
    """
    settings, report = examine(text, environment, flags, file_name)
    if report.problems or settings is None:
        raise SettingsInvalid(in_order(report.problems))
    return conclude(settings, report)


def examine(
    text: str, environment: Mapping[str, str], flags: Mapping[str, object], file_name: str
) -> tuple[Settings | None, Report]:
    """Do the same without raising, for a caller that finds more problems in the files.

    With problems in the report the settings hold placeholders, see `Report.is_sound`; None when the text is no TOML.
    """
    text = text.removeprefix("\ufeff")  # editors on Windows put it there
    report = Report(file_name=file_name)
    try:
        document = tomllib.loads(text)
    except RecursionError:
        report.refuse((), "This is nested too deeply.")
        return None, report
    except ValueError as fault:  # TOMLDecodeError, and numbers with thousands of digits
        report.problems.append(_explain_syntax(str(fault), text, file_name))
        return None, report
    report.lines = index_lines(text)
    report.sites = _site_names(document.get("sites"))
    weaker, wrong_variables = overlay_environment(environment, report.sites)
    stronger, wrong_flags = overlay_flags(flags, report.sites)
    settings: Settings = Walk(report, (weaker, stronger)).table(Settings, (), document)
    report.problems += wrong_variables + wrong_flags
    check_settings(settings, report)
    return settings, report


def conclude(settings: Settings, report: Report) -> Parsed:
    """Make the result of an examination without problems."""
    origins = {name_path(path, report.sites): origin for path, origin in report.origins.items()}
    return Parsed(settings=settings, origins=origins, warnings=in_order(report.warnings))


def in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    """Sort by line of the file, then what came from elsewhere; the same is said once."""
    once = dict.fromkeys(problems)
    return tuple(sorted(once, key=lambda each: (each.origin.layer is not Layer.FILE, each.origin.line)))


def _site_names(sites: object) -> tuple[str, ...]:
    """List the names of the sites as far as they have one that can be used in a path."""
    if not isinstance(sites, list):
        return ()
    names = [each.get("name") if isinstance(each, dict) else None for each in sites]
    return tuple(each if isinstance(each, str) and each.isprintable() else "" for each in names)


def _explain_syntax(message: str, text: str, file_name: str) -> Problem:
    match = _PLACE.search(message)
    line = int(match[1]) if match and match[1] else text.count("\n") + 1
    written = text.split("\n")[line - 1] if match else ""
    guess = ""
    if "\\" in written:
        guess = "Write paths with backslashes in single quotes: 'C:\\certs\\ca.pem'."
    elif match and not match[1]:
        guess = "A key that stands twice, a quote or a bracket that is not closed looks like this."
    sentence = f"This is not TOML: {message[: match.start()] if match else 'a number has too many digits'}."
    return Problem(path="", name="", origin=Origin(Layer.FILE, file_name, line), sentence=sentence, suggestion=guess)
