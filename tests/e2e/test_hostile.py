"""Texts that want to be markup, in every place where a text from outside is shown: nothing runs, and no request leaves the page."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from adapters_help import lora, make_base, write_tensors
from playwright.sync_api import Browser, Page, expect
from serving import serving
from test_api import EchoEngine

import app as start
from academy.bases import fingerprint
from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.curation.lessons import LessonIn
from academy.jobs.spec import TrainingSpec
from academy.services.academy import Academy

pytestmark = pytest.mark.browser

TABS = ("overview", "dataset", "training", "adapters", "chat")
CONTROLS = "\u202e\u2066\x1b[31m\x07"


def hostile(address: str, where: str, most: int = 100_000) -> str:
    """A text that calls the beacon in every way there is, were it markup, a style, a link or a template; marked with its place."""
    ways = [
        f"\"'><img src={address}/{where} onerror=window.hacked=1>",
        f"<script src={address}/{where}></script>",
        f"<style>@import '{address}/{where}'</style>",
        f"<svg onload=window.hacked=1><iframe src={address}/{where}></iframe>",
        f"<form action={address}><input autofocus onfocus=window.hacked=1>",
        f"![x]({address}/{where}.png) [y](javascript:window.hacked=1) <{address}/{where}>",
        "${window.hacked=1}{{constructor.constructor('window.hacked=1')()}}",
        f"</textarea></title></script><link rel=stylesheet href={address}/{where}><meta http-equiv=refresh content='0;url={address}'>",
        CONTROLS,
    ]
    return f"{where}-here " + "".join(ways)[: most - len(where) - 6]


@pytest.fixture
def poisoned(tmp_path: Path, beacon: tuple[str, list[str]]) -> Iterator[tuple[str, Academy]]:
    """An app whose every text from outside is hostile, and its address."""
    address, _ = beacon
    settings = Settings(data_dir=tmp_path / "data", git_repo=_repository(tmp_path / "repo", address), _env_file=None)  # type: ignore[call-arg]
    start.prepare_folders(settings)
    (settings.data_dir / "recipes.toml").write_text(
        f'[[recipe]]\nname = "mine"\nargv = ["true"]\ndescription = {json.dumps(hostile(address, "recipe"))}\n'
    )
    guard, academy = start.create_app(settings, engine=EchoEngine())
    academy.start = lambda: None  # type: ignore[method-assign]  # nothing shall be trained here
    _fill(academy, address, tmp_path)
    with serving(guard, lifespan="on") as port:
        yield f"http://127.0.0.1:{port}", academy


def _repository(folder: Path, address: str) -> Path:
    folder.mkdir()
    author = ["-c", f"user.name={hostile(address, 'author', 300).replace('<', '(').replace('>', ')')}", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    for number in range(3):
        (folder / f"a<img src=x onerror=hacked={number}>.txt").write_text(f"{hostile(address, 'diff')}\nline {number * 31}\n")
        subprocess.run(["git", "add", "."], cwd=folder, check=True)
        # Addresses are taken out of messages, so markup without one is what is shown.
        message = f"Describe how pump {number} <img src=x onerror=window.hacked=1> is started at /commit\n\n{hostile(address, 'commit')}"
        subprocess.run(["git", *author, "commit", "-qm", message], cwd=folder, check=True)
    return folder


def _fill(academy: Academy, address: str, folder: Path) -> None:
    bad = lambda where, most=100_000: hostile(address, where, most)  # noqa: E731
    lesson = {"situation": bad("situation"), "action": bad("action"), "result": bad("result"), "feedback": bad("feedback")}
    lesson |= {"tags": [bad("tag", 190)], "metadata": {bad("key"): bad("value"), "history": [[bad("asked"), bad("answered")]]}}
    academy.lessons.add(LessonIn.model_validate(lesson))
    academy.lessons.add(LessonIn.model_validate(lesson | {"rejected": bad("rejected"), "rating": "good", "situation": bad("second")}))
    with open(folder / "u.jsonl", "w+b") as file:
        file.write(json.dumps({"instruction": bad("instruction"), "output": bad("output")}).encode() + b"\n{broken\n")
        file.seek(0)
        name = "upload-here<img src=x onerror=hacked=1>"
        records = academy.datasets.upload([(f"{name}.jsonl", file), (f"{name}.bin", io.BytesIO(b"\x00\x01"))])
    asked = DatasetRequest(name=bad("dataset", 80), upload_ids=[records[0].id], quality_profile="lenient")
    made = academy.datasets.create(asked)
    job = academy.training.train(TrainingSpec(dataset_id=made["dataset_id"], name=bad("job", 80)))
    said = {"type": "sample", "step": 1, "prompt": bad("prompt"), "text": bad("text"), "time": "2026-01-01T00:00:00.000Z"}
    note = {"type": "note", "message": bad("note"), "time": "2026-01-01T00:00:00.000Z"}
    output = Path(job.output_dir)
    output.mkdir(parents=True, exist_ok=True)
    (output / "events.jsonl").write_text(json.dumps(said) + "\n" + json.dumps(note) + "\n")
    (output / "train.log").write_text(f"2026-01-01T00:00:00.000Z {bad('log').replace(chr(27), '')}\n" * 3)
    academy._job_store.update(job.job_id, status="failed", error=bad("error"), reason=bad("reason"), reasons=[bad("why")])
    base = make_base(folder / f"<img src=x onerror=hacked=1>{CONTROLS[:2]}")
    for number in (1, 2):
        home = academy.settings.models_dir / f"training_20260101_00000{number}_abcd"
        (home / "adapter").mkdir(parents=True)
        config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"], "bias": "none"}
        (home / "adapter" / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": str(base)}))
        (home / "adapter" / "README.md").write_text(bad("readme"))
        write_tensors(home / "adapter" / "adapter_model.safetensors", lora())
        record = {"job_id": home.name, "name": bad("adapter", 80), "base_model": str(base), "base_fingerprint": fingerprint(base)}
        record |= {"created_at": "2026-01-01T00:00:00.000Z", "parameters": {"target_modules": bad("module")}, "source": bad("source")}
        (home / "metadata.json").write_text(json.dumps(record))
    academy._adapter_store.set_active(f"{home.name}")


@pytest.fixture
def page(browser: Browser, poisoned: tuple[str, Academy], beacon: tuple[str, list[str]]) -> Iterator[Page]:
    """A page of that app; afterwards nothing may have run, been asked for, or been tried and held back."""
    troubles: list[str] = []
    with browser.new_context(viewport={"width": 1400, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("dialog", lambda dialog: troubles.append(f"dialog: {dialog.message}"))
        page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        # Markup that only the policy stops was markup all the same.
        page.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
        inside = (poisoned[0], "data:", "blob:")
        page.on("request", lambda request: None if request.url.startswith(inside) else troubles.append(f"request: {request.url}"))
        page.goto(poisoned[0])
        page.wait_for_function("document.querySelector('.ac-chips .ac-chip')")
        yield page
        assert page.evaluate("typeof window.hacked") == "undefined"
        assert page.evaluate("document.querySelectorAll('[onerror], [onload], [onfocus], iframe, img[src^=http]').length") == 0
        assert not troubles
        assert not beacon[1]


def shown(page: Page) -> str:
    """All texts of the page, those that a pointer brings up included."""
    return page.evaluate("document.body.innerText + [...document.querySelectorAll('[title]')].map(el => el.title).join('\\n')")


def edited(page: Page) -> str:
    """What stands in the page's fields."""
    return page.evaluate("[...document.querySelectorAll('textarea, input')].map(el => el.value).join('\\n')")


