"""The options of an import of records: the mapping that they make, and what does not fit."""

import shlex
from decimal import Decimal
from pathlib import Path

import click
import pytest

from tollbook.cli.command import Options
from tollbook.cli.import_ import verb
from tollbook.cli.import_options import (
    ADDRESS,
    FACTOR,
    SOURCE,
    conversion_from,
    described,
    mapping_from,
    save_mapping,
)
from tollbook.cli.parameters import Parsed
from tollbook.domain.errors import InvalidRequest
from tollbook.records.mapping import CsvRule, FieldRule, Mapping, QuantityRule, TimeRule
from tollbook.records.rows import SourceRefused

COLUMNS = ("--column", "id=Call ID", "--column", "time=Start", "--column", "quantity=Secs")
CSV = ("--format", "csv", *COLUMNS)
ORG = ("--organization", "org_1")


def options(*arguments: str) -> Options:
    return Options(**verb.make_context("import", list(arguments)).params)


def mapping(*arguments: str) -> Mapping:
    return mapping_from(options(*arguments))


def refusal(*arguments: str) -> str:
    with pytest.raises(SourceRefused) as refused:
        mapping(*arguments)
    return str(refused.value)


def value(kind: Parsed, text: str) -> object:
    return kind.convert(text, None, None)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (FACTOR, "60", Decimal(60)),
        (FACTOR, "0.001", Decimal("0.001")),
        (SOURCE, "pbx-1.berlin_2", "pbx-1.berlin_2"),
        (ADDRESS, "127.0.0.1:0", ("127.0.0.1", 0)),
        (ADDRESS, "localhost:65535", ("localhost", 65_535)),
        (ADDRESS, "[::1]:9464", ("::1", 9464)),
    ],
)
def test_a_text_becomes_a_value(kind: Parsed, text: str, expected: object) -> None:
    assert value(kind, text) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *((FACTOR, it) for it in ("", "x", "nan", "inf", "-Infinity", "1,5")),
        *((SOURCE, it) for it in ("", "a b", "pbx/1", "büro", "a:b")),
        *((ADDRESS, it) for it in ("9464", ":9464", "a:", "a:x", "a:65536", "a:-1", "a:\u00b9")),
    ],
)
def test_another_text_is_refused(kind: Parsed, text: str) -> None:
    with pytest.raises(click.BadParameter):
        value(kind, text)


def test_columns_and_terms_of_csv_are_options() -> None:
    found = mapping(
        *(*CSV, "--type", "sms.outbound", "--timezone", "Europe/Berlin", "--delimiter", "tab"),
        *("--header", "Call ID, Start ,Secs", "--encoding", "latin-1", "--multiply", "0.001"),
    )
    assert found.type == FieldRule(default="sms.outbound")
    assert found.time == TimeRule(columns=("Start",), timezone="Europe/Berlin")
    assert found.quantity == QuantityRule(columns=("Secs",), multiply=Decimal("0.001"))
    assert found.csv == CsvRule("\t", "latin-1", ("Call ID", "Start", "Secs"))
    assert found.id == ("Call ID",)


@pytest.mark.parametrize(
    ("text", "delimiter"), [("tab", "\t"), ("\\t", "\t"), ("\t", "\t"), (";", ";"), ("|", "|")]
)
def test_a_delimiter_is_one_character_or_tab(text: str, delimiter: str) -> None:
    assert mapping(*CSV, "--delimiter", text).csv.delimiter == delimiter


@pytest.mark.parametrize("text", ["", ";;", "tabs"])
def test_another_delimiter_is_refused(text: str) -> None:
    assert refusal(*CSV, f"--delimiter={text}") == "--delimiter must be one character, or tab"


def test_an_inbound_context_needs_a_column_of_the_direction() -> None:
    given = (*CSV, "--inbound-context", "from-pstn")
    assert refusal(*given) == "--inbound-context needs a column of the direction in the mapping"
    rule = mapping(*given, "--column", "direction=Context").fields["direction"]
    assert rule == FieldRule(("Context",), {"from-pstn": "inbound"}, "outbound")


def test_an_encoding_that_no_one_knows_is_refused() -> None:
    said = refusal(*CSV, "--encoding", "utf-99")
    assert said.startswith("--encoding utf-99 is not the name of an encoding")


