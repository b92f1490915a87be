"""Rows that come in: gathered within bounds, judged, and the good ones stored as bars, all or nothing."""
