"""Sizes of galleries for tests that need enough to measure, yet less than the whole one."""

from typing import Any

WORLD: dict[str, Any] = {"n_users": 600, "n_works": 1000}
MIDDLE: dict[str, Any] = {**WORLD, "likes_per_user": 42.0, "sales_per_user": 1.2}
