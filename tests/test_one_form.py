"""One form for all: trainer, preview and chat turn the same conversation into the same tokens, in every template."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from templates_help import OWN, SPECIAL, STOPS, TALKS, TEMPLATES, tokenizer_of, trl_templates
from trainer_help import make_tokenizer, write_rows

pytest.importorskip("transformers")
from academy.chat.fitting import fit
from academy.models import BUNDLED, DEFAULT
from academy.text import templates, tokens

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "one_form.json").read_bytes())
"""The tokens before trainer and chat shared their code: rows with their masks, and the chat's prompt."""

# Where the sides disagreed: the chat left an empty system text out, the trainer wrote an empty turn; now both leave it out.
EMPTY = "empty system"
# The chat asked without the header of the assistant's turn, which is never trained; now it comes with the prompt.
BARE = "no generation prompt"

# These templates rewrite an answer that looks like a thought, so the trainer leaves it out.
REFUSED = ("nemotron", "looks special")


def chat_ids(tokenizer: Any, messages: list[dict[str, str]]) -> list[int]:
    return fit(tokenizer, templates.for_chat(tokenizer), messages, limit=1 << 20, max_new_tokens=1, model="it").ids


def ids_of(text: str) -> list[int]:
    return [int(word) for word in text.split()]


@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_tokens_are_those_before_the_code_was_shared(name: str, talk: str) -> None:
    tokenizer = tokenizer_of(name)
    golden = GOLDEN[name][talk]
    if name != BARE:
        assert chat_ids(tokenizer, TALKS[talk][:-1]) == ids_of(golden["prompt"])
    if talk == EMPTY:
        return
    rows = tokens.tokenize(tokenizer, templates.choose(tokenizer), [(1, TALKS[talk])], 1 << 20).rows
    assert [row.ids for row in rows] == [ids_of(ids) for ids, _ in golden["rows"]]
    assert ["".join("01"[flag] for flag in row.trained) for row in rows] == [mask for _, mask in golden["rows"]]


def check_prompts(tokenizer: Any, talk: str) -> None:
    """The chat's prompt for each answer is what the trainer puts before that answer, and the answer follows."""
    form = templates.choose(tokenizer)
    for end in range(1, len(TALKS[talk])):
        if TALKS[talk][end]["role"] != "assistant":
            continue
        row = tokens.tokenize(tokenizer, form, [(1, TALKS[talk][: end + 1])], 1 << 20).rows[-1]
        prompt = chat_ids(tokenizer, TALKS[talk][:end])
        assert row.ids[: len(prompt)] == prompt
        answer = tokenizer.decode(row.ids[len(prompt) :])
        assert OWN.sub("", answer).strip().startswith(TALKS[talk][end]["content"].strip())


@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_the_chat_asks_with_the_tokens_that_the_trainer_puts_before_the_answer(name: str, talk: str) -> None:
    check_prompts(tokenizer_of(name), talk)


@pytest.mark.parametrize("path", trl_templates(), ids=lambda path: path.stem)
def test_every_template_that_trl_ships_asks_as_it_trains(path: Path) -> None:
    # Qwen 3 used to be trained with empty thoughts in earlier answers and asked without them; DeepSeek was asked with an open thought.
    template = path.read_text(encoding="utf-8")
    stop = re.search(STOPS, template)
    special = sorted({*SPECIAL.findall(template), "<|return|>", "<|end|>"})
    tokenizer = make_tokenizer(template, special=special, eos=stop[0] if stop else "<|endoftext|>", bos="<s>")
    for talk in TALKS:
        if not (path.stem.startswith(REFUSED[0]) and talk == REFUSED[1]):
            check_prompts(tokenizer, talk)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_preview_shows_the_trainers_tokens(tmp_path: Path, name: str) -> None:
    tokenizer = tokenizer_of(name)
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    talks = [messages for talk, messages in TALKS.items() if talk != EMPTY]
    path = write_rows(tmp_path / "rows.jsonl", [{"messages": messages} for messages in talks])
    request = {"base_path": str(tmp_path), "dataset_path": str(path), "max_seq_length": 1 << 20, "rows": list(range(len(talks)))}
    reply = tokens.preview(request)
    form = templates.choose(tokenizer)
    for index, messages in enumerate(talks):
        rows = tokens.tokenize(tokenizer, form, [(1, messages)], 1 << 20).rows
        pieces = [(tokenizer.decode([token]), trained) for row in rows for token, trained in zip(row.ids, row.trained, strict=True)]
        assert [(token["text"], token["kind"] == "trained") for token in reply["rows"][index]["tokens"]] == pieces
        assert reply["lengths"][index] == max(len(row.ids) for row in rows)


@pytest.mark.parametrize("talk", TALKS)
def test_the_bundled_model_is_asked_as_it_was_trained(talk: str) -> None:
    check_prompts(tokens.load_tokenizer(Path(BUNDLED[DEFAULT])), talk)
