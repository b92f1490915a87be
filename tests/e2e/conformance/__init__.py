"""One script that every client of the TWS API must complete against the gateway simulator."""
