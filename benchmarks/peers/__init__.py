"""Other people's engines at the same work: each file runs in an environment of its own, with that engine's releases.

`requirements-<name>.txt` is what the environment holds. None of it is a dependency of this project: `backtesting` is
AGPL, `vectorbt` has the Commons Clause.
"""