def open_everything(page: Page, look: Callable[[], None]) -> None:
    """Opens what can be opened on the tab that is shown: folded parts, views, rows, dialogs; nothing that asks first or changes things."""
    page.evaluate("document.querySelectorAll('#ac-tabs details').forEach(el => { el.open = true })")
    seen: list[str] = []
    for _ in range(90):
        key = page.evaluate(_PRESS_NEXT, seen)
        if key is None:
            return
        seen.append(key)
        page.wait_for_timeout(250)
        look()
        if page.locator("#ac-dialog[open]").count():
            page.keyboard.press("Escape")
            page.wait_for_timeout(80)


# Presses the next button that can be seen and has not been pressed. Views last: each is opened wholly before it is left.
_PRESS_NEXT = """(seen) => {
  const leaveOut = [".delete", ".start", ".make", "train", ".retry", ".resume", ".stop", ".activate", ".deactivate", ".samples",
    ".clean", "form"];
  const keyOf = (el) => el.nodeName + (el.dataset.act || "") + (el.dataset.set || "") + el.className;
  const fresh = (el) => el.checkVisibility({ visibilityProperty: true }) && el.getClientRects().length && !seen.includes(keyOf(el))
    && !leaveOut.some((word) => (el.dataset.act || "").includes(word));
  const all = [...document.querySelectorAll("#ac-tabs :is([data-set], [data-act]:not([data-confirm]))")];
  const isView = (el) => el.matches(".ac-segment");
  const found = all.find((el) => !isView(el) && fresh(el)) || all.find((el) => isView(el) && el.matches("[data-set]") && fresh(el));
  const key = found ? keyOf(found) : null;
  found?.click();
  return key;
}"""


