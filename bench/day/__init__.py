"""A seller's day on a marketplace that accepts few stock calls, simulated: who shows what she no longer has?"""
