"""What we say to people, Spanish and English side by side; a code that has no text is shown as it is.

Codes: `<finding>`, `<finding>.means`, `<finding>.do` (with `@<level>` after the finding's code where levels
differ), `reason.<code>` and `reason.<code>.do` for the reasons of work rows (with `@<kind>`), and
`<screen>.<name>` for everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orquestador.i18n import (
    accounts,
    checks,
    checks_channels,
    checks_odoo,
    checks_sales,
    decisions,
    demo,
    findings,
    migrate,
    odoo,
    plans,
    reasons,
    reasons_stock,
    reconcile,
    rules,
    screens,
    status,
)

LANGUAGES = ("es", "en")
Texts = Mapping[str, tuple[str, str]]

PARTS = (
    accounts,
    findings,
    checks,
    checks_channels,
    checks_odoo,
    checks_sales,
    reasons,
    reasons_stock,
    status,
    screens,
    decisions,
    demo,
    migrate,
    odoo,
    plans,
    rules,
    reconcile,
)
CATALOGUE: Texts = {code: words for part in PARTS for code, words in part.TEXTS.items()}


class _Facts(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "?"


def has(code: str) -> bool:
    return code in CATALOGUE


def text(lang: str, code: str, **facts: object) -> str:
    """The text of a code in `es` or `en` (any other language: English), with its facts filled in.

    An unknown code is shown itself, with its facts: something new must not be silent.
    """
    found = CATALOGUE.get(code)
    if found is None:
        return " ".join([code, *(f"{name}={value}" for name, value in facts.items())])
    shown = {name: _shown(value) for name, value in facts.items()}
    return found[0 if lang == "es" else 1].format_map(_Facts(shown))


def _shown(value: object) -> object:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    return ", ".join(str(item) for item in value)


@dataclass(frozen=True, slots=True)
class Advice:
    """One finding for a person: what, what it means, what to do. The last two may be empty."""

    title: str
    means: str = ""
    do: str = ""


def advice(lang: str, code: str, level: str, facts: Mapping[str, object]) -> Advice:
    """The words for a finding. An upstream without words of its own gets general ones (`*.unreachable`)."""
    upstream, _, rest = code.partition(".")
    tried = [f"{code}@{level}", code, f"*.{rest}@{level}", f"*.{rest}"] if rest else [f"{code}@{level}", code]
    key = next((k for k in tried if has(k)), code)
    given = {"upstream": upstream, **facts}
    if not has(key):
        return Advice(text(lang, code, **facts))
    means, do = (
        text(lang, f"{key}.{part}", **given) if has(f"{key}.{part}") else "" for part in ("means", "do")
    )
    title, channel = text(lang, key, **given), accounts.account_of(code, facts)
    if channel is None:
        return Advice(title, means, do)
    if channel not in title:
        title = f"{channel}: {title}"
    return Advice(*(accounts.said_of(channel, words) for words in (title, means, do)))


def reason(lang: str, code: str | None, kind: str = "order") -> Advice:
    """The words for a work row's reason such as `unknown_sku:SKU-9`; any other text is shown as it is."""
    if not code:
        return Advice("")
    head, _, detail = code.partition(":")
    key = next((k for k in (f"reason.{head}@{kind}", f"reason.{head}") if has(k)), None)
    if key is None:
        return Advice(code)
    shown = text(lang, key, detail=detail).rstrip(" :")
    do = text(lang, f"{key}.do", detail=detail) if has(f"{key}.do") else ""
    return Advice(shown, do=do)


def age(lang: str, seconds: float) -> str:
    """A duration in its largest unit: `40 s`, `12 min`, `3 h`, `2 d`."""
    whole = max(0, int(seconds))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if whole >= 2 * size or (size == 60 and whole >= 120):
            return f"{whole // size} {unit}"
    return f"{whole} s"
