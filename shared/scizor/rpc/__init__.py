"""Everything a gRPC server needs besides its use cases: one way to receive, to refuse, to be watched and to stop."""
