"""What holds for every test: reproducible property runs."""

from hypothesis import HealthCheck, settings

# No deadline per example: the machine is shared, and a slow example is no wrong one. A failure prints the
# blob that repeats it, so that the seed can be kept next to the test.
settings.register_profile(
    "orquestador", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("orquestador")
