"""What the gateway does for each request; one module for each part of the protocol, one table for all."""
