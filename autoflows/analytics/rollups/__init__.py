"""The figures that pages read: kept from what changes, a few seconds behind, and provably equal to a count of the rows.

`facts.py` says what is counted, `merge.py` adds it up, `fold.py` adds what changed, `keep.py` does so for ever,
`rebuild.py` makes it anew and compares.
"""
