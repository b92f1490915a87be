"""The wire's side of trading: decode, call, encode."""
