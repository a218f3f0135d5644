"""Checkpoints: one safetensors file with weights and the optimiser's state, and the counters as JSON in its header.

A file is written under another name and renamed, so that a kill at any moment leaves the old one or the new one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save, save_file
from torch import Tensor

from vitrina.data.files import atomic_file
from vitrina.errors import VitrinaError

Tensors = dict[str, Tensor]

_COUNTERS = "counters"


class Checkpoint:
    """The last state of one training, at ``path``; ``identity`` tells it from every other training."""

    def __init__(self, path: Path, identity: str) -> None:
        self.path = path
        self._identity = identity
        for left_over in path.parent.glob(f".{path.name}.*.part"):  # of a process that was killed while writing
            left_over.unlink(missing_ok=True)

    def save(self, tensors: Mapping[str, Tensor], counters: Mapping[str, Any]) -> None:
        """Replace the checkpoint; raises ``VitrinaError`` when it cannot be written."""
        own, text = _apart(tensors), json.dumps(counters)
        header = {"identity": self._identity, "counters": text, "checksum": _checksum(own, text)}
        with atomic_file(self.path) as part:
            try:
                save_file(own, part, metadata=header)
            except SafetensorError as error:  # how a full disk is reported
                raise OSError(str(error)) from error

    def load(self) -> tuple[Tensors, dict[str, Any]] | None:
        """Return tensors (on the CPU) and counters, or None when there is no checkpoint yet.

        Raises ``VitrinaError`` when the file is damaged or of another training.
        """
        if not self.path.is_file():
            return None
        try:
            with safe_open(self.path, "pt") as file:
                header = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if header["checksum"] != _checksum(tensors, header["counters"]):
                raise ValueError("its checksum is wrong")
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise VitrinaError(f"{self.path} is damaged ({error}). Remove it to train from the start.") from None
        if header["identity"] != self._identity:
            differences = _differences(header["identity"], self._identity)
            raise VitrinaError(
                f"{self.path} is a checkpoint of another training, of {_name(header['identity'])}. It differs in: {differences}. "
                "Give what was given then, or remove it to train from the start."
            )
        return tensors, json.loads(header["counters"])


def _name(identity: str) -> str:
    """What is trained on what, without the plan."""
    return identity.partition(" (")[0]


def _differences(there: str, here: str) -> str:
    """Name the parts in which two identities differ, each once."""
    old, new = (dict.fromkeys(re.split(r"[,()]\s*", identity)) for identity in (there, here))
    left, right = (", ".join(part for part in one if part and part not in other) for one, other in ((old, new), (new, old)))
    return f"{left or 'nothing more'} there, {right or 'nothing more'} here"


def _checksum(tensors: Mapping[str, Tensor], counters: str) -> str:
    digest = blake2b(counters.encode(), digest_size=16)
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _apart(tensors: Mapping[str, Tensor]) -> Tensors:
    """Bring tensors to the CPU; those that share memory (tied weights) are copied, which the format demands."""
    seen: set[int] = set()
    ready: Tensors = {}
    for name, tensor in tensors.items():
        own = tensor.detach().cpu().contiguous()
        if own.numel() and own.untyped_storage().data_ptr() in seen:
            own = own.clone()
        seen.add(own.untyped_storage().data_ptr())
        ready[name] = own
    return ready


def packed(tensors: Mapping[str, Tensor], counters: Mapping[str, Any]) -> bytes:
    """Write the same in memory, for other processes of the training."""
    text = torch.frombuffer(bytearray(json.dumps(counters).encode()), dtype=torch.uint8)
    return bytes(save({**_apart(tensors), _COUNTERS: text}))


def unpacked(content: bytes) -> tuple[Tensors, dict[str, Any]]:
    """Read what ``packed`` wrote."""
    tensors = load(content)
    return tensors, json.loads(tensors.pop(_COUNTERS).numpy().tobytes())


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """Put ``prefix/`` before every name."""
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def under(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """Undo ``prefixed``: the tensors below a prefix, without it."""
    return {name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}/")}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> Tensors:
    """Return what an optimiser remembers, named ``parameter number/name``."""
    states = optimiser.state_dict()["state"]
    return {
        f"{number}/{name}": value
        for number, state in states.items()
        for name, value in state.items()
        if isinstance(value, Tensor)
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser back what ``optimiser_tensors`` returned."""
    states: dict[int, Tensors] = {}
    for key, tensor in tensors.items():
        number, name = key.split("/", 1)
        states.setdefault(int(number), {})[name] = tensor
    optimiser.load_state_dict({"state": states, "param_groups": optimiser.state_dict()["param_groups"]})
