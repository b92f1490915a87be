"""The account behind the gateway: orders, executions, positions and cash, kept on disk before anyone is told."""
