"""The arena on the page: questions taken from the lessons, a duel voted by key without a pointer, and the ranking that follows."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy
import pytest
from playwright.sync_api import Page, expect

from academy.bases import fingerprint
from academy.models import BUNDLED, DEFAULT
from tests.e2e.conftest import Running, start_app

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapters_help import write_tensors

pytestmark = [pytest.mark.browser, pytest.mark.training]

Open = Callable[..., Page]
NAMES = ("bold", "calm")


def add_adapter(models: Path, name: str, seed: int) -> None:
    """An adapter of random weights for the bundled model: it answers something else than the base, and needs no training."""
    base, numbers = BUNDLED[DEFAULT], numpy.random.default_rng(seed)
    with open(base / "model.safetensors", "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    shapes = {key: item["shape"] for key, item in header.items() if key.endswith(("q_proj.weight", "v_proj.weight"))}
    tensors = {}
    for key, (out, into) in shapes.items():
        place = f"base_model.model.{key.removesuffix('.weight')}"
        tensors[f"{place}.lora_A.weight"] = numbers.normal(size=(4, into))
        tensors[f"{place}.lora_B.weight"] = numbers.normal(size=(out, 4)) * 0.1
    folder = models / name / "adapter"
    folder.mkdir(parents=True)
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 4, "target_modules": ["q_proj", "v_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": DEFAULT}))
    write_tensors(folder / "adapter_model.safetensors", tensors)
    record = {"base_model": DEFAULT, "base_fingerprint": fingerprint(base), "created_at": f"2026-01-0{seed}T00:00:00.000Z"}
    (folder.parent / "metadata.json").write_text(json.dumps(record))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An app with two adapters and a few lessons."""
    folder = tmp_path_factory.mktemp("arena")
    for seed, name in enumerate(NAMES, 1):
        add_adapter(folder / "data" / "models", name, seed)
    running = start_app(folder)
    for n in range(3):
        lesson = {"situation": f"Which floor is room {n}?", "action": f"Room {n} is on floor {n + 4}."}
        running.api.post("/lessons", json=lesson).raise_for_status()
    yield running
    running.close()


def test_a_person_votes_blindly_and_by_key(app: Running, open_page: Open) -> None:
    page = open_page("/?tab=adapters")
    page.click(".ac-segment:has-text('Arena')")
    page.locator("[data-act='arena.suggest']:visible").first.click()
    expect(page.locator("dialog[open] input[type=checkbox]")).to_have_count(3)
    page.locator("dialog[open] [type=submit]").click()
    expect(page.locator("[data-live=arena_questions] .ac-arena-item")).to_have_count(3)
    page.locator(".ac-arena-more > summary").click()
    page.locator(".ac-arena-who .ac-switch:has-text('Base model')").click()
    expect(page.locator(".ac-arena-more > summary")).to_contain_text("2")
    page.locator("[data-act='arena.duel']").press("Enter")
    expect(page.locator("#arena-duel")).to_be_visible(timeout=120_000)
    blind = page.locator("#arena-duel").inner_html()
    assert not any(name in blind for name in NAMES)
    assert "Room " in page.locator(".ac-arena-question").inner_text()  # the wanted answer
    question = page.locator("#arena-duel .ac-said").first
    skipped = question.inner_text()
    page.keyboard.press("3")
    expect(question).not_to_have_text(skipped, timeout=120_000)
    page.keyboard.press("2")
    expect(page.locator("#arena-duel .ac-badge")).to_have_count(2)
    expect(page.locator("#arena-duel .ac-reply").nth(1)).to_contain_text("your vote")
    expect(page.locator(".ac-spoken", has_text="Answer 1: ")).to_have_count(1)
    expect(page.locator(".ac-arena-sentence")).to_contain_text("Not enough votes yet")
    expect(page.locator(".ac-arena-table tbody tr")).to_have_count(2)
    page.keyboard.press("Enter")  # the next duel
    expect(page.locator("[data-act='arena.vote']")).to_have_count(3, timeout=120_000)
    page.keyboard.press("0")
    expect(page.locator("#arena-duel")).to_contain_text("equally good")
    ranking = app.api.get("/arena/ranking").json()
    assert (ranking["votes"], ranking["enough"]) == (2, False)
    assert {item["adapter_id"]: item["ties"] for item in ranking["items"]} == dict.fromkeys(NAMES, 1)
