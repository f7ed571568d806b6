"""`python -m proxy` is `casproxy`."""

import sys

from proxy.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
