"""Which account of a marketplace a channel is: hashes, so that nothing of it can be read from the store."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class AccountIdentity:
    """One seller account. `seller` and `user` are hashes of what is configured, None = nothing is."""

    kind: str
    unit: str
    """Country, where one marketplace has an account for each."""
    seller: str | None = None
    user: str | None = None

    @classmethod
    def of(cls, kind: str, unit: str, seller_id: str | None, user_id: str | None) -> AccountIdentity:
        return cls(kind, unit, _hashed("seller", seller_id), _hashed("user", user_id))

    def differs_from(self, known: AccountIdentity) -> str | None:
        """The key of the setting by which this is another account; None = the same, as far as one can tell.

        The seller decides; the user alone only where a seller's id is missing on one side, for users come
        and go.
        """
        if (self.kind, self.unit) != (known.kind, known.unit):
            return "business_unit"
        if self.seller and known.seller:
            return None if self.seller == known.seller else "seller_id"
        return "user_id" if self.user and known.user and self.user != known.user else None

    def completed_by(self, known: AccountIdentity) -> AccountIdentity:
        """With what was known before and is not configured now."""
        return replace(self, seller=self.seller or known.seller, user=self.user or known.user)


def _hashed(what: str, value: str | None) -> str | None:
    if not value or not value.strip():
        return None
    return hashlib.sha256(f"{what}:{value.strip().lower()}".encode()).hexdigest()[:32]
