"""The command line: fingerprint-features."""

import os
import sys

_INTERRUPTED = 130  # what a shell expects after Ctrl-C


def main() -> None:
    """Run the command line; exit codes are 0, 1 for an error, 2 for wrong usage, 3 for a leak and 130 after Ctrl-C."""
    try:
        from .commands import run  # takes seconds, in which Ctrl-C may come

        run()
    except KeyboardInterrupt:
        _end()
    except SystemExit as ending:
        if ending.code == _INTERRUPTED:
            _end()
        raise


def _end():
    print("interrupted: the same command goes on from the rows in --cache, if it was given", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_INTERRUPTED)  # Python's own ending would stop the workers inside compiled code, and abort
