"""The trainer: epochs of mini-batches, the best weights kept, every moment resumable.

A model brings a module, a number of samples and ``step(samples, moment) -> loss``: ``samples`` are the numbers of a batch's
samples, int64 on the device, and the loss is their mean. What a sample is (an event, a user, a session), where its data lie
and which negatives it meets is the model's affair.

On the CPU two trainings from one seed end with the same weights bit for bit, whether or not one of them was killed in between.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

import torch
from torch import Tensor, nn

from vitrina.errors import VitrinaError
from vitrina.training.checkpoints import Checkpoint, Tensors, optimiser_tensors, prefixed, restore_optimiser, under
from vitrina.training.devices import Randomness, controlled, pick_device
from vitrina.training.optimisers import Groups, make_optimiser, set_rate
from vitrina.training.outcome import Curve, Outcome, Standing
from vitrina.training.plan import Moment, Plan
from vitrina.training.session import Session, current

Step = Callable[[Tensor, Moment], Tensor]

_EXPLODED = 1e4  # times the first loss
_CHECKED = 50  # steps between looks at the loss where looking makes an accelerator wait
_REPORTED = 0.5  # seconds between reports


def train(
    module: nn.Module,
    n_samples: int,
    step: Step,
    plan: Plan,
    *,
    validate: Callable[[], float] | None = None,
    before_epoch: Callable[[Moment], None] | None = None,
    groups: Groups | None = None,
    devices: tuple[str, ...] = ("cuda", "mps", "cpu"),
) -> Outcome:
    """Train ``module`` in place and leave it with the best weights, in evaluation mode.

    ``validate`` returns the value to maximise (NaN: no value); ``before_epoch`` may prepare what the steps of an epoch share,
    from ``moment.generator`` and the module's buffers; ``groups`` gives parameters settings of their own; ``devices`` are
    those the model can use. Device, checkpoints and progress come from the session (``vitrina.training.session``). An
    exploding loss ends the training with the last good weights and a message in the outcome; nothing is raised.
    """
    if n_samples < 1:
        raise VitrinaError("there is nothing to train on: no samples.")
    session = current()
    session.started += 1
    device = pick_device(session.device, devices)
    with controlled(device):
        outcome = _Training(module, n_samples, step, plan, validate, before_epoch, groups, session, device).run()
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
    curve: dict[str, list[Any]] = field(default_factory=lambda: asdict(Curve()))


@dataclass
class _Training:
    module: nn.Module
    n_samples: int
    step: Step
    plan: Plan
    validate: Callable[[], float] | None
    before_epoch: Callable[[Moment], None] | None
    groups: Groups | None
    session: Session
    device: torch.device

    def __post_init__(self) -> None:
        self.module.to(self.device)
        self.optimiser = make_optimiser(self.plan, self.module, self.groups, self.device)
        scaled = self.device.type == "cuda" and self.plan.precision == "float16"
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=scaled)
        self.random = Randomness(self.plan.seed, self.device)
        self.steps_per_epoch = -(-self.n_samples // self.plan.batch_size)
        self.kept = self._weights(copy=True)
        self.now = _Counters()
        self.checkpoint = self._checkpoint()
        self._started = self._reported = time.perf_counter()
        self._steps_here = 0

    def run(self) -> Outcome:
        resumed = self.checkpoint.load() if self.checkpoint else None
        if resumed:
            self.now = _Counters(**resumed[1])
        while not self.now.finished:
            self._epoch(resumed[0] if resumed else None)
            resumed = None
            self._save()
        if resumed:  # it was finished before
            self.kept = under("kept", resumed[0])
        self.module.load_state_dict(self.kept)
        self.module.eval()
        now = self.now
        return Outcome(now.kept, Curve(**now.curve), now.best, now.message)

    def _epoch(self, resumed: Tensors | None) -> None:
        now, started = self.now, time.perf_counter()
        spent = now.seconds
        self.random.begin(now.epoch)
        order = torch.randperm(self.n_samples, generator=self.random.generator, device=self.device)
        self.module.train()
        if self.before_epoch:
            self.before_epoch(self._moment())
        if resumed:
            self._restore(resumed)
        summed = torch.tensor(now.loss, dtype=torch.float32 if self.device.type == "mps" else torch.float64, device=self.device)
        for batch in torch.split(order, self.plan.batch_size)[now.step :]:
            loss = self._step(batch)
            summed += loss * len(batch)
            now.step, now.total, self._steps_here = now.step + 1, now.total + 1, self._steps_here + 1
            if now.first_loss is None:
                now.first_loss = float(loss)
            if (self.device.type == "cpu" or now.step % _CHECKED == 0) and self._exploded(float(loss)):
                break
            due = self.session.every_steps and now.total % self.session.every_steps == 0
            if due and now.step < self.steps_per_epoch:
                now.loss, now.seconds = float(summed), spent + time.perf_counter() - started
                self._save()
            self._report(summed)
        now.loss = float(summed)
        if not now.finished and not self._exploded(now.loss / self.n_samples if self._finite() else math.nan):
            self._end_epoch(spent - started)

    def _step(self, batch: Tensor) -> Tensor:
        set_rate(self.optimiser, self.plan.schedule(self.now.total / self.steps_per_epoch))
        self.optimiser.zero_grad(set_to_none=True)
        with self._autocast():
            loss = self.step(batch, self._moment())
        torch.autograd.backward(self.scaler.scale(loss))
        if self.plan.clip is not None:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.module.parameters(), self.plan.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return loss.detach()

    def _end_epoch(self, spent: float) -> None:
        """Validate, keep the weights if they are the best so far, and decide whether to go on."""
        now, plan, value = self.now, self.plan, None
        if self.validate and plan.validates_after(now.epoch):
            self.module.eval()
            value = float(self.validate())
            now.without_gain += 1
            value = None if math.isnan(value) else value
        gained = value is not None and (now.best is None or value > now.best)
        if gained:
            now.best, now.without_gain = value, 0
        if gained or now.best is None:
            self.kept, now.kept = self._weights(copy=True), now.epoch
        curve = Curve(**now.curve)
        curve.add(now.loss / self.n_samples, value, spent + time.perf_counter())
        self._report(torch.tensor(now.loss), always=True)
        now.finished = now.epoch == plan.epochs or now.without_gain >= plan.patience
        now.epoch, now.step, now.loss, now.seconds = now.epoch + 1, 0, 0.0, 0.0

    def _exploded(self, loss: float) -> bool:
        """Stop when a loss is no number or out of all proportion; says so in the message."""
        now = self.now
        if math.isfinite(loss) and abs(loss) <= _EXPLODED * max(abs(now.first_loss or 0.0), 1e-3):
            return False
        now.finished = True
        now.message = (
            f"the loss became {loss:.3g} in epoch {now.epoch} (step {now.total}), so the weights are those after epoch "
            f"{now.kept}. Use a smaller learning rate than {self.plan.lr:g}{'' if self.plan.clip else ', or clip the gradient'}."
        )
        return True

    def _finite(self) -> bool:
        return all(bool(torch.isfinite(p).all()) for p in self.module.parameters())

    def _moment(self) -> Moment:
        return Moment(self.now.epoch, self.now.total, self.steps_per_epoch, self.random.generator, self.device)

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.device.type != "cuda" or self.plan.precision == "float32":
            return nullcontext()
        return torch.autocast("cuda", getattr(torch, self.plan.precision))

    def _weights(self, *, copy: bool = False) -> Tensors:
        return {name: t.detach().clone() if copy else t.detach() for name, t in self.module.state_dict().items()}

    def _checkpoint(self) -> Checkpoint | None:
        if self.session.checkpoints is None:
            return None
        shapes = repr({name: list(t.shape) for name, t in self.kept.items()})
        identity = f"{self.plan}, {self.n_samples} samples, weights {blake2b(shapes.encode(), digest_size=4).hexdigest()}"
        return Checkpoint(self.session.checkpoints / f"training-{self.session.started}.safetensors", identity)

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        self.now.scaler = self.scaler.state_dict()
        tensors = prefixed("weights", self._weights()) | prefixed("kept", self.kept) | prefixed("random", self.random.state())
        tensors |= prefixed("optimiser", optimiser_tensors(self.optimiser))
        self.checkpoint.save(tensors, asdict(self.now))

    def _restore(self, tensors: Tensors) -> None:
        """Go on from a checkpoint; the random numbers only where it lies inside an epoch."""
        self.module.load_state_dict(under("weights", tensors))
        self.kept = {name: t.to(self.device) for name, t in under("kept", tensors).items()}
        restore_optimiser(self.optimiser, under("optimiser", tensors))
        self.scaler.load_state_dict(self.now.scaler)
        if self.now.step:
            self.random.restore(under("random", tensors))

    def _report(self, summed: Tensor, *, always: bool = False) -> None:
        moment = time.perf_counter()
        if self.session.report is None or (moment - self._reported < _REPORTED and not always):
            return
        self._reported, now = moment, self.now
        seen = min(self.n_samples, max(1, now.step * self.plan.batch_size))
        left = (self.plan.epochs - now.epoch + 1) * self.steps_per_epoch - now.step
        pace = (moment - self._started) / max(1, self._steps_here)
        metrics = [value for value in now.curve["metric"] if value is not None]
        self.session.report(
            Standing(
                epoch=now.epoch, epochs=self.plan.epochs, step=now.step, steps=self.steps_per_epoch,
                loss=float(summed) / seen, metric=metrics[-1] if metrics else None, seconds_left=left * pace,
            )
        )  # fmt: skip
