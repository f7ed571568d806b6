"""Promises of `casproxy hash-password`."""

import os
import pty
import subprocess
import sys

from proxy.accounts.passwords import verify

CHEAP = ["--memory-kib", "64", "--iterations", "1"]
COMMAND = [sys.executable, "-m", "proxy", "hash-password", *CHEAP]


def test_the_hash_of_standard_input_is_the_answer():
    """One line on standard output, nothing beside it."""
    done = subprocess.run(COMMAND, input=b"secret\n", capture_output=True, check=False, timeout=60)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1
    assert verify("secret", done.stdout.decode().strip())


def test_what_can_be_no_password_is_1():
    """The reason is told beside the answer."""
    done = subprocess.run(COMMAND, input=b"", capture_output=True, check=False, timeout=60)

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"casproxy hash-password: A password has at least one character")


def test_a_terminal_does_not_show_what_is_typed():
    """The questions appear on the terminal, the password does not; the hash goes to standard output alone."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        COMMAND, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        seen = b""
        for question in (b"Password: ", b"again: "):
            while not seen.endswith(question):
                seen += os.read(ours, 1024)
            os.write(ours, b"secret\n")
        hashed = process.stdout.read().decode().strip()
        assert process.wait(60) == 0
    os.close(ours)

    assert verify("secret", hashed)
    assert b"secret" not in seen
