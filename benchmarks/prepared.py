"""Prepare a database with the version of Tollbook on the path, and print a key to write events."""

import sys

from tests.builders import Platform

from tollbook.domain.keys import Permission
from tollbook.store.database import open_database
from tollbook.store.migrate import migrate


def main(url: str, organization: str) -> None:
    """Migrate the database and add an organization with the example prices."""
    database = open_database(url)
    migrate(database)
    platform = Platform(database)
    platform.organization(organization)
    print(platform.key(Permission.WRITE_EVENTS))
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
