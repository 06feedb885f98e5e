"""What differs from country to country: one seller account is of one (falabella.md 1.1, 2.1)."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Country:
    """A business unit. `operator` is how bodies name it, `code` how addresses do."""

    unit: str
    operator: str
    zone: ZoneInfo
    currency: str
    code: str
    city: str
    region: str

    def local_text(self, at: float) -> str:
        """An instant as bodies print it: local to the country, without an offset (falabella.md 2.1)."""
        return datetime.fromtimestamp(at, self.zone).strftime("%Y-%m-%d %H:%M:%S")


COUNTRIES = {
    country.unit: country
    for country in (
        Country("FACL", "facl", ZoneInfo("America/Santiago"), "CLP", "CL", "Santiago", "Metropolitana"),
        Country("FAPE", "fape", ZoneInfo("America/Lima"), "PEN", "PE", "Lima", "Lima"),
        Country("FACO", "faco", ZoneInfo("America/Bogota"), "COP", "CO", "Bogotá", "Cundinamarca"),
    )
}
