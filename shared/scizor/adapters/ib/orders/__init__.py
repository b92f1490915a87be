"""Orders over Interactive Brokers' wire: how they leave, how what became of them is heard, and how books are asked for.

Money is text on this wire, and stays exact from there to the domain: nothing here is ever a float.
"""
