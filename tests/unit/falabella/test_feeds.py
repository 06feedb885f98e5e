"""What a feed confirms and what it leaves open (falabella.md 4, design §7.5)."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orquestador.channels.falabella.feeds import failure_report, report_of
from orquestador.model.stock import RecordOutcome
from orquestador.ports import JobReport

ACCEPTED, REFUSED = RecordOutcome.ACCEPTED, RecordOutcome.REFUSED
NOT_FOUND, UNKNOWN = RecordOutcome.NOT_FOUND, RecordOutcome.UNKNOWN
REFS = ["A", "B", "C"]


def _report(errors: Any = "", failed: Any = "0", refs: list[str] = REFS, **fields: Any) -> JobReport:
    detail = {
        "Status": "Finished",
        "FailedRecords": failed,
        "FeedErrors": errors,
        "FeedWarnings": "",
        **fields,
    }
    return report_of(detail, refs)


def _kinds(report: JobReport) -> dict[str, RecordOutcome]:
    assert report.finished
    return {ref: outcome for ref, (outcome, _) in report.outcomes.items()}


def _error(message: str, sku: str = "") -> dict[str, str]:
    return {"Code": "1", "Message": message, "SellerSku": sku}


def test_no_failure_confirms_all() -> None:
    assert _kinds(_report()) == dict.fromkeys(REFS, ACCEPTED)


def test_a_refusal_is_given_to_its_sku_and_the_rest_is_confirmed() -> None:
    report = _report({"Error": _error("Negative value is not allowed", "B")}, "1")
    assert _kinds(report) == {"A": ACCEPTED, "B": REFUSED, "C": ACCEPTED}
    assert report.outcomes["B"][1] == "Negative value is not allowed"


def test_the_sku_may_only_be_in_the_message() -> None:
    report = _report({"Error": [_error("Seller SKU 'A' not found"), _error('bad value for "C"')]}, "2")
    assert _kinds(report) == {"A": NOT_FOUND, "B": ACCEPTED, "C": REFUSED}


def test_a_warehouse_that_is_not_found_is_not_the_sku() -> None:
    errors = {"Error": [_error("Warehouse 'W' not found", "A"), _error("Seller SKU 'B' not found", "B")]}
    assert _kinds(_report(errors, "2")) == {"A": REFUSED, "B": NOT_FOUND, "C": ACCEPTED}
    error = {"Error": _error("Seller SKU 'WAREHOUSE-1' not found", "WAREHOUSE-1")}
    assert _kinds(_report(error, "1", ["WAREHOUSE-1"])) == {"WAREHOUSE-1": NOT_FOUND}


def test_an_apostrophe_in_a_sku_is_no_end_of_it() -> None:
    report = _report({"Error": _error("Seller SKU 'O'NEIL' not found")}, "1", ["O'NEIL", "NEIL"])
    assert _kinds(report) == {"O'NEIL": NOT_FOUND, "NEIL": ACCEPTED}


@pytest.mark.parametrize(
    ("errors", "failed"),
    [
        ("", "2"),
        ("", ""),
        ("", "many"),
        ({"Error": _error("something", "")}, "1"),
        ({"Error": _error("either 'A' or 'B'", "")}, "1"),
        ({"Error": _error("not ours", "Z")}, "1"),
    ],
)
def test_a_failure_without_a_sku_leaves_all_open(errors: Any, failed: str) -> None:
    report = _report(errors, failed)
    assert _kinds(report) == dict.fromkeys(REFS, UNKNOWN)
    assert report.note is not None


def test_a_known_refusal_stays_one_when_others_are_open() -> None:
    errors = {"Error": [_error("no", "A"), _error("mystery")]}
    assert _kinds(_report(errors, "2")) == {"A": REFUSED, "B": UNKNOWN, "C": UNKNOWN}


def test_two_errors_about_one_sku_do_not_stand_for_two_skus() -> None:
    errors = {"Error": [_error("no", "A"), _error("no again", "A")]}
    assert _kinds(_report(errors, "2")) == {"A": REFUSED, "B": UNKNOWN, "C": UNKNOWN}
    assert _kinds(_report(errors, "1")) == {"A": REFUSED, "B": ACCEPTED, "C": ACCEPTED}


def test_an_accepted_record_keeps_its_warning() -> None:
    warning = {"Warning": {"Message": "rounded", "SellerSku": "B"}}
    assert _report(FeedWarnings=warning).outcomes["B"] == (ACCEPTED, "rounded")


@pytest.mark.parametrize("status", ["Error", "Canceled", "cancelled"])
def test_a_feed_that_failed_as_a_whole_confirms_nothing(status: str) -> None:
    assert _kinds(_report(Status=status)) == dict.fromkeys(REFS, UNKNOWN)


@pytest.mark.parametrize("status", ["Queued", "Processing", "", "Unheard"])
def test_any_other_state_is_not_the_end(status: str) -> None:
    report = _report(Status=status)
    assert (report.finished, report.outcomes) == (False, {})


def _csv(text: str) -> dict[str, str]:
    return {"MimeType": "text/csv", "File": base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    "text",
    [
        "SellerSku,Message\nB,Seller SKU 'B' not found\n",
        '"Seller SKU";"Error message"\r\n"B";"not found; really"\r\n',
        "\ufeffName\tseller_sku\treason\nx\tB\tdoes not exist\n",
    ],
)
@pytest.mark.parametrize("field", ["FailedRecords", "FailureReports"])
def test_a_failure_report_as_base64_csv_is_read(text: str, field: str) -> None:
    if field == "FailedRecords":
        report = _report(failed=_csv(text))
    else:
        report = _report(failed="1", FailureReports=_csv(text))
    assert _kinds(report) == {"A": ACCEPTED, "B": NOT_FOUND, "C": ACCEPTED}


@pytest.mark.parametrize("file", ["", "%%%", base64.b64encode(b"Only,Names\n1,2").decode(), "AAAA"])
def test_a_failure_report_that_cannot_be_read_confirms_nothing(file: str) -> None:
    assert failure_report({"MimeType": "text/csv", "File": file}) is None
    assert _kinds(_report("", {"MimeType": "text/csv", "File": file})) == dict.fromkeys(REFS, UNKNOWN)


WORDS = st.sampled_from(["A", "B", "C", "Z", "'A'", "'B' not found", "", "x"])
ERRORS = st.lists(st.fixed_dictionaries({"Message": WORDS, "SellerSku": WORDS}), max_size=5)


@given(errors=ERRORS, failed=st.integers(0, 5))
def test_nothing_is_confirmed_unless_every_failure_has_its_sku(errors: list[Any], failed: int) -> None:
    kinds = _kinds(_report([{"Error": error} for error in errors], str(failed)))
    assert set(kinds) == set(REFS)
    bad = [ref for ref, kind in kinds.items() if kind in (REFUSED, NOT_FOUND)]
    if ACCEPTED in kinds.values():
        assert len(bad) == failed
        assert UNKNOWN not in kinds.values()


@given(content=st.binary(max_size=200))
def test_any_file_is_rows_or_none(content: bytes) -> None:
    found = failure_report({"File": base64.b64encode(content).decode()})
    assert found is None or isinstance(found, list)
