"""How fast orders leave, and what stands in their way."""