def test_a_saved_mapping_is_the_same_mapping(tmp_path: Path) -> None:
    path = tmp_path / "saved.yaml"
    made = mapping(*CSV, "--timezone", "Asia/Tokyo", "--multiply", "60")
    save_mapping(path, made)
    assert mapping("--mapping", str(path)) == made
    assert mapping("--mapping", str(path), "--format", "csv") == made
    with pytest.raises(SourceRefused, match="exists already"):
        save_mapping(path, made)


def test_options_go_over_a_saved_mapping(tmp_path: Path) -> None:
    path = tmp_path / "saved.yaml"
    save_mapping(path, mapping(*CSV, "--timezone", "Asia/Tokyo", "--type", "sms.outbound"))
    found = mapping("--mapping", str(path), "--timezone", "UTC")
    assert (found.time.timezone, found.type.default) == ("UTC", "sms.outbound")


def test_a_mapping_is_for_rows_of_its_own_form_only(tmp_path: Path) -> None:
    path = tmp_path / "saved.yaml"
    save_mapping(path, mapping(*CSV))
    sentence = refusal("--mapping", str(path), "--format", "asterisk")
    assert sentence == "--mapping excludes --format, except --format csv"


def test_a_mapping_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing, binary = tmp_path / "missing.yaml", tmp_path / "binary.yaml"
    assert refusal("--mapping", str(missing)) == (
        f"{missing} cannot be read: No such file or directory"
    )
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidRequest, match="is not UTF-8"):
        mapping("--mapping", str(binary))


def test_a_byte_order_mark_is_no_part_of_a_mapping(tmp_path: Path) -> None:
    plain, marked = tmp_path / "plain.yaml", tmp_path / "marked.yaml"
    save_mapping(plain, mapping(*CSV))
    marked.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes())
    assert mapping("--mapping", str(marked)) == mapping("--mapping", str(plain))


def test_rows_need_someone_whose_usage_they_are(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="--organization or --accounts"):
        conversion_from(options(*CSV), mapping(*CSV))
    assert conversion_from(options(*CSV, *ORG), mapping(*CSV)).organization == "org_1"
    named = (*CSV, "--column", "organization_id=Tenant")
    assert conversion_from(options(*named), mapping(*named)).organization is None
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("account,organization_id,user_id\nacme,org_1,ann\n")
    by_account = (*CSV, "--column", "account=Acct", "--accounts", str(accounts))
    found = conversion_from(options(*by_account), mapping(*by_account))
    assert (found.organization, found.accounts is None) == (None, False)


def test_accounts_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    given = (*CSV, "--accounts", str(tmp_path))
    with pytest.raises(SourceRefused, match=f"{tmp_path} cannot be read"):
        conversion_from(options(*given), mapping(*given))


def test_a_carrier_s_price_needs_a_format_that_has_one() -> None:
    given = (*CSV, *ORG, "--cost", "carrier")
    with pytest.raises(SourceRefused, match="whose rows have a price"):
        conversion_from(options(*given), mapping(*given))
    assert not conversion_from(options(*CSV, *ORG), mapping(*CSV)).has_carrier_cost


def test_what_counts_is_an_option() -> None:
    found = conversion_from(
        options(*CSV, *ORG, "--legs", "both", "--source", "pbx1"), mapping(*CSV)
    )
    assert (found.source, found.legs, found.counts_unanswered) == ("pbx1", "both", False)
    assert conversion_from(options(*CSV, *ORG, "--unanswered"), mapping(*CSV)).counts_unanswered


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (("--format", "csv"), "--format csv"),
        (("--legs", "a"), ""),
        (("--unanswered", "--timezone", "Europe/Berlin"), "--timezone Europe/Berlin --unanswered"),
        (
            ("--column", "to=Dialed No", "--column", "id=x"),
            "--column 'to=Dialed No' --column 'id=x'",
        ),
        (("--organization", "org_1", "--multiply", "60"), "--multiply 60 --organization 'org_1'"),
        (("--strip-access-code", "0"), "--strip-access-code 0"),
        (("--dry-run", "--tenant", "t", "--json", "--complete"), ""),
    ],
)
def test_the_options_of_an_import_are_written_as_they_were_given(
    given: tuple[str, ...], text: str
) -> None:
    assert described(options(*given)) == text


def test_written_options_are_the_same_options() -> None:
    given = (*CSV, *ORG, "--time-format", "%d.%m.%Y %H:%M", "--time-format", "epoch")
    text = described(options(*given))
    assert described(options(*shlex.split(text))) == text
    assert mapping(*shlex.split(text)) == mapping(*given)
