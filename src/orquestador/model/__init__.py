"""Pure values and rules: no I/O, no clock, no randomness.

Instants are floats, seconds since the Unix epoch in UTC; quantities are whole units.
"""
