"""The one error tree.

OrquestadorError
|- InvalidSetting            a setting cannot be used; the start stops
|- StoreUnavailable          the journal cannot commit right now
|  `- StoreUnsuitable        nor later: a person must act
|     `- StoreUnfinished     the database holds a migration that was begun and not finished
|- StoreLocked               another serving process owns this data folder
|- ChannelRefused            a channel with history is gone, or another account; the start stops
|- MigrationRefused          a journal cannot be moved to another store
`- UpstreamError             an outside system did not do what we asked
   |- Unavailable            network, 5xx, open circuit: not about *this* order or listing; costs no attempt
   |  `- RateLimited         the same, and the upstream said so (or until when)
   |- AuthRefused            our credentials or rights are refused: the flow stops and a person is told
   |  `- AccessDenied        the right for this call is missing, or one of its records is not ours
   |- Ambiguous              a write may or may not have happened: ask before writing again
   `- Rejected               a definitive no about this record; repeating it changes nothing
"""

from __future__ import annotations


class OrquestadorError(Exception):
    """Something in orquestador went wrong."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or (self.__doc__ or "").strip())

    @property
    def detail(self) -> str:
        return str(self.args[0])


class InvalidSetting(OrquestadorError):
    """A setting cannot be used."""

    def __init__(self, name: str, problem: str, example: str) -> None:
        self.name, self.problem, self.example = name, problem, example
        super().__init__(f"{name}: {problem} (example: {name}={example})")


class StoreUnavailable(OrquestadorError):
    """The journal cannot commit right now; nothing was acknowledged."""


class StoreUnsuitable(StoreUnavailable):
    """The store is there and cannot be used as it is: waiting changes nothing, a person must act."""


class StoreLocked(OrquestadorError):
    """Another serving process owns this data folder."""


class StoreUnfinished(StoreUnsuitable):
    """The database holds a migration that was begun and not finished: nobody may work on it."""

    def __init__(self, database: str, origin: str, begun_at: float) -> None:
        self.database, self.origin, self.begun_at = database, origin, begun_at
        super().__init__(
            f"The database {database} holds an unfinished copy of the journal {origin}. Finish it with "
            f"`orquestador migrate-store` there, which goes on where it was, or drop this database."
        )


class ChannelRefused(OrquestadorError):
    """A channel that has history is no longer configured, or is another account now. `code` is for the words
    of the person's language; `by` is the key of the setting that differs."""

    def __init__(self, code: str, channel: str, by: str | None = None) -> None:
        self.code, self.channel, self.by = code, channel, by
        why = f"is another account now (by its {by})" if by else "is no longer configured"
        super().__init__(f"The channel {channel} has history and {why}; see docs/accounts.md.")

    @property
    def facts(self) -> dict[str, object]:
        return {"channel": self.channel, "by": self.by or ""}


class MigrationRefused(OrquestadorError):
    """A journal cannot be moved to another store. `code` and `facts` are for the words of the person's
    language."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code, self.facts = code, facts
        super().__init__(" ".join([code, *(f"{name}={value}" for name, value in facts.items())]))


class UpstreamError(OrquestadorError):
    """An outside system did not do what we asked."""


class Unavailable(UpstreamError):
    """The upstream as a whole cannot be reached or answers with its own failure."""


class RateLimited(Unavailable):
    """The upstream asked us to slow down."""

    def __init__(self, detail: str | None = None, *, retry_at: float | None = None) -> None:
        super().__init__(detail)
        self.retry_at = retry_at


class AuthRefused(UpstreamError):
    """The upstream refuses our credentials or rights."""


class AccessDenied(AuthRefused):
    """The right for this call is missing, or one of its records is somebody else's; nobody says which."""


class PlaceRefused(AuthRefused):
    """One warehouse or location that is not there, not ours to see, or not safe as it is set up; the others
    are well."""


class Ambiguous(UpstreamError):
    """A write may or may not have happened."""


class Rejected(UpstreamError):
    """The upstream definitively refuses this record."""

    def __init__(self, detail: str | None = None, *, code: str = "rejected") -> None:
        super().__init__(detail)
        self.code = code
