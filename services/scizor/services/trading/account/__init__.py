"""What an account is worth: live prices, positions and their profit, equity over time, and how a strategy has fared."""
