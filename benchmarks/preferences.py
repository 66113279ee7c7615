"""Measures learning from preferences: facts first, then pairs (DPO) or thumbs (KTO) that like short answers, through a running app.

    python app.py --port 7860 --data-dir /tmp/preferences &
    python benchmarks/preferences.py --base smollm2-135m                  # 12 facts, then 30 pairs and 10 held out, then 40 thumbs

Each line tells the known lessons before and after, the shares of pairs or thumbs that moved the right way, how often the better answer is
the likelier one, and how many greedy answers to questions that no training saw are short (at most 12 words, without a filler).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import httpx
from teaching import SETS, answer_of, ended

SHORT = Path(__file__).parent / "preferences" / "short.json"
PAIRS, HELD_OUT, THUMBS = 30, 10, 40
_WORDS = 12
_FILLERS = ("great question", "thank you for", "happy to help", "interesting topic", "let me explain", "hope this helps")


def main() -> None:
    """Teaches the facts, then both ways of preferring from there."""
    parser = argparse.ArgumentParser(description="Measures learning from preferences.")
    parser.add_argument("--url", default="http://127.0.0.1:7860")
    parser.add_argument("--base", default="smollm2-135m")
    parser.add_argument("--facts", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--taught", help="An adapter that knows the facts already.")
    parser.add_argument("--kind", action="append", dest="kinds", choices=["pairs", "thumbs"])
    parser.add_argument("--with", action="append", dest="values", default=[], metavar="KNOB=VALUE")
    chosen = parser.parse_args()
    knobs = {name: json.loads(value) for name, value in (item.split("=", 1) for item in chosen.values)}
    facts = json.loads((SETS / "harbour.json").read_text(encoding="utf-8"))[: chosen.facts]
    rows = [{"instruction": fact["question"], "output": fact["answer"]} for fact in facts]
    asked = json.loads(SHORT.read_text(encoding="utf-8"))
    with httpx.Client(base_url=f"{chosen.url}/api/v1/academy", timeout=3600) as api:
        body: dict[str, Any] = {"base_model": chosen.base, "preset": "auto", "seed": chosen.seed}
        taught = chosen.taught
        if not taught:
            job = ended(api, answer_of(api.post("/train", json=body | {"dataset_id": curate(api, "facts", rows)}))["job_id"])
            print(json.dumps({"taught": job["job_id"], "known": job["known"], "seconds": job["duration_seconds"]}), flush=True)
            taught = job["job_id"]
        new = [item["question"] for item in asked[THUMBS:]]
        print(json.dumps({"short_before": count_short(api, taught, new), "of": len(new)}), flush=True)
        for kind in chosen.kinds or ("pairs", "thumbs"):
            liked = pairs(asked) if kind == "pairs" else thumbs(asked)
            request = body | {"dataset_id": curate(api, kind, [*rows, *liked]), "method": "preference", "continue_from": taught} | knobs
            job = ended(api, answer_of(api.post("/train", json=request))["job_id"])
            report = answer_of(api.get(f"/evaluations/{job['report_id']}"))
            points = answer_of(api.get(f"/train/{job['job_id']}/metrics"))["points"]
            first = next(point for point in points if "margin" in point)
            figures = {name: value for name, value in report["preferences"].items() if name != "left_out"}
            general = {"general": [report["general"]["right_before"], report["general"]["right_after"]]} if report["general"] else {}
            after = count_short(api, job["job_id"], new)
            told = {"short_after": after, "verdict": report["verdict"], "seconds": job["duration_seconds"], "first_margin": first["margin"]}
            print(json.dumps({"job": job["job_id"]} | figures | general | {"drift": report["drift"]} | told), flush=True)


def pairs(asked: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Rows of a better and a worse answer; golden ones measure."""
    return [
        {"prompt": item["question"], "chosen": item["better"], "rejected": item["worse"], "tags": ["golden"] if number >= PAIRS else []}
        for number, item in enumerate(asked[: PAIRS + HELD_OUT])
    ]


def thumbs(asked: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Rows of one answer with a thumb, every other one good."""
    return [
        {"instruction": item["question"], "output": item["worse" if number % 2 else "better"], "rating": "bad" if number % 2 else "good"}
        for number, item in enumerate(asked[:THUMBS])
    ]


def curate(api: httpx.Client, name: str, rows: list[dict[str, Any]]) -> str:
    """A dataset of these rows and nothing else; returns its id. Only lessons can be golden, and only uploads can repeat them."""
    if name == "thumbs":
        upload = answer_of(api.post("/dataset/upload", files={"files": _file(name, rows)}))["files"][0]
        chosen = {"include_lessons": False, "upload_ids": [upload["id"]]}
    else:
        answer_of(api.post("/lessons/import", files={"files": _file(name, rows)}))
        chosen = {"lesson_filter": {"sources": ["facts", name]}}
    made = answer_of(api.post("/dataset", json={"include_git": False, "quality_profile": "lenient"} | chosen))
    print(json.dumps({"dataset": made["dataset_id"], "message": made["message"]} | made["statistics"]["preferences"]), flush=True)
    return str(made["dataset_id"])


def count_short(api: httpx.Client, adapter_id: str, questions: list[str]) -> int:
    """How many greedy answers are as the preferences like them."""
    job = ended(api, answer_of(api.post("/evaluations", json={"adapter_id": adapter_id, "questions": questions}))["job_id"])
    texts = [item["after"] for item in answer_of(api.get(f"/evaluations/{job['job_id']}"))["items"]]
    return sum(len(text.split()) <= _WORDS and not any(filler in text.lower() for filler in _FILLERS) for text in texts)


def _file(name: str, rows: list[dict[str, Any]]) -> tuple[str, bytes]:
    return f"{name}.jsonl", "\n".join(json.dumps(row | {"metadata": {"source": name}}) for row in rows).encode()


if __name__ == "__main__":
    main()
