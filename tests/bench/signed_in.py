"""Measures what signing in costs a request: ours with and without it, in windows that alternate."""

import contextlib
import http.client
import time
from pathlib import Path
from urllib.parse import urlencode

from proxy.accounts.passwords import hash_password
from proxy.directory.phc import Costs
from proxy.directory.users_file import Entry, render_users
from proxy.model.accounts import Account, Mailbox
from proxy.session.keys import new_key
from tests.bench.accounting import cpu_seconds
from tests.bench.candidates import Candidate
from tests.bench.certificates import NAME
from tests.bench.rounds import SETTLE_SECONDS, WARM_UP_SECONDS, Bench, Instance, Sample, started
from tests.bench.verify import SECONDS, WrongAnswer
from tests.bench.workloads import FILES, Workload, body_bytes
from tests.bench.wrk import run_wrk, write_script

_PASSWORD = "correct horse"
_TABLES = """
[directory]
provider = "file"
users_file = "{folder}/users.toml"
[session]
key_file = "{folder}/session.keys"
"""


def measure_signed_in(bench: Bench, workload: Workload, candidates: list[Candidate]) -> dict[str, list[Sample]]:
    """Return the samples of ours; `calm` is the value without sign-in, in the window beside it.

    Raises: StartFault, WrongAnswer when a candidate does not start again or does not let the user in.
    """
    ours = [candidate for candidate in candidates if candidate.tree]
    return {candidate.key: _measure(bench, workload, candidate) for candidate in ours}


def _measure(bench: Bench, workload: Workload, candidate: Candidate) -> list[Sample]:
    tables = _prepare(bench.folder)
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(started(bench, candidate, bench.origin.port))
        signed = stack.enter_context(started(bench, candidate, bench.origin.port, tables, chosen_by="own = true"))
        cookie = _sign_in(bench, workload, signed.port)
        for instance, each in ((plain, ""), (signed, cookie)):
            _window(bench, workload, instance, each, WARM_UP_SECONDS)
        samples = []
        for number in range(bench.rounds):
            bench.say(f"{workload.key}: round {number + 1} of {bench.rounds}, {candidate.key}")
            taken = {}
            for instance, each in ((plain, ""), (signed, cookie))[:: -1 if number % 2 else 1]:  # neither always first
                taken[each] = _window(bench, workload, instance, each, bench.seconds)
            (without, faults, _), (value, more_faults, completed) = taken[""], taken[cookie]
            samples.append(Sample(value, completed, failed=faults + more_faults, calm=without))
        return samples


def _prepare(folder: Path) -> str:
    """Write a user and a key ring; gives the tables that make the user sign in."""
    account = Account(name="LAB\\alice", mailbox=Mailbox(site="origin"), groups=("Staff", "Mail"))
    (folder / "users.toml").write_text(render_users([Entry(account, hash_password(_PASSWORD, Costs()))]))
    (folder / "session.keys").write_text(new_key() + "\n")
    return _TABLES.format(folder=folder)


def _sign_in(bench: Bench, workload: Workload, port: int) -> str:
    """Sign in and see that the cookie opens what will be timed, and nothing else does. Gives the cookie."""
    form = {"destination": "/owa/", "username": "LAB\\alice", "password": _PASSWORD, "flags": "4", "trusted": "4"}
    fields = {"Content-Type": "application/x-www-form-urlencoded"}
    connection = http.client.HTTPSConnection(NAME, port, context=bench.context, timeout=SECONDS)
    try:
        connection.request("POST", "/owa/auth.owa", urlencode(form | {"isUtf8": "1"}), fields)
        answer = connection.getresponse()
        answer.read()
        cookie = (answer.headers.get("Set-Cookie") or "").partition(";")[0]
        for sent, status, body in ((cookie, 200, body_bytes(FILES[workload.path])), ("", 302, b"")):
            connection.request("GET", workload.path, headers={"Cookie": sent} if sent else {})
            page = connection.getresponse()
            if (page.status, page.read()) != (status, body):
                raise WrongAnswer(f"GET {workload.path} was answered {page.status} instead of {status}")
    finally:
        connection.close()
    return cookie


def _window(
    bench: Bench, workload: Workload, instance: Instance, cookie: str, seconds: float
) -> tuple[float, int, int]:
    """Give the processor time per request in the workload's unit, faults, and completed requests."""
    script = write_script(instance.folder, workload, instance.port, cookie=cookie)
    before = cpu_seconds(instance.pid)
    counts = run_wrk(script, workload, instance.port, seconds, bench.processors)
    time.sleep(SETTLE_SECONDS)
    used = cpu_seconds(instance.pid) - before
    return used / counts.requests * workload.scale if counts.requests else 0.0, counts.faults, counts.requests
