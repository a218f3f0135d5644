"""Settings and fixtures shared by all tests."""

import os

from hypothesis import settings

# What is tested is the same on every machine; tests of accelerators name theirs.
os.environ.setdefault("VITRINA_DEVICE", "cpu")

# The first call of a kernel compiles it, which no deadline foresees.
settings.register_profile("vitrina", deadline=None, print_blob=True)
settings.load_profile("vitrina")
