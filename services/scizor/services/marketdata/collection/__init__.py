"""Collections: durable jobs that ask the broker for the sessions that are lacking, and store what it answers."""
