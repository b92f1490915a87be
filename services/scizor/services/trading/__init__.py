"""The Trading service: orders that are neither lost nor doubled, risk that is not walked around, strategies at work."""
