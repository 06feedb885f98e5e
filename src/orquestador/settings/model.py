"""Every knob by name, with its default and what is allowed; explained in docs/reference-settings.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, SecretStr
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from orquestador.model.stock import WriteMeans
from orquestador.ops.auth import ApiKey
from orquestador.ops.ratelimit import Rate
from orquestador.settings import parse
from orquestador.settings.files import SecretFilesSource
from orquestador.settings.tables import Tables

Url = Annotated[str, BeforeValidator(parse.url)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Days = Annotated[int, Field(ge=1, le=3650)]
Environment = Annotated[Literal["development", "test", "production"], BeforeValidator(parse.lower)]
Text = Annotated[str, BeforeValidator(parse.text)]
CallsPerSecond = Annotated[float | None, BeforeValidator(parse.calls_per_s)]
Limit = Annotated[Rate | None, NoDecode, BeforeValidator(parse.rate)]


class Settings(BaseSettings):
    """What was configured, each value validated alone; `orquestador.settings.load()` makes one."""

    model_config = SettingsConfigDict(
        case_sensitive=False, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    # the service
    app_env: Environment | None = Field(None, examples=["production"])
    node_env: Environment | None = Field(None, examples=["production"])
    host: Text = Field("127.0.0.1", examples=["127.0.0.1"])
    port: int = Field(3000, ge=0, le=65_535, examples=["3000"])
    data_dir: Path = Field(Path("data"), examples=["./data"])
    app_lang: Annotated[Literal["es", "en"] | None, BeforeValidator(parse.lower)] = Field(
        None, examples=["es"]
    )
    lang: str = Field("", examples=["es_CL.UTF-8"])
    app_timezone: Annotated[str, BeforeValidator(parse.timezone)] = Field(
        "America/Santiago", examples=["America/Santiago"]
    )
    mode: Annotated[Literal["observe", "live"] | None, BeforeValidator(parse.lower)] = Field(
        None, examples=["observe"]
    )
    prefix: Annotated[str, BeforeValidator(parse.prefix)] = Field("", examples=["shop1-"])
    public_url: Url | None = Field(None, examples=["https://orquestador.example.com"])
    api_keys: Annotated[tuple[ApiKey, ...], NoDecode, BeforeValidator(parse.api_keys)] = Field(
        (), examples=["maria:operator:long-random-text,root:admin:another-long-random-text"]
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(parse.origins)] = Field(
        (), examples=["https://panel.example.com"]
    )
    api_rate_limit: Limit = Field(Rate(6000, 60), examples=["6000/minute"])
    failed_proof_limit: Limit = Field(Rate(10, 60), examples=["10/minute"])
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(parse.lower)] = Field(
        "info", examples=["info"]
    )
    log_format: Annotated[Literal["auto", "console", "json"], BeforeValidator(parse.lower)] = Field(
        "auto", examples=["json"]
    )
    clock_url: Url | None = Field(None, examples=["http://127.0.0.1:4001"])
    orquestador_toml: Path | None = Field(None, examples=["orquestador.toml"])
    _tables: Tables = PrivateAttr(default_factory=Tables)

    # stores
    mongodb_uri: Annotated[SecretStr | None, BeforeValidator(parse.mongodb_uri)] = Field(
        None, examples=["mongodb://localhost:27017/orquestador"]
    )
    redis_url: Annotated[SecretStr | None, BeforeValidator(parse.redis_url)] = Field(
        None, examples=["redis://localhost:6379/0"]
    )
    redis_host: Text | None = Field(None, examples=["localhost"])
    redis_port: int = Field(6379, ge=1, le=65_535, examples=["6379"])

    # Falabella
    falabella_api_url: Url | None = Field(None, examples=["https://sellercenter-api.falabella.com"])
    falabella_user_id: Text | None = Field(None, examples=["ops@example.com"])
    falabella_api_key: SecretStr | None = Field(None, examples=["the key of that user in Seller Center"])
    falabella_seller_id: Text | None = Field(None, examples=["SC12345"])
    falabella_business_unit: Annotated[Literal["FACL", "FAPE", "FACO"], BeforeValidator(parse.upper)] = Field(
        "FACL", examples=["FACL"]
    )
    falabella_webhook_secret: SecretStr | None = Field(None, examples=["a long random text"])
    falabella_write_means: Annotated[WriteMeans, BeforeValidator(parse.lower)] = Field(
        WriteMeans.NET, examples=["net"]
    )
    falabella_live_means: Annotated[WriteMeans, BeforeValidator(parse.lower)] = Field(
        WriteMeans.NET, examples=["net"]
    )
    falabella_order_source: Annotated[Literal["auto", "api", "body"], BeforeValidator(parse.lower)] = Field(
        "auto", examples=["auto"]
    )
    falabella_order_mode: Annotated[
        Literal["deliver", "reserve", "sale_order"], BeforeValidator(parse.lower)
    ] = Field("deliver", examples=["deliver"])
    falabella_warehouse: Text | None = Field(None, examples=["W2"])
    falabella_locations: Annotated[tuple[str, ...], NoDecode, BeforeValidator(parse.names)] = Field(
        (), examples=["W2,WH/Stock/Shelf 1"]
    )
    falabella_facility_id: Text | None = Field(None, examples=["GSC-SC0001"])
    falabella_seller_warehouse_id: Text | None = Field(None, examples=["BODEGA-1"])
    falabella_sale_delivery: Annotated[Literal["deliver", "reserve"], BeforeValidator(parse.lower)] = Field(
        "reserve", examples=["reserve"]
    )
    falabella_sale_partner: Text | None = Field(None, examples=["FALABELLA"])
    falabella_sale_shipping_sku: Text | None = Field(None, examples=["ENVIO"])
    falabella_connect_timeout_s: Seconds = Field(5.0, examples=["5"])
    falabella_read_timeout_s: Seconds = Field(20.0, examples=["20"])
    falabella_write_timeout_s: Seconds = Field(60.0, examples=["60"])

    # Odoo
    odoo_url: Url | None = Field(None, examples=["https://mycompany.odoo.com"])
    odoo_db: Text | None = Field(None, examples=["mycompany"])
    odoo_username: Text | None = Field(None, examples=["orquestador@example.com"])
    odoo_password: SecretStr | None = Field(None, examples=["the password of that user"])
    odoo_api_key: SecretStr | None = Field(None, examples=["an API key of that user"])
    odoo_warehouse: Text | None = Field(None, examples=["WH"])
    odoo_short_stock: Annotated[Literal["record", "backorder"], BeforeValidator(parse.lower)] = Field(
        "record", examples=["record"]
    )
    odoo_sale_rounding_sku: Text | None = Field(None, examples=["REDONDEO"])
    odoo_webhook_secret: SecretStr | None = Field(None, examples=["a long random text"])
    odoo_connect_timeout_s: Seconds = Field(5.0, examples=["5"])
    odoo_read_timeout_s: Seconds = Field(15.0, examples=["15"])
    # odoo.md 7: a write may wait for the server's own retries, so it gets a minute.
    odoo_write_timeout_s: Seconds = Field(60.0, examples=["60"])
    odoo_pace: Annotated[Literal["own", "online"] | None, BeforeValidator(parse.lower)] = Field(
        None, examples=["online"]
    )
    odoo_calls_per_s: CallsPerSecond = Field(None, examples=["1"])
    odoo_in_flight: int | None = Field(None, ge=1, le=32, examples=["2"])
    odoo_batch: int = Field(50, ge=1, le=100, examples=["50"])
    odoo_accelerator: Annotated[Literal["auto", "off"], BeforeValidator(parse.lower)] = Field(
        "auto", examples=["off"]
    )

    # pace
    odoo_poll_s: Seconds | None = Field(None, examples=["30"])
    odoo_sweep_s: Seconds = Field(1800.0, examples=["1800"])
    orders_poll_s: Seconds = Field(60.0, examples=["60"])
    catalogue_poll_s: Seconds = Field(3600.0, examples=["3600"])
    reconcile_s: Seconds = Field(600.0, examples=["600"])
    feed_first_poll_s: Seconds = Field(30.0, examples=["30"])
    feed_poll_s: Seconds = Field(15.0, examples=["15"])
    hint_delays_s: Annotated[tuple[float, ...], NoDecode, BeforeValidator(parse.delays)] = Field(
        (2.0, 30.0, 150.0), examples=["2,30,150"]
    )
    stock_cache_s: float = Field(5.0, ge=0, le=600, examples=["5"])
    product_cache_s: float = Field(300.0, ge=0, le=3600, examples=["300"])

    # what is published
    stock_buffer: int = Field(0, ge=0, le=1_000_000, examples=["2"])
    stock_cap: int | None = Field(None, ge=0, le=1_000_000, examples=["50"])
    publish: Annotated[Literal["all", "none"] | tuple[str, ...], NoDecode, BeforeValidator(parse.publish)] = (
        Field("all", examples=["all"])
    )

    # brakes
    brake_listings: int = Field(10, ge=1, le=1_000_000, examples=["10"])
    brake_hour_percent: float = Field(10.0, gt=0, le=100, allow_inf_nan=False, examples=["10"])
    brake_day_percent: float = Field(30.0, gt=0, le=100, allow_inf_nan=False, examples=["30"])

    # what is kept
    log_ttl_days: Days = Field(14, examples=["14"])
    receipt_ttl_days: Days = Field(30, examples=["30"])
    order_close_days: Days = Field(180, examples=["180"])

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before `.env`; within each a value before its `*_FILE`."""
        return (
            init_settings,
            env_settings,
            SecretFilesSource(settings_cls, env_settings),
            dotenv_settings,
            SecretFilesSource(settings_cls, dotenv_settings),
        )

    @property
    def tables(self) -> Tables:
        """The accounts of `orquestador.toml`, read by `load()`."""
        return self._tables

    @property
    def production(self) -> bool:
        return (self.app_env or self.node_env) == "production"
