"""The command `tollbook`."""

import sys

from tollbook.cli.main import run


def main() -> None:
    """Run the command line."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
