"""Devices, threads and random numbers while a training runs; all of it is put back afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from hashlib import blake2b

import torch

from vitrina.errors import VitrinaError
from vitrina.kernels.threads import n_threads

_KINDS = ("cuda", "mps", "cpu")  # fastest first
_NO_MEMORY = ("out of memory", "DefaultCPUAllocator")  # of CUDA and MPS; of the CPU


def pick_device(wanted: str = "auto", able: Sequence[str] = _KINDS) -> torch.device:
    """Return the device to train on; ``auto`` is the fastest one here that the model is ``able`` to use.

    Raises ``VitrinaError`` when the wanted one does not exist here. A model that is not able to use it trains on the CPU.
    """
    here = [kind for kind in _KINDS if _is_here(kind)]
    if wanted == "auto":
        return torch.device(next(kind for kind in here if kind in able or kind == "cpu"))
    kind, _, index = wanted.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if kind not in here or not (index or "0").isdecimal() or int(index or 0) >= count:
        raise VitrinaError(f"there is no device {wanted!r} here. Known: auto, {', '.join(here)}.")
    return torch.device(wanted if kind in able else "cpu")


def _is_here(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.is_available()
    return kind == "cpu" or torch.backends.mps.is_available()


@contextmanager
def controlled(device: torch.device) -> Iterator[None]:
    """Train with ``VITRINA_THREADS`` threads, reproducible operations on CPU, and leave the global random numbers alone."""
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    fill = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    try:
        torch.set_num_threads(n_threads())
        if device.type == "cpu":
            torch.use_deterministic_algorithms(True, warn_only=True)
            torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # nothing reads it
        own_numbers = torch.random.fork_rng([device.index or 0] if device.type == "cuda" else [])
        with own_numbers, _unchecked():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode(mode)
        torch.utils.deterministic.fill_uninitialized_memory = fill  # type: ignore[attr-defined]


def out_of_memory(error: RuntimeError) -> bool:
    """Say whether PyTorch means that memory ran out."""
    return any(text in str(error) for text in _NO_MEMORY)


@contextmanager
def memory_errors(device: torch.device) -> Iterator[None]:
    """Raise ``VitrinaError`` where PyTorch runs out of memory, which it reports in its own ways: a failure, not a crash."""
    try:
        yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise VitrinaError(
            f"the memory of {device} ran out in training. Use a smaller batch, fewer factors or smaller layers, or, where the "
            "model has them, sampled items instead of all."
        ) from None


def _unchecked() -> AbstractContextManager[None]:
    """Sparse gradients without checks: torch warns unless told so."""
    found: AbstractContextManager[None] = torch.sparse.check_sparse_tensor_invariants(False)  # type: ignore[no-untyped-call]
    return found


class Randomness:
    """The random numbers of a training: ``generator`` for order and samples, the global one for layers (dropout).

    Both are seeded anew for every epoch's order and for every step, by the training's seed and their number: what a step
    draws depends on nothing before it, so no state of a generator need be kept to go on from the middle of an epoch.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self._seed = seed
        # torch.manual_seed takes note of where it was called from, for accelerators that may come: ten times as long.
        self._seed_layers = torch.default_generator.manual_seed if device.type == "cpu" else torch.manual_seed
        # Where float64 is missing samples are drawn on the CPU.
        self.generator = torch.Generator("cpu" if device.type == "mps" else device)

    def begin(self, what: str, number: int) -> None:
        """Seed for one order or step."""
        seed = self._seed_of(what, number)
        self.generator.manual_seed(seed)
        self._seed_layers(seed ^ 0x632BE59BD9B4E019)

    def fresh(self, what: str, number: int) -> torch.Generator:
        """Return a generator of its own for one order or step, which draws what ``generator`` would."""
        return torch.Generator(self.generator.device).manual_seed(self._seed_of(what, number))

    def _seed_of(self, what: str, number: int) -> int:
        return int.from_bytes(blake2b(f"{self._seed}/{what}/{number}".encode(), digest_size=8).digest())
