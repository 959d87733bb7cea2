"""Checking a gradient that was derived by hand: is it right, and if not, which step is wrong."""
