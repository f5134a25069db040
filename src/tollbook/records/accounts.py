"""Accounts of a source, and the organization and user of each: the file of `--accounts`."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from tollbook.domain.directory import id_problem
from tollbook.domain.errors import InvalidRequest, Problem
from tollbook.records.contents import decode

COLUMNS = ("account", "organization_id", "user_id")


class AccountOwner(NamedTuple):
    """Whose usage the rows of an account are; without a user, the row names the user."""

    organization_id: str
    user_id: str | None = None


Accounts = dict[str, AccountOwner]


def read_accounts(content: bytes) -> Accounts:
    """Read `account,organization_id,user_id`; `InvalidRequest` lists every problem by its line."""
    text = decode(content)
    rows = csv.reader(io.StringIO(text, newline=""))
    header = [it.strip() for it in next(rows, [])]
    if header[:2] != list(COLUMNS[:2]) or len(header) > 3 or header[2:] not in ([], ["user_id"]):
        raise InvalidRequest(f"the first line of the accounts must be {','.join(COLUMNS)}")
    accounts: Accounts = {}
    problems: list[Problem] = []
    for line, row in enumerate(rows, 2):
        if any(it.strip() for it in row):
            problems += _add(accounts, line, [it.strip() for it in row], len(header))
    if problems:
        raise InvalidRequest("the accounts have errors", problems)
    return accounts


def _add(accounts: Accounts, line: int, row: list[str], width: int) -> Iterator[Problem]:
    if not 2 <= len(row) <= width:
        sentence = f"line {line}: the row has {len(row)} cells, the header {width}"
        yield Problem("", "wrong_column_count", sentence)
        return
    account, organization, *rest = row
    user = rest[0] if rest and rest[0] else None
    found = [id_problem("organization_id", organization), user and id_problem("user_id", user)]
    for problem in found:
        if problem:
            yield Problem(problem.field, problem.code, f"line {line}: {problem.error}")
    if account in accounts:
        yield Problem("account", "repeated", f"line {line}: account {account} occurs twice")
    accounts[account] = AccountOwner(organization, user)
