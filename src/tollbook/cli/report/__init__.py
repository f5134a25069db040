"""tollbook report: the reports of the API, in the terminal."""

from tollbook.cli.lazy import LazyCommand, LazyGroup

QUESTIONS = tuple(
    LazyCommand(name, f"{__name__}.{name}", line)
    for name, line in {
        "users": "Usage and cost by user.",
        "organizations": "Usage and cost by organization.",
        "overview": "Usage and cost of a whole tenant.",
        "usage": "Segments and seconds; all time by default.",
        "series": "Usage and cost over time.",
        "events": "The events behind a figure, newest first.",
        "changes": "The largest increases, decreases and costs.",
        "forecast": "The expected cost of a month.",
        "budgets": "How much of each budget is spent.",
    }.items()
)

verb = LazyGroup(QUESTIONS)
