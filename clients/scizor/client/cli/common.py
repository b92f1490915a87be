"""How the commands connect and print."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from scizor.client.channel import address_from_environment
from scizor.client.errors import CallError
from scizor.client.sync import Client

_ANSWERS_DEADLINE_S = 15.0
_ANSWER_DEADLINE_S = 2.0
_POLL_S = 0.05


def connect() -> Client:
    """A client of the address that the environment names."""
    return Client(address_from_environment(os.environ))


def wait_until_answers() -> None:
    """Wait until every service answers: an edge that has just begun knows of none yet. Raises CallError."""
    give_up = time.monotonic() + _ANSWERS_DEADLINE_S
    with connect() as client:
        impatient = client.within(_ANSWER_DEADLINE_S)
        while True:
            try:
                impatient.health()
                impatient.backtests.list(limit=1)
                return
            except CallError as error:
                if not error.may_pass or time.monotonic() > give_up:
                    raise
            time.sleep(_POLL_S)


def print_json(document: Message | dict[str, Any]) -> None:
    """One document on standard output; a message as its protobuf JSON mapping, the same as over REST."""
    typer.echo(json.dumps(document if isinstance(document, dict) else as_document(document), indent=2))


def as_document(message: Message) -> dict[str, Any]:
    """A message as its protobuf JSON mapping: camelCase names, 64-bit numbers as texts, nothing left out."""
    return MessageToDict(message, always_print_fields_with_no_presence=True)
