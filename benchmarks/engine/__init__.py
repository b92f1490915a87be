"""The engine beside other engines and beside bare loops, at the same work on the same bars."""
