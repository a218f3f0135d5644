"""The command line: it reads options, calls the library, prints. No logic lives here."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; errors a user can cause end in one message and a non-zero exit, never a traceback."""
    from vitrina.cli.app import app
    from vitrina.errors import VitrinaError

    try:
        app()
    except SystemExit as end:
        if end.code == _INTERRUPTED:  # how the command-line library ends on Ctrl-C
            print("interrupted; nothing half-written was left. The same command keeps what was finished.", file=sys.stderr)
        raise
    except VitrinaError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except MemoryError:
        print("error: out of memory. Give a smaller --memory, or fewer models (--models).", file=sys.stderr)
        raise SystemExit(1) from None
    except BrokenPipeError:
        raise SystemExit(0) from None
