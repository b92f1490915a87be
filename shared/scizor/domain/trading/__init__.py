"""What is true of live trading, whoever the broker is: orders and their events, executions, positions, risk."""
