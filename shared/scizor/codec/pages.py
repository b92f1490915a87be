"""Page tokens: where a list goes on, readable only by the query it was made for.

A token is the cursor and a digest over cursor and query, as one word of URL-safe base64. The digest makes any other
query, and any change to the token, a refusal rather than a page from somewhere else. It is no secret: a cursor may only
say where to go on, never what a caller may see.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from google.protobuf.message import Message

from scizor.domain.errors import InvalidInput, Reason

# The fields of a query that may differ from page to page; the first holds the token.
PAGE_FIELDS: Final = ("page_token", "page_size")

Cursor = tuple[str | int, ...]

_DIGEST_BYTES: Final = 12


def size(asked: int, default: int, most: int) -> int:
    """How much a page holds when `asked` for so much; 0 stands for `default`."""
    return min(asked or default, most)


def encode(cursor: Cursor, query: Message, page_fields: Sequence[str] = PAGE_FIELDS) -> str:
    """The token to go on behind `cursor` in the answer to `query`."""
    payload = json.dumps(cursor, separators=(",", ":")).encode()
    return urlsafe_b64encode(_digest(payload, query, page_fields) + payload).rstrip(b"=").decode()


def decode(token: str, query: Message, page_fields: Sequence[str] = PAGE_FIELDS) -> Cursor:
    """The cursor that `encode` was given. Raises: InvalidInput PAGE_TOKEN_INVALID."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raw = b""
    digest, payload = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
    # base64 lets several spellings decode to the same bytes; only the one that was given out is good.
    is_canonical = urlsafe_b64encode(raw).rstrip(b"=").decode() == token
    if not payload or not is_canonical or digest != _digest(payload, query, page_fields):
        rule = "is not a token of this query: pass on the last answer's, and leave the other fields as they were"
        raise InvalidInput.of_field(page_fields[0], rule, Reason.PAGE_TOKEN_INVALID)
    return tuple(json.loads(payload))


def _digest(payload: bytes, query: Message, page_fields: Sequence[str]) -> bytes:
    bound = type(query)()
    bound.CopyFrom(query)
    for name in page_fields:
        bound.ClearField(name)
    asked = query.DESCRIPTOR.full_name.encode() + b"\0" + bound.SerializeToString(deterministic=True)
    return blake2b(payload, digest_size=_DIGEST_BYTES, key=blake2b(asked, digest_size=32).digest()).digest()
