"""The XML of a stock write, and reading one back."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orquestador.channels.falabella.stock import MAX_SKUS, quantities_of, update_stock_xml
from orquestador.model.errors import Rejected


def test_the_documented_shape_for_the_default_warehouse() -> None:
    assert update_stock_xml({"TAZA-01": 7, "TAZA-02": 0}) == (
        b'<?xml version="1.0" encoding="UTF-8"?><Request><Warehouse>'
        b"<Stock><SellerSku>TAZA-01</SellerSku><Quantity>7</Quantity></Stock>"
        b"<Stock><SellerSku>TAZA-02</SellerSku><Quantity>0</Quantity></Stock></Warehouse></Request>"
    )


@pytest.mark.parametrize("tag", ["GSCFacilityId", "SellerWarehouseId"])
def test_the_documented_shape_for_a_named_warehouse(tag: str) -> None:
    written = update_stock_xml({"TAZA-02": 0}, (tag, "GSC-SC0001"))
    assert written == (
        b'<?xml version="1.0" encoding="UTF-8"?><Request><Warehouse>'
        + f"<Stock><{tag}>GSC-SC0001</{tag}>".encode()
        + b"<SellerSku>TAZA-02</SellerSku><Quantity>0</Quantity></Stock></Warehouse></Request>"
    )
    assert quantities_of(written.decode(), (tag, "GSC-SC0001")) == {"TAZA-02": 0}
    assert quantities_of(written.decode()) == quantities_of(written.decode(), (tag, "GSC-SC0002")) == {}


def test_skus_are_escaped() -> None:
    sku = "CAFÉ <1KG> & \"A\" 'B'"
    root = ElementTree.fromstring(update_stock_xml({sku: 1}))
    assert root.findtext("Warehouse/Stock/SellerSku") == sku


@pytest.mark.parametrize(
    "quantities", [{}, {str(n): 1 for n in range(MAX_SKUS + 1)}, {"A": -1}, {"a\x00b": 1}, {"\ud800": 1}]
)
def test_what_cannot_be_said_is_refused_before_a_call_is_spent(quantities: dict[str, int]) -> None:
    with pytest.raises(Rejected):
        update_stock_xml(quantities)


SKUS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1
).map(str.strip)


@given(quantities=st.dictionaries(SKUS.filter(bool), st.integers(0, 10**6), min_size=1, max_size=20))
def test_what_was_written_is_read_back(quantities: dict[str, int]) -> None:
    assert quantities_of(update_stock_xml(quantities).decode()) == quantities


@pytest.mark.parametrize(
    "raw", ["", "<Request", "plain", "<Request/>", "<R><Stock><SellerSku>A</SellerSku></Stock></R>"]
)
def test_anything_else_says_nothing(raw: str) -> None:
    assert quantities_of(raw) == {}
