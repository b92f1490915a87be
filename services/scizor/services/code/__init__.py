"""Strategies as what they declare: those that came with the system, and stored ones, told without running them."""
