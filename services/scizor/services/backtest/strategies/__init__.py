"""Strategies as things that are kept: found, stored, changed, checked.

`catalog.py` has the use cases and `builtin.py` what came with the system; `declared.py` reads parameters off a class
and holds a caller's values against them. What is uploaded runs in a locked process only: `hosting.py` asks one,
`turns.py` says who is next, `answers.py` is how questions and answers travel. `checking.py` looks for mistakes,
`calls.py` speaks the wire.
"""
