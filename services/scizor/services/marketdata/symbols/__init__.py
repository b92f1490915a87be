"""What is collected: the stored instruments, the built-in universe, and what the broker knows of both."""
