"""`scizor trade`: an account at the broker."""
