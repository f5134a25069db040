"""The figures of one run."""

from dataclasses import dataclass, field

from benchmarks.answers import AnswerFigures
from benchmarks.clients import ClientFigure
from benchmarks.corrections import CorrectionFigure
from benchmarks.crowds import CrowdFigures
from benchmarks.deck_ingest import DeckIngestFigure
from benchmarks.decks import DeckFigure
from benchmarks.exports import ExportFigure
from benchmarks.growing import GrowingFigure
from benchmarks.imports import ImportFigure, ImportMemoryFigure
from benchmarks.ingest import IngestFigure
from benchmarks.overview import OverviewFigures
from benchmarks.page import PageFigures
from benchmarks.rating import RatingFigure
from benchmarks.series import SeriesFigure
from benchmarks.singles import SinglesFigure


@dataclass
class Measured:
    """The figures of each part; a part that was not measured has none."""

    ingested: list[IngestFigure] = field(default_factory=list)
    compared: list[SinglesFigure] = field(default_factory=list)
    grown: list[GrowingFigure] = field(default_factory=list)
    clients: list[ClientFigure] = field(default_factory=list)
    corrected: list[CorrectionFigure] = field(default_factory=list)
    answered: list[AnswerFigures] = field(default_factory=list)
    rated: list[RatingFigure] = field(default_factory=list)
    loaded: list[DeckFigure] = field(default_factory=list)
    decked: list[DeckIngestFigure] = field(default_factory=list)
    imported: list[ImportFigure] = field(default_factory=list)
    import_memory: list[ImportMemoryFigure] = field(default_factory=list)
    trends: list[SeriesFigure] = field(default_factory=list)
    exported: list[ExportFigure] = field(default_factory=list)
    overviews: list[OverviewFigures] = field(default_factory=list)
    crowded: list[CrowdFigures] = field(default_factory=list)
    paged: list[PageFigures] = field(default_factory=list)
