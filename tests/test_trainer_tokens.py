"""What is trained: exactly the assistant's words and the token that ends its turn, in every chat template."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from templates_help import CHATML_UNMARKED, FAMILIES, MISTRAL, OWN, PHI3, SPECIAL, STOPS, trl_templates
from trainer_help import CHATML, ROOT, TEXTS, chats, make_tokenizer, write_rows

pytest.importorskip("transformers")
from academy.curation import tokens as preview
from academy.errors import Refused
from academy.text import templates, tokens
from academy.text.failures import Failure

pytestmark = pytest.mark.training

ONE = [{"role": "user", "content": "Where is the key?"}, {"role": "assistant", "content": "Under the blue pot."}]
THREE = [
    *ONE,
    {"role": "user", "content": "And the lamp?"},
    {"role": "assistant", "content": "In the attic – box 3, naïve Ünit 東."},
    {"role": "user", "content": "Thanks"},
    {"role": "assistant", "content": "Two lines:\n\n1. one\n2. two"},
]
SYSTEM = {"role": "system", "content": "Answer briefly."}


def family(name: str) -> tuple[Any, templates.ChatForm, str, str]:
    template, special, end, before = FAMILIES[name]
    eos = {"Phi-3": "<|endoftext|>", "Gemma": "<eos>"}.get(name, end)
    tokenizer = make_tokenizer(template, special=special, eos=eos, bos="<s>")
    return tokenizer, templates.choose(tokenizer), end, before


def said(tokenizer: Any, form: templates.ChatForm, messages: list[dict[str, str]]) -> list[str]:
    """The trained texts, one for each stretch of trained tokens."""
    result = tokens.tokenize(tokenizer, form, [(1, messages)], 4096)
    assert not result.untrained, result.untrained
    found = []
    for row in result.rows:
        stretch: list[int] = []
        for token, trained in zip([*row.ids, 0], [*row.trained, False], strict=True):
            if trained:
                stretch.append(token)
            elif stretch:
                found.append(tokenizer.decode(stretch))
                stretch = []
    return found


def answers(messages: list[dict[str, str]], end: str, before: str = "") -> list[str]:
    return [before + message["content"] + end for message in messages if message["role"] == "assistant"]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("messages", [ONE, THREE, [SYSTEM, *ONE], [SYSTEM, *THREE]], ids=["one", "three", "system", "system, three"])
def test_each_family_trains_the_answers_and_their_ends_and_nothing_else(name: str, messages: list[dict[str, str]]) -> None:
    tokenizer, form, end, before = family(name)
    assert said(tokenizer, form, messages) == answers(messages, end, before)
    assert form.end_token == end
    assert form.route == ("generation markers" if "markers" in name else "per turn")


@pytest.mark.parametrize("name", FAMILIES)
def test_what_comes_before_the_trained_tokens_is_what_the_model_is_given_at_inference(name: str) -> None:
    tokenizer, form, _, _ = family(name)
    for count in (2, 4, 6):
        messages = THREE[:count]
        row = tokens.tokenize(tokenizer, form, [(1, messages)], 4096).rows[-1]
        start = max(at for at, trained in enumerate(row.trained) if trained and not row.trained[at - 1])
        prompt = tokenizer.apply_chat_template(messages[:-1], add_generation_prompt=True, tokenize=False)
        if name == "ChatML with markers" or form.route == "per turn":
            assert row.ids[:start] == tokenizer(prompt, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("path", trl_templates(), ids=lambda path: path.stem)
def test_every_template_that_trl_ships_trains_each_answer_with_an_end(path: Path) -> None:
    template = path.read_text(encoding="utf-8")
    stop = re.search(STOPS, template)
    special = sorted({*SPECIAL.findall(template), "<|return|>", "<|end|>"})
    tokenizer = make_tokenizer(template, special=special, eos=stop[0] if stop else "<|endoftext|>", bos="<s>")
    form = templates.choose(tokenizer)
    for messages in (ONE, THREE, [SYSTEM, *THREE]):
        found = said(tokenizer, form, messages)
        contents = [message["content"] for message in messages if message["role"] == "assistant"]
        assert len(found) == len(contents)
        for text, content in zip(found, contents, strict=True):
            own = OWN.match(text)
            rest = text[own.end() :] if own else text
            assert rest.startswith(content)
            assert rest[len(content) :] in form.ends


def test_the_training_template_of_a_family_is_the_one_that_trl_names() -> None:
    pytest.importorskip("trl")
    from trl.chat_template_utils import get_training_chat_template

    for path in trl_templates():
        template = path.read_text(encoding="utf-8")
        tokenizer = make_tokenizer(template, special=sorted(SPECIAL.findall(template)))
        try:
            named = get_training_chat_template(tokenizer)
        except ValueError:
            named = None
        if named is not None:
            assert templates.training_template(template) == named, path.stem


def test_without_a_system_role_its_text_opens_the_first_question_and_a_note_tells() -> None:
    _, form, _, _ = family("Gemma")
    assert not form.system
    assert any("system role" in str(note) for note in form.notes)
    text = form.write([SYSTEM, *ONE])[0].text
    assert text.count("Answer briefly.\n\nWhere is the key?") == 1


def test_a_template_that_drops_the_system_text_in_silence_is_noticed() -> None:
    silent = CHATML_UNMARKED.replace("{% for m in messages %}", "{% for m in messages if m.role != 'system' %}")
    tokenizer = make_tokenizer(silent)
    form = templates.choose(tokenizer)
    assert not form.system
    assert "Answer briefly." in form.write([SYSTEM, *ONE])[0].text


def test_markers_that_leave_out_the_end_of_the_turn_are_completed() -> None:
    cut = CHATML.replace("message.content + '<|im_end|>' }}{% endgeneration %}", "message.content }}{% endgeneration %}{{ '<|im_end|>' }}")
    tokenizer = make_tokenizer(cut)
    form = templates.choose(tokenizer)
    assert form.route == "generation markers"
    assert said(tokenizer, form, THREE) == answers(THREE, "<|im_end|>")


def test_a_template_that_never_ends_a_turn_gets_the_end_token_and_says_so() -> None:
    endless = (
        "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    tokenizer = make_tokenizer(endless, special=["<|user|>", "<|assistant|>", "<|system|>"], eos="</s>")
    form = templates.choose(tokenizer)
    assert said(tokenizer, form, THREE) == answers(THREE, "</s>")
    assert any("'</s>' is added" in str(note) for note in form.notes)


def test_a_template_without_a_generation_prompt_keeps_its_header_out_of_the_loss() -> None:
    bare = CHATML_UNMARKED.replace("{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}", "")
    tokenizer = make_tokenizer(bare)
    assert said(tokenizer, templates.choose(tokenizer), THREE) == answers(THREE, "<|im_end|>")


def test_thoughts_in_an_answer_are_trained_where_the_template_keeps_them() -> None:
    tokenizer, form, end, _ = family("Qwen3")
    thinking = [ONE[0], {"role": "assistant", "content": "<think>\nPots are in the yard.\n</think>\n\nUnder the blue pot."}]
    assert said(tokenizer, form, thinking) == [thinking[1]["content"] + end]


@pytest.mark.parametrize(
    ("template", "why"),
    [
        (CHATML_UNMARKED.replace("m.content +", "('' if m.role == 'user' else m.content) +"), "leaves out what the user says"),
        (CHATML_UNMARKED.replace("m.content", "m.content | upper"), "leaves out|changes"),
        ("{{ messages | length }} <|im_end|>" + CHATML_UNMARKED, "otherwise once there is an answer"),
        ("{{ raise_exception('no chat here') }}", "no chat here"),
        ("{% for m in messages %}{{ m.content ", "unexpected end of template"),
    ],
)
def test_a_template_that_hides_the_assistants_words_is_refused_with_the_reason(template: str, why: str) -> None:
    with pytest.raises(Failure, match=why) as refused:
        templates.choose(make_tokenizer(template))
    assert refused.value.cause == "no_template"


def test_a_base_without_a_template_gets_a_plain_one_and_the_user_is_told() -> None:
    tokenizer = make_tokenizer(None)
    form = templates.choose(tokenizer)
    assert form.route == "plain"
    assert "no chat template" in str(form.notes[0])
    assert said(tokenizer, form, [SYSTEM, *THREE]) == answers(THREE, "<|im_end|>")


def test_an_answer_that_begins_with_a_line_break_is_split_where_the_prompt_ends() -> None:
    # "\n" of the prompt and "\n\n" of the answer used to become one token, which the model never sees at inference.
    tokenizer, form, end, _ = family("Phi-3")
    messages = [ONE[0], {"role": "assistant", "content": "\n\n- one\n- two"}]
    row = tokens.tokenize(tokenizer, form, [(1, messages)], 4096).rows[0]
    prompt = tokenizer.apply_chat_template(messages[:1], add_generation_prompt=True, tokenize=True, return_dict=False)
    assert row.ids[: len(prompt)] == prompt
    assert row.trained == [False] * len(prompt) + [True] * (len(row.ids) - len(prompt))
    assert said(tokenizer, form, messages) == [messages[1]["content"] + end]


def test_tokenizers_that_mark_words_by_the_space_before_them_are_masked_right() -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    raw.decoder = decoders.Metaspace(prepend_scheme="first")
    names = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", *(f"<0x{byte:02X}>" for byte in range(256))]
    raw.train_from_iterator(TEXTS * 3, trainers.BpeTrainer(vocab_size=500, special_tokens=names, show_progress=False))
    tokenizer: Any = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>", bos_token="<s>", unk_token="<unk>")
    tokenizer.chat_template = MISTRAL
    form = templates.choose(tokenizer)
    row = tokens.tokenize(tokenizer, form, [(1, ONE)], 4096).rows[0]
    trained = [token for token, flag in zip(row.ids, row.trained, strict=True) if flag]
    context = [token for token, flag in zip(row.ids, row.trained, strict=True) if not flag]
    assert tokenizer.decode(trained).strip() == "Under the blue pot.</s>"
    assert tokenizer.decode(context).endswith("[/INST]")


def test_long_rows_are_cut_and_counted_and_rows_without_an_answer_left_are_left_out() -> None:
    tokenizer, form, _, _ = family("ChatML")
    long_question = [{"role": "user", "content": "Where? " * 200}, {"role": "assistant", "content": "There."}]
    long_answer = [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "There. " * 200}]
    result = tokens.tokenize(tokenizer, form, [(1, ONE), (2, long_question), (5, long_answer)], 64)
    assert [row.row for row in result.rows] == [1, 5]
    assert result.truncated == [2, 5]
    assert list(result.untrained) == [2]
    assert "after the limit of 64 tokens" in str(result.untrained[2])
    assert len(result.rows[1].ids) == 64 < result.rows[1].length


@pytest.mark.parametrize("template", [CHATML, PHI3], ids=["marked", "per turn"])
@pytest.mark.parametrize("limit", [24, 40, 64, 512])
def test_the_preview_counts_what_the_trainer_would_cut_and_leave_out(tmp_path: Path, template: str, limit: int) -> None:
    make_tokenizer(template).save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    talks = [ONE, THREE, [{"role": "user", "content": "Where? " * 60}, ONE[1]], [ONE[0], {"role": "assistant", "content": "There. " * 60}]]
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"messages": talk}) + "\n" for talk in talks))
    told = tokens.preview({"base_path": str(tmp_path), "dataset_path": str(rows), "max_seq_length": limit, "rows": [1]})
    tokenizer = tokens.load_tokenizer(tmp_path)
    trained = tokens.tokenize(tokenizer, templates.choose(tokenizer), list(enumerate(talks, 1)), limit)
    assert (told["truncated"], told["untrained"]) == (len(trained.truncated), len(trained.untrained))
    assert told["max_length"] == limit


def test_a_conversation_that_the_template_refuses_is_left_out_with_the_templates_own_words() -> None:
    tokenizer, form, _, _ = family("Mistral")
    result = tokens.tokenize(tokenizer, form, [(3, [*ONE, ONE[1]]), (4, ONE)], 512)
    assert [row.row for row in result.rows] == [4]
    assert "take turns" in str(result.untrained[3])


def test_the_preview_program_tells_what_is_trained_without_torch_and_soon(tmp_path: Path) -> None:
    tokenizer = make_tokenizer(CHATML)
    tokenizer.save_pretrained(tmp_path / "base")
    (tmp_path / "base" / "config.json").write_text(json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}))
    rows = chats([("Where is the key?", "Under the blue pot."), ("Long? " * 100, "No."), ("Who?", "Ada " * 90)])
    request = {
        "base_path": str(tmp_path / "base"),
        "max_seq_length": 100,
        "dataset_path": str(write_rows(tmp_path / "rows.jsonl", rows)),
        "rows": [0, 2],
        "text_limit": 4000,
    }
    (tmp_path / "request.json").write_text(json.dumps(request))
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "academy.text.tokens", str(tmp_path / "request.json")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    print(f"{time.monotonic() - began:.1f} s")
    assert done.returncode == 0, done.stdout
    reply = json.loads(done.stdout)
    assert (reply["count"], reply["truncated"], reply["untrained"]) == (3, 2, 1)
    assert reply["template"] == "generation markers"
    assert [row["index"] for row in reply["rows"]] == [0, 2]
    shown = reply["rows"][0]["tokens"]
    assert "".join(token["text"] for token in shown if token["kind"] == "trained") == "Under the blue pot.<|im_end|>"
    assert {token["kind"] for token in reply["rows"][1]["tokens"]} == {"context", "trained", "cut"}
    assert not re.search(r"\| +torch$", done.stderr, re.MULTILINE)


def test_what_the_preview_program_says_of_its_failure_reaches_the_person(tmp_path: Path) -> None:
    # It used to be "The tokens could not be counted", as the sentence was looked for in the wrong stream.
    make_tokenizer(CHATML).save_pretrained(tmp_path)
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"messages": []}\n')
    with pytest.raises(Refused, match="Row 1"):
        preview.inspect_tokens(tmp_path, rows, 512, [])
