"""tollbook report: the questions of the API, answered in the terminal."""

from tollbook.cli.output import Verbs
from tollbook.cli.report import (
    changes,
    events,
    organizations,
    outlook,
    overview,
    series,
    usage,
    users,
)

QUESTIONS = (users, organizations, overview, usage, series, events, changes, outlook)


def add(verbs: Verbs) -> None:
    """Offer the verb, with a question each."""
    parser = verbs.add_parser("report", help="usage and cost in the terminal")
    questions = parser.add_subparsers(metavar="QUESTION", required=True)
    for question in QUESTIONS:
        question.add(questions)
