"""How the commands connect and print."""

from __future__ import annotations

import json
import os
from typing import Any

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from scizor.client.channel import address_from_environment
from scizor.client.sync import Client


def connect() -> Client:
    """A client of the address that the environment names."""
    return Client(address_from_environment(os.environ))


def print_json(document: Message | dict[str, Any]) -> None:
    """One document on a line of standard output; a message as its protobuf JSON mapping, the same as over REST."""
    typer.echo(json.dumps(document if isinstance(document, dict) else as_document(document)))


def as_document(message: Message) -> dict[str, Any]:
    """A message as its protobuf JSON mapping: camelCase names, 64-bit numbers as texts, nothing left out."""
    return MessageToDict(message, always_print_fields_with_no_presence=True)
