"""What the demo tells."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from scizor.client.cli.tables import show


class Story:
    """Chapters told so far: printed as they happen, or kept for one JSON document."""

    def __init__(self, *, silent: bool) -> None:
        self.document: dict[str, Any] = {}
        self.silent = silent
        self._chapters = 0

    def tell(self, title: str, *what: Any) -> None:
        """Print a chapter."""
        self._chapters += 1
        if not self.silent:
            show(Text(f"\n{self._chapters}. {title}", style="bold cyan"), *what)

    def keep(self, name: str, value: Any) -> None:
        """Put into the document."""
        self.document[name] = value
