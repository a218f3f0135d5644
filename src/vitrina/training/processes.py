"""Several processes that train one model: each takes its share of every batch, and all hold the same weights.

``torchrun`` starts them and tells each by environment variables who it is. The gradient of a batch is the sum of those of the
shares, each weighted by its size, so it is that of the whole batch; the sums are the same in all processes bit for bit, and so
is everything that follows from them. The first process alone validates, reports and writes.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import TYPE_CHECKING

from vitrina.errors import VitrinaError

if TYPE_CHECKING:
    from torch import Tensor, nn

#: How long one waits for another: longer than any validation takes.
_PATIENCE = timedelta(hours=2)


@dataclass(frozen=True)
class Processes:
    """This process, number ``rank`` of ``count``; ``local`` is its number on this machine."""

    rank: int = 0
    count: int = 1
    local: int = 0

    @staticmethod
    def here() -> Processes:
        """Read what ``torchrun`` says; without it there is one process."""
        if "MASTER_ADDR" not in os.environ:  # a cluster may set the others for purposes of its own
            return Processes()
        rank, count, local = (int(os.environ.get(name, alone)) for name, alone in _VARIABLES.items())
        return Processes(rank, count, local)

    @property
    def first(self) -> bool:
        """Whether this is the process that validates, reports and writes."""
        return self.rank == 0

    def device(self, wanted: str) -> str:
        """Return the device of this process: with several, each has an accelerator of its own.

        Raises ``VitrinaError`` where all are told to take the same one.
        """
        if wanted.startswith("cuda:") and self.count > 1:
            raise VitrinaError(f"several processes cannot share {wanted}: set VITRINA_DEVICE to cuda, one GPU each, or to cpu.")
        return f"cuda:{self.local}" if wanted == "cuda" and self.count > 1 else wanted

    def connect(self) -> None:
        """Meet the others, unless that was done; ends with the program."""
        if self.count == 1:
            return
        import torch
        import torch.distributed as dist

        if dist.is_initialized():
            return
        with _in_words():
            dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=_PATIENCE)
        atexit.register(dist.destroy_process_group)

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Let the first process do something before the others do it."""
        if not self.first:
            self.number_of_first(0.0)
        yield
        if self.first and self.count > 1:
            self.number_of_first(0.0)

    def share(self, batch: Tensor) -> Tensor:
        """Return the samples of a batch that are this process's; there may be none."""
        return batch if self.count == 1 else batch[self.rank :: self.count]

    def add_up(self, module: nn.Module, loss: Tensor) -> Tensor:
        """Replace all gradients of ``module`` by their sums over processes, and return the sum of ``loss``.

        A parameter without a gradient in all processes stays without. Sparse gradients become dense ones.
        """
        import torch
        import torch.distributed as dist

        if self.count == 1:
            return loss
        parameters = [p for p in module.parameters() if p.requires_grad]
        here = [p.grad is not None for p in parameters]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad.to_dense() for p in parameters]
        kind = reduce(torch.promote_types, (g.dtype for g in gradients), torch.float32)
        counts = torch.tensor(here, dtype=kind, device=loss.device)
        together = torch.cat([part.to(kind).flatten() for part in (loss, counts, *gradients)])
        carried = together.cpu() if together.device.type == "mps" else together
        with _in_words():
            dist.all_reduce(carried)
        loss, counts, *sums = torch.split(carried.to(together.device), [1, len(here), *(g.numel() for g in gradients)])
        somewhere = here if all(here) else counts.tolist()  # looking makes an accelerator wait
        for parameter, total, found in zip(parameters, sums, somewhere, strict=True):
            parameter.grad = total.view_as(parameter).to(parameter.dtype) if found else None
        return loss[0]

    def number_of_first(self, value: float) -> float:
        """Return the ``value`` that the first process gives."""
        import torch

        return float(self._of_first(torch.tensor([value], dtype=torch.float64)))

    def bytes_of_first(self, content: bytes) -> bytes:
        """Return the ``content`` that the first process gives."""
        import torch

        length = int(self._of_first(torch.tensor([len(content)])))
        buffer = bytearray(content) if self.first else bytearray(length)
        return self._of_first(torch.frombuffer(buffer, dtype=torch.uint8)).numpy().tobytes()

    def _of_first(self, tensor: Tensor) -> Tensor:
        import torch.distributed as dist

        if self.count > 1:
            with _in_words():
                dist.broadcast(tensor, src=0)
        return tensor


#: Variables of ``torchrun`` with what they are without it.
_VARIABLES = {"RANK": 0, "WORLD_SIZE": 1, "LOCAL_RANK": 0}


@contextmanager
def _in_words() -> Iterator[None]:
    """Say what a broken connection means: the process that broke it has told why. Out of memory is another matter."""
    from vitrina.training.devices import out_of_memory

    try:
        yield
    except RuntimeError as error:
        if out_of_memory(error):
            raise
        reason = str(error).partition("\n")[0]
        raise VitrinaError(f"another process of this training has ended; what it said tells why ({reason}).") from error
