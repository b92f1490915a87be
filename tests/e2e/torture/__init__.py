"""Orders placed, changed and cancelled by several callers while everything around them is killed, cut and garbled."""
