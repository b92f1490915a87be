"""Stored bars as they are read: a page, a stream, the newest; on one scale where that is asked for."""
