"""The programs of the platform: each service, the edge in front of them, and the local stack that runs them all."""
