"""What the use cases need from the outside, as protocols. An adapter gives it; a hand-made fake gives it to tests."""
