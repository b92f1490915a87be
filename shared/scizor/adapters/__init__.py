"""Technology behind the ports: databases, files, compute. Nothing above the services knows which one is used."""
