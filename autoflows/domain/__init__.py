"""The rules, pure: no clock, no IO, no environment, no randomness. Everything a function needs is an argument."""
