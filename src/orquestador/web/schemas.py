"""Bodies of the API for validation and for /docs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from pydantic.alias_generators import to_camel

QUANTITY_MAX = 100_000


def _printable(value: str) -> str:
    value = value.strip()
    if not value:
        raise ValueError("it must not be empty")
    if not value.isprintable():
        raise ValueError("it must not contain control characters")
    return value


Label = Annotated[StrictStr, Field(max_length=200), AfterValidator(_printable)]


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class MoveBody(_Body):
    """A manual stock movement."""

    sku: Label
    quantity: Annotated[StrictInt, Field(ge=1, le=QUANTITY_MAX)]
    reason: Annotated[StrictStr, Field(max_length=500), AfterValidator(_printable)]
    reference: Label | None = None
    allow_negative: StrictBool = False
    warehouse: Label | None = Field(default=None, description="Its code; absent = the default one.")


class DiscardBody(_Body):
    note: Annotated[StrictStr, Field(max_length=500)] | None = None


Channel = Annotated[StrictStr, Field(min_length=1, max_length=200), AfterValidator(_printable)]


class GoLiveBody(_Body):
    take_now: list[Label] = Field(default=[], description="Work ids whose units are still in the ERP.")
    approve_pushes: StrictBool = False
    channel: Channel | None = Field(default=None, description="One account; unset: all that observe.")


class PauseBody(_Body):
    paused: StrictBool = Field(description="true: write nothing to the other systems; false: write again.")
    reason: Annotated[StrictStr, Field(max_length=500), AfterValidator(_printable)] | None = None


class ApproveBody(_Body):
    digest: Label | None = Field(
        default=None, description="Of the plan that was looked at: another one is refused. Absent = any."
    )


class PushBody(_Body):
    channel: Label | None = Field(default=None, description="Which channel; absent = all.")
    sku: Label | None = Field(default=None, description="A seller SKU, or the ERP's; absent = all.")
    dry_run: StrictBool = Field(default=False, description="Read and compute, and send nothing.")


class ReconcileBody(_Body):
    channel: Label | None = Field(default=None, description="Which channel; absent = all.")


Units = Annotated[StrictInt, Field(ge=0, le=1_000_000)]


class RuleBody(_Body):
    """One rule: fields that are absent stay as they are, null = the next level counts."""

    channel: Channel | None = Field(default=None, description="May be absent where there is only one.")
    sku: Label | None = Field(default=None, description="The seller SKU; absent = the whole channel.")
    publish: StrictBool | None = None
    erp_sku: Label | None = Field(default=None, description="The ERP's SKU where it is another one.")
    buffer: Units | Literal["auto"] | None = None
    cap: Units | Literal["none"] | None = None
    share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)] | None = None
    fixed: Units | Literal["none"] | None = None
    allow_oversell: StrictBool | None = None


class FreezeBody(_Body):
    frozen: StrictBool = Field(description="true: send no number; false: send them again.")
    channel: Channel | None = None
    sku: Label | None = Field(default=None, description="A seller SKU, or the ERP's of its mapping.")
    reason: Annotated[StrictStr, Field(max_length=500), AfterValidator(_printable)] | None = None


class BackupBody(_Body):
    path: Annotated[StrictStr, Field(min_length=1, max_length=1000), AfterValidator(_printable)]


class UninstallBody(_Body):
    ids: list[Label] | None = Field(default=None, description="Which of them; absent = all.")


class LogItem(_Body):
    id: str
    service: str
    action: str
    status: str
    request: object
    response: object
    duration: float = Field(description="Milliseconds.")
    order_id: str | None
    product_sku: str | None
    timestamp: str
    trace_id: str | None


class LogPage(_Body):
    items: list[LogItem]
    next_cursor: str | None


class StockAnswer(_Body):
    sku: str
    available: float
    on_hand: float
    reserved: float
    as_of: str
    age_seconds: float


class MoveAnswer(_Body):
    success: bool
    sku: str
    previous_stock: float | None
    new_stock: float | None
    movement: str
    duplicate: bool


class WebhookAnswer(_Body):
    success: bool
    message: str
    order_id: str | None
    receipt_id: str | None
    duplicate: bool


class ProblemAnswer(_Body):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    remedy: str | None = None
    trace_id: str | None = None
