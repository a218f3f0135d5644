"""Devices, threads and random numbers while a training runs; all of it is put back afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from vitrina.errors import VitrinaError
from vitrina.kernels.threads import n_threads

_KINDS = ("cuda", "mps", "cpu")  # fastest first


def pick_device(wanted: str = "auto", able: Sequence[str] = _KINDS) -> torch.device:
    """Return the device to train on; ``auto`` is the fastest one here that the model is ``able`` to use.

    Raises ``VitrinaError`` when the wanted one does not exist here. A model that is not able to use it trains on the CPU.
    """
    here = [kind for kind in _KINDS if _is_here(kind)]
    if wanted == "auto":
        return torch.device(next(kind for kind in here if kind in able or kind == "cpu"))
    try:
        device = torch.device(wanted)
    except RuntimeError:
        device = torch.device("meta")
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    if device.type not in here or (device.index or 0) >= count:
        raise VitrinaError(f"there is no device {wanted!r} here. Known: auto, {', '.join(here)}.")
    return device if device.type in able else torch.device("cpu")


def _is_here(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.is_available()
    return kind == "cpu" or torch.backends.mps.is_available()


@contextmanager
def controlled(device: torch.device) -> Iterator[None]:
    """Train with ``VITRINA_THREADS`` threads, reproducible operations on CPU, and leave the global random numbers alone."""
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    memory: Any = torch.utils.deterministic
    fill = memory.fill_uninitialized_memory
    numbered = [] if device.type == "cpu" else [device.index or 0]
    try:
        torch.set_num_threads(n_threads())
        if device.type == "cpu":
            torch.use_deterministic_algorithms(True, warn_only=True)
            memory.fill_uninitialized_memory = False  # costs time, and nothing here reads such memory
        with torch.random.fork_rng(numbered, device_type=device.type if numbered else "cuda"):
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode(mode)
        memory.fill_uninitialized_memory = fill


class Randomness:
    """The random numbers of a training: an own generator for order and samples, the global one for layers (dropout).

    Both are seeded anew by (seed, epoch): what an epoch draws depends on nothing before it, validation least of all.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self._seed = seed
        self._device = device
        self.generator = torch.Generator(device)

    def begin(self, epoch: int) -> None:
        """Seed for ``epoch``."""
        base = (self._seed * 0x9E3779B97F4A7C15 + epoch * 0xD1342543DE82EF95) % 2**63
        self.generator.manual_seed(base)
        torch.manual_seed(base ^ 0x632BE59BD9B4E019)  # on all devices

    def state(self) -> dict[str, torch.Tensor]:
        """Return the state of all generators, uint8."""
        states = {"own": self.generator.get_state(), "global": torch.get_rng_state()}
        if self._device.type == "cuda":
            states["device"] = torch.cuda.get_rng_state(self._device)
        elif self._device.type == "mps":
            states["device"] = torch.mps.get_rng_state()
        return states

    def restore(self, states: dict[str, torch.Tensor]) -> None:
        """Go on from a saved state."""
        self.generator.set_state(states["own"])
        torch.set_rng_state(states["global"])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(states["device"], self._device)
        elif self._device.type == "mps":
            torch.mps.set_rng_state(states["device"])
