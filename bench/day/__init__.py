"""A seller's day on a marketplace with few stock calls, simulated: who shows what she no longer has?"""
