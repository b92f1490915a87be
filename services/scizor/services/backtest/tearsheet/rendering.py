"""From material to a file. Drawing takes a second or so, and matplotlib 60 MB: it is loaded where it is called."""

from __future__ import annotations

from typing import Final

from scizor.services.backtest.tearsheet.material import Document, Format, Material

_KINDS: Final = {
    Format.HTML: ("text/html; charset=utf-8", "html", True),
    Format.PNG: ("image/png", "png", True),
    Format.JSON: ("application/json", "json", True),
    Format.CSV: ("application/zip", "csv.zip", False),
    Format.PARQUET: ("application/zip", "parquet.zip", False),
}


def render(_: None, material: Material, kind: Format) -> Document:
    """The file of a kind. As `ports.compute` has it, the first argument is the data that all share: there is none."""
    content_type, suffix, inline = _KINDS[kind]
    return Document(_content(material, kind), content_type, f"backtest-{material.job.id}.{suffix}", inline)


def _content(material: Material, kind: Format) -> bytes:
    if kind in {Format.HTML, Format.PNG}:
        from scizor.services.backtest.tearsheet import page, picture  # noqa: PLC0415 - see the module's docstring

        return page.html_page(material) if kind is Format.HTML else picture.png_page(material)
    from scizor.services.backtest.tearsheet import export  # noqa: PLC0415 - as above

    writers = {Format.JSON: export.as_json, Format.CSV: export.as_csv, Format.PARQUET: export.as_parquet}
    return writers[kind](material)
