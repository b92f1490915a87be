"""The order path of an account: checked, journalled, sent, and followed to its end."""
