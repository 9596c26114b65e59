"""Subcommands of `autoflows` that are more than a few lines."""
