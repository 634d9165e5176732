"""`crossroom` and `python -m crossroom`."""

import sys

INTERRUPTED = 130
"""The exit status of what Ctrl-C ended, as shells have it."""


def main() -> None:
    """Run the command line; Ctrl-C ends it without a traceback, also while the program is still being loaded."""
    try:
        from crossroom.cli.app import app  # noqa: PLC0415 -- loading takes a while, and may be interrupted

        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
