"""Write the table of conformance cases, or with `--check` report whether it is current."""

import sys

from tests.conformance.document import PATH, as_text


def main() -> None:
    """Write or check the file."""
    text = as_text()
    if "--check" not in sys.argv:
        PATH.write_text(text)
    elif PATH.read_text() != text:
        sys.exit("clients/conformance.json is out of date: python -m tests.conformance writes it")


main()
