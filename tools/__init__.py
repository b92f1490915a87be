"""Commands for people who change SCIZOR; nothing here is installed or run by a service."""
