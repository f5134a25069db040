"""The command line on a database of its own, as the tests of the command line have it."""

from tests.cli.conftest import example_prices as example_prices
from tests.cli.conftest import tollbook as tollbook
