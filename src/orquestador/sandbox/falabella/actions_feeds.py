"""Writes that become feeds, and everything one can ask about a feed (falabella.md 3.1, 4)."""

import base64
import csv
import io

from orquestador.sandbox.falabella.call import Call
from orquestador.sandbox.falabella.clock import head_text
from orquestador.sandbox.falabella.country import Country
from orquestador.sandbox.falabella.envelope import Answer, Node, Rows
from orquestador.sandbox.falabella.errors import ApiError
from orquestador.sandbox.falabella.feed_requests import (
    product_update_records,
    request_xml,
    update_stock_records,
)
from orquestador.sandbox.falabella.feeds import FEED_STATUSES, Feed, Record
from orquestador.sandbox.falabella.switches import Switches


def _stock_records(call: Call) -> list[Record]:
    second = call.world.switches.second_warehouse
    return update_stock_records(request_xml(call.body), call.world.stock, second=second)


def update_stock(call: Call) -> Answer:
    """The feed id is at Body.Stocks.feed, `RequestId` stays empty (falabella.md 3.1)."""
    feed = _accept(call, _stock_records(call))
    return Answer(
        {"Stocks": {"feed": feed.feed}},
        head={"Timestamp": head_text(call.now).split(".", maxsplit=1)[0] + "+0000"},
    )


def product_update(call: Call) -> Answer:
    """The feed id is at Head.RequestId, the body is empty (falabella.md 3.1)."""
    feed = _accept(
        call, product_update_records(request_xml(call.body), call.world.stock, call.world.country.operator)
    )
    return Answer(request_id=feed.feed)


def feed_status(call: Call) -> Answer:
    """E012 for an unknown feed, and for every feed right after its creation (switch `e012_s`)."""
    feed = _find(call)
    switches = call.world.switches
    if call.now < feed.at + switches.e012_s:
        raise ApiError(12)
    errors: list[Node] = []
    if feed.ended and not switches.hidden_errors:
        errors = [_error(record, switches) for record in feed.failed]
    detail = _summary(feed, call.world.country) | {"FeedErrors": Rows("Error", errors), "FeedWarnings": ""}
    return Answer({"FeedDetail": detail}, "FeedDetail", head=_echo(feed))


def feed_list(call: Call) -> Answer:
    """The last 30 days, directly under the body."""
    return _listed(call, call.world.feeds.listed(call.now))


def feed_offset_list(call: Call) -> Answer:
    offset = call.whole("Offset", 0, low=0, high=None, code=14)
    size = call.whole("PageSize", 100, low=1, high=1_000, code=15)
    status = call.text("Status")
    if status and status not in FEED_STATUSES:
        raise ApiError(13)
    created = call.instant("CreationDate", code=46)
    updated = call.instant("UpdatedDate", code=47)
    feeds = [
        feed
        for feed in call.world.feeds.listed(call.now)
        if (not status or feed.status == status)
        and (created is None or feed.at >= created)
        and (updated is None or feed.updated_at >= updated)
    ]
    return _listed(call, feeds[offset : offset + size])


def feed_count(call: Call) -> Answer:
    feeds = call.world.feeds.listed(call.now)
    counted: dict[str, Node] = {"Total": str(len(feeds))}
    for status in ("Queued", "Processing", "Finished", "Canceled"):
        counted[status] = str(sum(feed.status == status for feed in feeds))
    return Answer({"FeedCount": counted}, "FeedCount")


def feed_cancel(call: Call) -> Answer:
    """Only a feed that still waits; E013 otherwise."""
    feed = _find(call)
    if not call.world.feeds.cancel(feed, call.now):
        raise ApiError(13)
    return Answer(head=_echo(feed))


def get_feed_raw_input(call: Call) -> Answer:
    """The original XML; E012 when a feed of the list is unknown."""
    rows: list[Node] = []
    for feed_id in call.array("FeedIdList", code=12):
        feed = call.world.feeds.feeds.get(feed_id)
        if feed is None:
            raise ApiError(12)
        rows.append({"Feed": feed.feed, "RawInput": feed.raw})
    return Answer({"FeedRawInputs": Rows("FeedRawInput", rows)}, "FeedRawInputs")


def _accept(call: Call, records: list[Record]) -> Feed:
    feed = call.world.feeds.accept(call.action, call.body.decode(errors="replace"), records, call.now)
    call.world.accept_feed(feed)
    return feed


def _find(call: Call) -> Feed:
    feed = call.world.feeds.feeds.get(call.required("FeedID"))
    if feed is None:
        raise ApiError(12)
    return feed


def _echo(feed: Feed) -> dict[str, Node]:
    return {"RequestParameters": {"FeedID": feed.feed}}


def _summary(feed: Feed, country: Country) -> dict[str, Node]:
    total = len(feed.records)
    processed = total if feed.status in ("Finished", "Error") else 0
    return {
        "Feed": feed.feed,
        "Status": feed.status,
        "Action": feed.action,
        "CreationDate": country.local_text(feed.at),
        "UpdatedDate": country.local_text(feed.updated_at),
        "Source": "api",
        "TotalRecords": str(total),
        "ProcessedRecords": str(processed),
        "FailedRecords": str(len(feed.failed)),
    }


def _error(record: Record, switches: Switches) -> Node:
    """With the switch `empty_seller_sku` the SKU is only in the message, as seen in real feeds."""
    if not switches.empty_seller_sku:
        return {"Code": "1", "Message": record.error, "SellerSku": record.sku}
    named = record.sku in record.error
    return {
        "Code": "1",
        "Message": record.error if named else f"Seller SKU '{record.sku}': {record.error}",
        "SellerSku": "",
    }


def _listed(call: Call, feeds: list[Feed]) -> Answer:
    rows: list[Node] = [
        _summary(feed, call.world.country) | {"FailureReports": _report(feed)} for feed in feeds
    ]
    return Answer(Rows("Feed", rows), "Feed")


def _report(feed: Feed) -> Node:
    """The failures as a base64 CSV, empty when there are none."""
    if not feed.failed:
        return ""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["SellerSku", "Message"])
    writer.writerows((record.sku, record.error) for record in feed.failed)
    return {"MimeType": "text/csv", "File": base64.b64encode(text.getvalue().encode()).decode()}
