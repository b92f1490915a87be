"""Between the wire and the domain: messages become values and values messages, and nothing else happens here."""
