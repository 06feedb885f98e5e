"""Proof of a webhook's sender: signature header, `?token=`, or the secret in the path (design §9b)."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

from orquestador.ops.auth import same

SIGNATURE_HEADER = b"x-falabella-signature"
_HEX_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(slots=True)
class Proof:
    """What a request presents. Falabella, Mercado Libre and Odoo sign nothing: their secret is in the URL."""

    header: str | None
    tokens: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return self.header is None and not self.tokens

    def holds(self, secret: str, body: bytes | None) -> bool:
        """True when any of them matches, compared in constant time; without the body no signature can."""
        if any(same(token, secret) for token in self.tokens):
            return True
        if self.header is None or not secret:
            return False
        if same(self.header, secret):
            return True
        signature = self.header.removeprefix("sha256=")
        if body is None or not _HEX_SHA256.fullmatch(signature):
            return False
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(signature.lower(), expected)


def read_proof(header: bytes | None, query: bytes, path_secret: str) -> Proof:
    """Collect what the request presents. A `+` in a token may be meant as it stands or as a space."""
    tokens = [path_secret] if path_secret else []
    if b"token=" in query:
        for pair in query.split(b"&"):
            name, _, value = pair.partition(b"=")
            if name == b"token" and value:
                text = value.decode("latin-1")
                tokens += {unquote(text), unquote_plus(text)}
    return Proof(header.decode("latin-1").strip() if header else None, tuple(tokens))
