"""The fingerprint of a reversal: by its event and its reason."""

import pytest

from tollbook.domain.reversals import Reversal, fingerprint

USUAL = Reversal("back-1", "org_1", "call-1", "billed twice")


def test_the_fingerprint_is_the_one_that_is_stored() -> None:
    """A change here would turn every repeated reversal into a conflict."""
    assert fingerprint(USUAL) == STORED


STORED = 5931832082709916111


def test_the_id_and_the_organization_are_not_content() -> None:
    assert fingerprint(Reversal("x", "y", "call-1", "billed twice")) == fingerprint(USUAL)


@pytest.mark.parametrize(
    ("reverses", "reason"),
    [
        ("call-2", "billed twice"),
        ("call-1", "billed thrice"),
        ("call-1", ""),
        ("billed twice", "call-1"),
        ("call-1billed", " twice"),
    ],
)
def test_other_content_has_another_fingerprint(reverses: str, reason: str) -> None:
    assert fingerprint(Reversal("back-1", "org_1", reverses, reason)) != fingerprint(USUAL)


def test_a_fingerprint_fits_into_a_signed_column() -> None:
    found = [fingerprint(Reversal("b", "o", f"call-{n}", "r")) for n in range(200)]
    assert all(-(2**63) <= it < 2**63 for it in found)
    assert min(found) < 0 < max(found)
    assert len(set(found)) == len(found)
