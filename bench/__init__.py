"""Measurements of the whole product on one machine: `make bench`. Figures are compared as ratios within one run, never asserted."""
