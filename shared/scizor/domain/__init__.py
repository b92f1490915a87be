"""The values SCIZOR is about: instruments, bars, sessions, rules and errors.

Numbers and names only: no wire, no storage, no clock.
"""
