"""Settings and fixtures shared by all tests."""

from hypothesis import settings

# The first call of a kernel compiles it, which no deadline foresees.
settings.register_profile("vitrina", deadline=None, print_blob=True)
settings.load_profile("vitrina")
