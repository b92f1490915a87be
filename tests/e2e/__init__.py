"""The whole system, run and called the way its users do."""