def test_no_text_of_any_tab_runs_or_calls_home(page: Page) -> None:
    seen: list[str] = []
    fields: list[str] = []

    def look() -> None:
        seen.append(shown(page))
        fields.append(edited(page))

    for tab in TABS:
        page.click(f"#tab-{tab}-button")
        page.wait_for_timeout(900)
        look()
        open_everything(page, look)
    text = "\n".join(seen)
    places = ("situation", "action", "tag", "dataset", "job", "adapter", "error", "log", "commit", "instruction", "upload", "rejected")
    found = text + "\n".join(fields)
    assert [place for place in places if f"{place}-here" not in found and f"/{place}" not in found] == []
    # Signs that turn the reading direction, and the escape that colours a terminal, are shown and not obeyed.
    assert not set("\u202e\u2066\x1b\x07") & set(text)
    # Except in edit fields: a save must keep the text unchanged.
    assert "\u202e" in "".join(fields)


def test_no_refusal_or_reply_runs_or_calls_home(page: Page, beacon: tuple[str, list[str]], tmp_path: Path) -> None:
    bad = hostile(beacon[0], "typed", 300).replace("\x07", "").replace("\x1b", "")
    page.click("#tab-training-button")
    page.fill("#train-base input", bad)
    page.keyboard.press("Enter")
    page.click("#train-start")
    expect(page.locator("#tab-training").get_by_text("There is no folder").first).to_be_visible()
    page.click("#tab-dataset-button")
    for name, kinds in ((f"<img src={beacon[0]} onerror=hacked=1>.csv", ("lessons", "sources")), ("<img src=x onerror=hacked=1>.bin", ())):
        (tmp_path / "files").mkdir(exist_ok=True)
        file = tmp_path / "files" / name.replace("/", "∕")
        file.write_text(f'"{bad[:150]}";"<img src={beacon[0]} onerror=hacked=1>"\n"{bad}";"{bad}"\n'.replace('""', '"'))
        for kind in kinds or ("",):  # a file that cannot be read is refused before the question what it becomes
            page.evaluate("document.querySelectorAll('#ac-tabs details').forEach(el => { el.open = true })")
            page.set_input_files("input[data-drop]", str(file))
            if kind:
                page.click(f"[data-kind={kind}]")
            page.wait_for_timeout(900)
            page.keyboard.press("Escape")
    page.click("#tab-chat-button")
    page.check("#chat-compare input")
    page.uncheck("#chat-compare input")
    page.fill("#chat-question textarea", bad)
    page.click("#chat-send")
    expect(page.locator("#chat-past .ac-turn")).to_have_count(1)
    page.wait_for_timeout(1500)
    page.goto(f"{page.url.split('?')[0]}?tab=training&job={bad[:60]}&dataset={bad[:60]}")
    page.wait_for_timeout(900)
