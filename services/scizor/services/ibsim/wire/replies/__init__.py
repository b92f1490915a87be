"""What the gateway answers: each function is one message, and returns its payload for a client's version."""
