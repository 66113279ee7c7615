"""Measures a race against the same settings trained one after another: time, processor time, and memory.

    python benchmarks/race.py                                          # six trials on the bundled model, a set of 24 facts
    python benchmarks/race.py --base smollm2-135m --with num_epochs=8

Every training and the race is a fresh process of its own with its exam at the end, as in the app; the race runs without its repeats unless
`--seeds 3` asks for them. Both read the same rows and the same trials. Processor time tells on a busy machine what wall time would be on an
idle one; with `--together` both run at once, so that the load of other programs slows both alike. Memory is the most that a process held.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.jobs.kinds.sweep import SweepRequest
from academy.services.academy import Academy

ROOT = Path(__file__).parent.parent
SETS = Path(__file__).parent / "teaching"


class Cost(NamedTuple):
    """What a program took."""

    wall: float
    processor: float
    memory_mb: float

    def words(self, name: str) -> str:
        return f"{name:<24} {self.wall:8.1f} s  {self.processor:8.1f} s of processor  {self.memory_mb:7.0f} MB"


def main() -> None:
    """Plans one race, trains its trials one after another, then races them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="academy-mini")
    parser.add_argument("--set", default="family", choices=sorted(path.stem for path in SETS.glob("*.json")))
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--with", action="append", dest="values", default=[], metavar="KNOB=VALUE")
    parser.add_argument("--alone", type=int, help="train only so many of them alone, and count their mean for each of the others")
    parser.add_argument("--together", action="store_true", help="race while the trainings run one after another")
    parser.add_argument("--json", action="store_true", help="the figures as one line, last")
    chosen = parser.parse_args()
    knobs = {name: json.loads(value) for name, value in (item.split("=", 1) for item in chosen.values)}
    with tempfile.TemporaryDirectory() as folder:
        planned = plan(Path(folder), chosen, knobs)
        spec = json.loads((planned / "spec.json").read_text(encoding="utf-8"))
        trials = spec["sweep"]["trials"]
        print(*(f"trial {n}: {trial}" for n, trial in enumerate(trials, 1)), sep="\n", flush=True)
        run(trained(planned, spec, "warm", {"num_epochs": 1, "max_steps": 1}), "academy.trainer")  # the base's own answers, cached for all
        alone, pool = [], ThreadPoolExecutor(1)
        racing = pool.submit(run, planned, "academy.trainer.race") if chosen.together else None
        for n, trial in enumerate(trials[: chosen.alone], 1):
            alone.append(run(trained(planned, spec, f"trial {n}", trial), "academy.trainer"))
            print(alone[-1].words(f"trial {n} alone"), flush=True)
        raced = racing.result() if racing else run(planned, "academy.trainer.race")
        state = json.loads((planned / "race.json").read_text(encoding="utf-8"))
        if alone:
            times = len(trials) / len(alone)
            wall, processor = times * sum(cost.wall for cost in alone), times * sum(cost.processor for cost in alone)
            total = Cost(wall, processor, max(cost.memory_mb for cost in alone))
            print(total.words(f"{len(trials)} one after another"))
            print(
                f"ratio: {raced.wall / total.wall:.2f} of the wall time, {raced.processor / total.processor:.2f} of the processor's, ",
                end="",
            )
            print(f"{raced.memory_mb / total.memory_mb:.2f} of the memory of one")
        print(raced.words("race"))
        for trial in state["trials"]:
            print(f"  {trial['n']}: {trial['state']} at step {trial['step']}/{trial['total_steps']}, {trial['score']}")
        print(f"  best {state['best']}, importance {state['importance']}")
        if chosen.json:
            costs = {"alone": [cost._asdict() for cost in alone], "race": raced._asdict()}
            print(json.dumps({"base": chosen.base, "set": chosen.set, "trials": len(trials)} | costs))


def plan(folder: Path, chosen: argparse.Namespace, knobs: dict[str, Any]) -> Path:
    """The job folder of a queued race, whose program has not begun."""
    academy = Academy(Settings(data_dir=folder / "data", _env_file=None))  # type: ignore[call-arg]
    facts = json.loads((SETS / f"{chosen.set}.json").read_text(encoding="utf-8"))
    rows = folder / "rows.jsonl"
    rows.write_text("".join(json.dumps({"instruction": fact["question"], "output": fact["answer"]}) + "\n" for fact in facts))
    with open(rows, "rb") as file:
        upload = academy.datasets.upload([(rows.name, file)])[0]
    request = {"include_lessons": False, "include_git": False, "upload_ids": [upload.id], "quality_profile": "lenient"}
    made = academy.datasets.create(DatasetRequest.model_validate(request))
    race = SweepRequest(dataset_id=made["dataset_id"], base_model=chosen.base, trials=chosen.trials, seeds=chosen.seeds, settings=knobs)
    job = academy.training.race(race)
    academy.close()
    return Path(job.output_dir)


def trained(planned: Path, spec: dict[str, Any], name: str, trial: dict[str, Any]) -> Path:
    """The job folder of an ordinary training with the settings of a trial."""
    folder = planned.with_name(name.replace(" ", "_"))
    folder.mkdir()
    rank = trial.get("lora_rank", spec["parameters"]["lora_rank"])
    own = {"lora_alpha": round(spec["parameters"]["lora_alpha"] * rank / spec["parameters"]["lora_rank"])} | trial
    values = {key: value for key, value in spec.items() if key != "sweep"} | {"job_id": folder.name, "name": name}
    (folder / "spec.json").write_text(json.dumps(values | {"parameters": spec["parameters"] | own}), encoding="utf-8")
    return folder


def run(folder: Path, module: str) -> Cost:
    """Runs one program to its end; its log stays in the folder."""
    began = time.monotonic()
    with open(folder / "log", "w", encoding="utf-8") as log:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen([sys.executable, "-m", module, str(folder)], cwd=folder, env=environment, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit((folder / "log").read_text(encoding="utf-8")[-3000:])
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
