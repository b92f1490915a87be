"""A gateway that speaks the TWS API: the broker that is there when no other is.

It speaks the wire protocol and keeps the gateway's rules; its market is real bars under their own dates and, where
there are none, seeded synthetic ones that are labelled as such in every contract it describes.
"""
