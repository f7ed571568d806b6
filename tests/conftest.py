"""What holds for every test: peers that are missing leave their tests out, loudly, or as a failure when asked."""

import importlib.util
import os
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("peers", Path(__file__).with_name("peers.py"))
assert _spec is not None
assert _spec.loader is not None
peers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(peers)


def pytest_configure(config: pytest.Config) -> None:
    """Make each peer a marker."""
    for marker, peer in peers.PEERS.items():
        config.addinivalue_line("markers", f"{marker}: needs {', '.join(peer.programs)}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests whose peer is missing."""
    missing = {marker: why for marker in peers.PEERS if (why := peers.why_missing(marker))}
    for item in items:
        for marker in missing.keys() & {mark.name for mark in item.iter_markers()}:
            item.add_marker(pytest.mark.skip(reason=missing[marker]))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remember what was left out, and fail over it when nothing may be."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if getattr(session.config, "cache", None) is not None:  # absent with -p no:cacheprovider
        session.config.cache.set("casproxy/left_out", [[report.nodeid, _why(report)] for report in skipped])
    if skipped and os.environ.get(peers.STRICT) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say that leaving out is a failure, where it is one."""
    if terminalreporter.stats.get("skipped") and os.environ.get(peers.STRICT):
        terminalreporter.section(f"{peers.STRICT} is set: tests that were left out are a failure", red=True)


def _why(report: pytest.TestReport | pytest.CollectReport) -> str:
    where = report.longrepr
    return str(where[2]).removeprefix("Skipped: ") if isinstance(where, tuple) else str(where)
