"""The trainer: epochs of mini-batches, the best weights kept, every moment resumable.

A model brings a module, a number of samples and ``step(samples, moment) -> loss``: ``samples`` are the numbers of a batch's
samples, int64 on the device, and the loss is their mean. What a sample is (an event, a user, a session), where its data lie
and which negatives it meets is the model's affair; all that it draws comes from ``moment.generator``. A model may bring the same
steps ``compiled``, several in one call.

On the CPU two trainings from one seed, with the same number of threads, end with the same weights bit for bit, whether or not
one of them was killed in between.

Under ``torchrun`` several processes train together, see ``vitrina.training.processes``: each calls ``step`` with its share of
the batch. What a step draws is drawn by each process for itself, from seeds of its own; so the result depends on the number of
processes, and only where nothing is drawn it is that of one process up to rounding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

import torch
from torch import Tensor, nn

from vitrina.errors import VitrinaError
from vitrina.training.checkpoints import (
    Checkpoint,
    Tensors,
    optimiser_tensors,
    packed,
    prefixed,
    restore_optimiser,
    under,
    unpacked,
)
from vitrina.training.devices import Randomness, controlled, memory_errors, pick_device
from vitrina.training.optimisers import Groups, make_optimiser, set_rate
from vitrina.training.outcome import Curve, Outcome, Standing
from vitrina.training.plan import Compiled, Moment, Plan
from vitrina.training.processes import Processes
from vitrina.training.session import Session, current

Step = Callable[[Tensor, Moment], Tensor]

_EXPLODED = 1e4  # times the first loss
_HUGE = 1e10  # no weight of a model that means anything; the square of its square is no float32 any more
_CHECKED = 50  # steps between looks at the loss where looking makes an accelerator wait
_REPORTED = 0.5  # seconds between reports


def train(
    module: nn.Module,
    n_samples: int,
    step: Step,
    plan: Plan,
    *,
    validate: Callable[[], float] | None = None,
    groups: Groups | None = None,
    compiled: Compiled | None = None,
    devices: tuple[str, ...] = ("cuda", "mps", "cpu"),
) -> Outcome:
    """Train ``module`` in place and leave it with the best weights, in evaluation mode.

    ``validate`` returns the value to maximise (NaN: no value); ``groups`` gives parameters settings of their own; ``compiled``
    are the same steps for the CPU where no other process shares them; ``devices`` are those the model can use. Device,
    checkpoints and progress come from the session (``vitrina.training.session``). An exploding loss ends the training with the
    last good weights and a message in the outcome; nothing is raised. Where memory runs out, ``VitrinaError`` is.
    """
    if n_samples < 1:
        raise VitrinaError("there is nothing to train on: no samples.")
    session = current()
    session.started += 1
    processes = Processes.here()
    device = pick_device(processes.device(str(pick_device(session.device, devices))), devices)
    processes.connect()
    with controlled(device), memory_errors(device):
        outcome = _Training(module, n_samples, step, plan, validate, groups, compiled, session, device, processes).run()
    session.outcomes.append(outcome)
    return outcome


@dataclass
class _Counters:
    """Where a training stands, as it is written to checkpoints."""

    epoch: int = 1  # the present one
    step: int = 0  # steps made in it
    total: int = 0  # steps made in all epochs
    loss: float = 0.0  # summed over the samples of the epoch so far
    seconds: float = 0.0  # spent in the epoch so far
    first_loss: float | None = None
    best: float | None = None
    kept: int = 0  # the epoch whose weights are kept
    without_gain: int = 0
    finished: bool = False
    message: str = ""
    scaler: dict[str, Any] = field(default_factory=dict)
    curve: dict[str, Any] = field(default_factory=lambda: asdict(Curve()))


class _Training:
    def __init__(
        self, module: nn.Module, n_samples: int, step: Step, plan: Plan, validate: Callable[[], float] | None,
        groups: Groups | None, compiled: Compiled | None, session: Session, device: torch.device, processes: Processes,
    ) -> None:  # fmt: skip
        self.module = module.to(device)
        self.n_samples, self.step, self.plan, self.validate = n_samples, step, plan, validate
        self.session, self.device, self.processes = session, device, processes
        self.optimiser = make_optimiser(plan, module, groups, device)
        scaled = device.type == "cuda" and plan.precision == "float16"
        self.scaler = torch.amp.GradScaler(device.type, enabled=scaled)
        self.random = Randomness(plan.seed, device)
        self.drawn_here = f"step of process {processes.rank}" if processes.rank else "step"  # what the seeds of steps are of
        self.steps_per_epoch = -(-n_samples // plan.batch_size)
        self.compiled = compiled if device.type == "cpu" and processes.count == 1 else None
        self.now = _Counters()
        self.kept = self._weights(copy=True)
        self.checkpoint = self._checkpoint()
        self._started = self._saved = self._reported = time.perf_counter()
        self._steps_here = 0  # without those of an earlier process, which had another pace

    def run(self) -> Outcome:
        self._resume()
        self._agree()
        self._look_at_start()
        while not self.now.finished:
            self._epoch()
        self._save(always=True)
        self.module.load_state_dict(self.kept)
        self.module.eval()
        return Outcome(self.now.kept, Curve(**self.now.curve).folded(self.plan.passes), self.now.best, self.now.message)

    def _look_at_start(self) -> None:
        """Let the weights before the first step be the best so far, where the plan wants it."""
        now = self.now
        if self.plan.start_counts and now.total == 0 and now.best is None:
            now.best = now.curve["start"] = self._validated()

    def _epoch(self) -> None:
        now = self.now
        began = time.perf_counter() - now.seconds
        self.module.train()
        summed = torch.tensor(now.loss, dtype=torch.float32 if self.device.type == "mps" else torch.float64, device=self.device)
        for batches in self._runs(torch.split(self._order(), self.plan.batch_size)[now.step :]):
            for batch, loss in zip(batches, self._losses(batches), strict=True):
                summed += loss * len(batch)
                now.step, now.total, self._steps_here = now.step + 1, now.total + 1, self._steps_here + 1
                if self._looks_at_loss() and self._exploded(float(loss)):
                    return
            now.seconds = time.perf_counter() - began
            self._save(summed)
            self._report(summed)
        now.loss = float(summed)
        if self._exploded(now.loss / self.n_samples):
            return
        if not all(bool((p.abs() < _HUGE).all()) for p in self.module.parameters()):  # NaN is not below anything
            return self._stop("the weights exploded")
        self._end_epoch(began)

    def _order(self) -> Tensor:
        """The samples of the present epoch in random order."""
        self.random.begin("order", self.now.epoch)
        generator = self.random.generator
        return torch.randperm(self.n_samples, generator=generator, device=generator.device).to(self.device)

    def _runs(self, batches: Sequence[Tensor]) -> Iterator[Sequence[Tensor]]:
        """Yield batches that are given to the model at once."""
        n = max(1, self.compiled.samples // self.plan.batch_size) if self.compiled else 1
        return (batches[start : start + n] for start in range(0, len(batches), n))

    def _losses(self, batches: Sequence[Tensor]) -> Iterable[Tensor]:
        """Make a step with each batch."""
        if self.compiled is None:
            return map(self._step, batches)
        total, steps = self.now.total, self.steps_per_epoch
        moments = [
            Moment(self.now.epoch, total + number, steps, self.random.fresh(self.drawn_here, total + number))
            for number in range(len(batches))
        ]
        return self.compiled.steps(batches, moments)

    def _step(self, batch: Tensor) -> Tensor:
        now = self.now
        self.random.begin(self.drawn_here, now.total)
        set_rate(self.optimiser, self.plan.schedule(now.total / self.steps_per_epoch))
        mine, loss = self.processes.share(batch), torch.zeros((), device=self.device)
        if len(mine):
            with self._autocast():
                loss = self.step(mine, Moment(now.epoch, now.total, self.steps_per_epoch, self.random.generator))
                loss = loss if len(mine) == len(batch) else loss * (len(mine) / len(batch))
        self.optimiser.zero_grad(set_to_none=True)
        scaled = self.scaler.scale(loss)
        if len(mine):
            torch.autograd.backward(scaled)
        loss = self.processes.add_up(self.module, loss.detach())
        if self.plan.clip is not None:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.module.parameters(), self.plan.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return loss

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.device.type != "cuda" or self.plan.precision == "float32":
            return nullcontext()
        return torch.autocast("cuda", getattr(torch, self.plan.precision))

    def _end_epoch(self, began: float) -> None:
        """Validate, keep the weights if they are the best so far, and decide whether to go on."""
        now, value = self.now, self._value()
        gained = value is not None and (now.best is None or value > now.best)
        if gained:
            now.best, now.without_gain = value, 0
        if gained or now.best is None:
            self.kept, now.kept = self._weights(copy=True), now.epoch
        curve = Curve(**now.curve)  # its lists are those of the counters
        curve.add(now.loss / self.n_samples, value, time.perf_counter() - began)
        now.finished = now.epoch == self.plan.epochs or now.without_gain >= self.plan.patience
        self._report(torch.tensor(now.loss), always=True)
        now.epoch, now.step, now.loss, now.seconds = now.epoch + 1, 0, 0.0, 0.0

    def _value(self) -> float | None:
        """The value on validation after the present epoch, where it is due and a number."""
        if self.validate is None or not self.plan.validates_after(self.now.epoch):
            return None
        self.now.without_gain += 1
        return self._validated()

    def _validated(self) -> float | None:
        """The value of the present weights on validation, where it is a number."""
        if self.validate is None:
            return None
        self.module.eval()
        with torch.no_grad():
            value = self.processes.number_of_first(float(self.validate()) if self.processes.first else 0.0)
        return None if math.isnan(value) else value

    def _looks_at_loss(self) -> bool:
        return self.device.type == "cpu" or self.now.total % _CHECKED == 1

    def _exploded(self, loss: float) -> bool:
        """Stop when a loss is no number or out of all proportion."""
        now = self.now
        if now.first_loss is None:
            now.first_loss = loss
        if math.isfinite(loss) and abs(loss) <= _EXPLODED * max(abs(now.first_loss), 1e-3):
            return False
        self._stop(f"the loss became {loss:.3g}")
        return True

    def _stop(self, what: str) -> None:
        now = self.now
        now.finished = True
        if now.kept:
            left = f"the weights are those after epoch {self._epoch_of(now.kept)}"
        else:
            left = "nothing was learned" if now.best is None else "the weights are those of the start"
        now.message = (
            f"{what} in epoch {self._epoch_of(now.epoch)} (step {now.total}), so {left}. "
            f"Use a smaller learning rate than {self.plan.lr:g}{'' if self.plan.clip else ', or clip the gradient'}."
        )

    def _epoch_of(self, number: int) -> int:
        """The epoch, as its user counts, to which a pass over the samples belongs."""
        return -(-number // self.plan.passes)

    def _weights(self, *, copy: bool = False) -> Tensors:
        return {name: t.detach().clone() if copy else t.detach() for name, t in self.module.state_dict().items()}

    def _checkpoint(self) -> Checkpoint | None:
        if self.session.checkpoints is None or not self.processes.first:
            return None
        shapes = repr({name: list(t.shape) for name, t in self.kept.items()})
        weights = f"weights {blake2b(shapes.encode(), digest_size=4).hexdigest()} on {self.device.type}"
        weights += f", {self.processes.count} processes" if self.processes.count > 1 else ""
        identity = f"{self.session.identity} ({self.plan}, {self.n_samples} samples, {weights})".strip()
        return Checkpoint(self.session.checkpoint(self.session.started), identity)

    def _save(self, summed: Tensor | None = None, *, always: bool = False) -> None:
        moment, now = time.perf_counter(), self.now
        if self.checkpoint is None or (moment - self._saved < self.session.every_seconds and not always):
            return
        now.loss = now.loss if summed is None else float(summed)
        self.checkpoint.save(*self._state())
        self._saved = time.perf_counter()

    def _state(self) -> tuple[Tensors, dict[str, Any]]:
        """Everything that the rest of the training depends on."""
        self.now.scaler = self.scaler.state_dict()
        tensors = prefixed("weights", self._weights()) | prefixed("kept", self.kept)
        return tensors | prefixed("optimiser", optimiser_tensors(self.optimiser)), asdict(self.now)

    def _resume(self) -> None:
        """Go on from the checkpoint, where there is one."""
        saved = self.checkpoint.load() if self.checkpoint else None
        if saved is not None:
            self._restore(*saved)

    def _agree(self) -> None:
        """Begin where the first process begins: at its checkpoint, or with its weights."""
        if self.processes.count == 1:
            return
        state = self.processes.bytes_of_first(packed(*self._state()) if self.processes.first else b"")
        if not self.processes.first:
            self._restore(*unpacked(state))

    def _restore(self, tensors: Tensors, counters: dict[str, Any]) -> None:
        self.now = _Counters(**counters)
        self.module.load_state_dict(under("weights", tensors))
        self.kept = {name: t.to(self.device) for name, t in under("kept", tensors).items()}
        restore_optimiser(self.optimiser, under("optimiser", tensors))
        self.scaler.load_state_dict(self.now.scaler)

    def _report(self, summed: Tensor, *, always: bool = False) -> None:
        moment, now = time.perf_counter(), self.now
        if self.session.report is None or not self.processes.first or (moment - self._reported < _REPORTED and not always):
            return
        self._reported = moment
        done = now.epoch - 1 + now.step / self.steps_per_epoch
        left = (self.plan.epochs - done) * self.steps_per_epoch * (moment - self._started) / max(1, self._steps_here)
        seen = min(self.n_samples, now.step * self.plan.batch_size)
        metric = next((value for value in reversed(now.curve["metric"]) if value is not None), None)
        done, epochs = done / self.plan.passes, self._epoch_of(self.plan.epochs)
        self.session.report(Standing(done, epochs, float(summed) / max(1, seen), metric, 0.0 if now.finished else left))
