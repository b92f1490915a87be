"""The whole stack on one machine, under one supervisor: `python -m scizor.services.local up`.

`settings.py` what may be chosen, `specs.py`, `plan.py` and `cluster.py` what is to run, `child.py` and `database.py`
one running thing each, `supervisor.py` keeps them running, `state.py` what others may know about it, `control.py`
stops and asks from outside.
"""
