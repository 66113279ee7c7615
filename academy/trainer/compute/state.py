"""What a checkpoint holds besides the adapter, so that a resumed training goes on bit by bit as if it had never stopped."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import peft
import torch
from safetensors.torch import load_file
from transformers import get_scheduler
from transformers.trainer_pt_utils import safe_globals

from academy.text.failures import Failure
from academy.trainer.compute.model import Adapted
from academy.trainer.compute.schedule import warmup_steps
from academy.trainer.spec import Spec

ADAPTER = "adapter_model.safetensors"
_TRAINER_STATE = "trainer_state.json"
_UNDECAYED = re.compile(r"bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)")  # as in transformers' Trainer


@dataclass(frozen=True)
class State:
    """All that changes from step to step, apart from the history and the random numbers."""

    model: Any
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    scaler: torch.amp.GradScaler

    @classmethod
    def begin(cls, adapted: Adapted, spec: Spec, steps: int) -> State:
        """Optimizer, schedule and scaler before the first of `steps` steps."""
        optimizer = torch.optim.AdamW(_groups(adapted.model, spec.knob("weight_decay")), lr=spec.knob("learning_rate"), fused=True)
        scheduler = get_scheduler(spec.knob("lr_scheduler_type"), optimizer, warmup_steps(spec.knob("warmup_steps"), steps), steps)
        scaler = torch.amp.GradScaler(adapted.placement.device.type, enabled=adapted.placement.precision == "fp16")
        return cls(adapted.model, optimizer, scheduler, scaler)

    def save(self, folder: Path, progress: dict[str, Any]) -> None:
        """Writes everything into a folder, under the file names of transformers' Trainer."""
        self.model.save_pretrained(str(folder), save_embedding_layers=False)
        torch.save(self.optimizer.state_dict(), folder / "optimizer.pt")
        torch.save(self.scheduler.state_dict(), folder / "scheduler.pt")
        if self.scaler.is_enabled():
            torch.save(self.scaler.state_dict(), folder / "scaler.pt")
        torch.save(random_state(), folder / "rng_state.pth")
        (folder / _TRAINER_STATE).write_text(json.dumps(progress), encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Restores what `save` wrote, the random numbers last; raises Failure where the adapter in it is another one."""
        result = peft.set_peft_model_state_dict(self.model, load_file(folder / ADAPTER))
        trained = {name for name, parameter in self.model.named_parameters() if parameter.requires_grad}
        if result.unexpected_keys or trained.intersection(result.missing_keys):
            raise Failure("The checkpoint to resume from belongs to another adapter.", "bad_checkpoint")
        self.optimizer.load_state_dict(_load(folder / "optimizer.pt"))
        self.scheduler.load_state_dict(_load(folder / "scheduler.pt"))
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(_load(folder / "scaler.pt"))
        set_random_state(_load(folder / "rng_state.pth"))


def _groups(model: Any, decay: float) -> list[dict[str, Any]]:
    """The trained parameters in two groups; biases and norms do not decay."""
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    return [
        {"params": [parameter for name, parameter in trained if not _UNDECAYED.search(name.lower())], "weight_decay": decay},
        {"params": [parameter for name, parameter in trained if _UNDECAYED.search(name.lower())], "weight_decay": 0.0},
    ]


def _load(path: Path) -> Any:
    with safe_globals():
        return torch.load(path, map_location="cpu", weights_only=True)


def random_state() -> dict[str, Any]:
    """The state of every generator that a training draws from."""
    state = {"python": random.getstate(), "numpy": np.random.get_state(), "cpu": torch.get_rng_state()}
    return state | ({"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {})


def set_random_state(state: dict[str, Any]) -> None:
    """Puts all of them back."""
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["cpu"])
    if torch.cuda.is_available() and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"])
