"""Tax numbers in their spellings, and external ids that tell nothing."""

from __future__ import annotations

import pytest

from orquestador.erp.odoo.partners import compact_vat, external_id, vat_spellings
from orquestador.model.sales import Customer


@pytest.mark.parametrize(
    "written", ["15.782.394-k", "15782394-K", "15782394K", "CL15782394-K", " 15782394-k "]
)
def test_a_rut_is_found_however_it_is_written(written: str) -> None:
    spelled = vat_spellings(written)
    for stored in ("15.782.394-K", "15782394-K", "15782394K", "CL15782394-K", "CL15782394K"):
        assert stored in spelled
    assert compact_vat(written).removeprefix("CL") == "15782394K"


def test_a_number_that_is_no_rut_stays_itself() -> None:
    assert vat_spellings("20512345678") == ["20512345678"]


def test_an_external_id_tells_nothing_and_differs_by_installation() -> None:
    one, other = external_id("partner", "", "vat:15782394K"), external_id("partner", "b-", "vat:15782394K")
    assert one != other
    assert one == external_id("partner", "", "vat:15782394K")
    assert "15782394" not in one
    assert one.count(".") == 1


def test_a_buyer_is_not_shown_when_printed() -> None:
    assert repr(Customer("Ana", "1-9", "ana@example.com", "1", "street")) == "Customer()"
