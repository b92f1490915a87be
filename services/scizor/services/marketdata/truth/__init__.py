"""What is there, what is missing and what looks wrong; when exchanges trade, and whether the service can work."""
