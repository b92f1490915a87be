"""The tearsheet: one backtest on one page, and its data as files.

`material.py` is what storage knows of a backtest, `view.py` what is drawn of it. `page.py` makes one HTML file that
needs nothing beside it, `picture.py` one PNG by the same charts, `export.py` JSON, CSV and Parquet. `rendering.py` is
the door: light to import, and called in a process of its own, for drawing takes a second of computing.

The same result gives the same bytes: nothing here knows the time.
"""
