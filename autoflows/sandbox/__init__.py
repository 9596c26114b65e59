"""A world to run against: local servers that speak the providers' real protocols, with outcomes, delays and faults.

It knows nothing of our adapters: both sides are written from the vendors' documents, so that one can find the other's mistakes.
See docs/sandbox.md.
"""
