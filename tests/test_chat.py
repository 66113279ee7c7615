"""The chat: one owner, replies in line, each of them purely one adapter's. The marked tests use the bundled model for real."""

import gc
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adapters_help import lora, make_base, write_tensors

from academy.adapters.store import AdapterStore
from academy.bases import Base, fingerprint
from academy.chat.decoding import StopTexts
from academy.chat.request import ChatReply, ChatRequest, Effect, Loaded, Outcome
from academy.chat.session import ChatSession
from academy.config import Settings
from academy.errors import AcademyError, Conflict, Invalid, NotFound, Refused, Unavailable
from academy.models import BUNDLED, DEFAULT
from tests.waiting import wait_until


class EchoEngine:
    """Answers with the adapter's id and the question, word by word, as slowly as it is told."""

    def __init__(self, gpu=False):
        self.base = self.adapter_id = None
        self.gpu = gpu
        self.gate = threading.Event()
        self.gate.set()
        self.pause = 0.0
        self.swaps = []
        self.fails = None

    @property
    def loaded(self):
        return Loaded(self.base, "cuda:0" if self.gpu else "cpu", self.adapter_id) if self.base else None

    def on_gpu(self):
        return self.gpu

    def prepare(self, base, adapter):
        if self.fails:
            raise self.fails
        self.base = base
        if adapter:
            self.adapter_id = adapter.adapter_id
            self.swaps.append(adapter.adapter_id)

    def generate(self, messages, adapter, sampling, stop, say):
        words = [adapter.adapter_id if adapter else "base", *messages[-1]["content"].split()][: sampling.max_new_tokens]
        count = 0
        for word in words:
            self.gate.wait(10)
            if stop.wait(self.pause):
                break
            count += 1
            say(word + " ")
        return Outcome(len(messages), count, "stopped" if stop.is_set() else "end")

    def effect(self, questions, adapter):
        return Effect(0.0, questions[0], 0, len(questions))

    def unload(self):
        self.base = self.adapter_id = None


def ask(text="how are you", **more):
    return ChatRequest.model_validate({"messages": [{"role": "user", "content": text}], **more})


@pytest.fixture
def engine():
    return EchoEngine()


@pytest.fixture
def session(tmp_path, engine):
    base = make_base(tmp_path / "base")
    settings = Settings(data_dir=tmp_path / "data", default_base_model=str(base))
    for name in ("one", "two"):
        folder = settings.models_dir / name / "adapter"
        folder.mkdir(parents=True)
        config = {"peft_type": "LORA", "r": 4, "target_modules": ["q_proj", "v_proj"], "base_model_name_or_path": str(base)}
        (folder / "adapter_config.json").write_text(json.dumps(config))
        write_tensors(folder / "adapter_model.safetensors", lora())
        record = {"base_model": str(base), "base_fingerprint": fingerprint(base), "created_at": "2026-01-01T00:00:00.000Z"}
        (folder.parent / "metadata.json").write_text(json.dumps(record))
    session = ChatSession(settings, AdapterStore(settings.models_dir, settings.training_dir), engine=engine)
    yield session
    engine.gate.set()
    session.close()


def test_without_an_adapter_the_base_model_answers(session):
    reply = session.reply(ask())
    assert (reply.text, reply.adapter_id, reply.completion_tokens, reply.stopped) == ("base how are you ", None, 4, False)
    assert reply.base_model.endswith("base")


def test_a_chat_that_is_opened_while_a_question_waits_keeps_the_model_of_the_question(session, engine):
    session.activate("one")
    engine.gate.clear()
    reply = session.stream(ask(adapter_id="two"))
    session.warm()
    engine.gate.set()
    assert reply.whole().adapter_id == "two"
    assert session.reply(ask(adapter_id="two")).adapter_id == "two"  # comes after what the opened chat put in line
    assert engine.swaps == ["two", "two"]


_EXPECTED = """
import sys, time
from academy.adapters.store import AdapterStore
from academy.chat import session as sessions
from academy.chat.session import ChatSession
from academy.config import Settings

sessions._SPARE = 0  # whatever this machine has free
settings = Settings(data_dir=sys.argv[1], _env_file=None)
session = ChatSession(settings, AdapterStore(settings.models_dir, settings.training_dir))
assert "torch" not in sys.modules
session.expect()
until = time.monotonic() + 60
while session._line.busy or "transformers.modeling_utils" not in sys.modules:
    assert time.monotonic() < until
    time.sleep(0.05)
assert "torch" in sys.modules and "peft" in sys.modules and session._engine is None
session.close()
"""


@pytest.mark.training
def test_an_expected_chat_has_its_libraries_and_no_model(tmp_path):
    done = subprocess.run([sys.executable, "-c", _EXPECTED, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_active_adapter_answers_and_is_named(session):
    session.activate("one")
    assert session.reply(ask()).adapter_id == "one"
    assert session.reply(ask(adapter_id="two")).text.startswith("two")
    assert session.reply(ask(adapter_id="base")).adapter_id is None
    assert session.deactivate().adapter_id == "one"
    assert session.deactivate() is None
    assert session.reply(ask()).adapter_id is None


def test_a_stream_is_the_reply_in_pieces(session):
    *pieces, reply = session.stream(ask())
    assert isinstance(reply, ChatReply)
    assert "".join(pieces) == reply.text


def test_nothing_is_loaded_before_somebody_asks(session, engine):
    session.activate("one")
    assert engine.base is None
    assert session.state()["active_adapter_id"] == "one"
    assert "academy.chat.engine" not in sys.modules or "torch" in sys.modules


def test_an_unknown_adapter_is_not_found_and_a_bad_name_invalid(session):
    for verb in (session.activate, lambda name: session.stream(ask(adapter_id=name))):
        with pytest.raises(NotFound):
            verb("nobody")
        with pytest.raises(Invalid):
            verb("../one")


def test_an_adapter_answers_only_on_its_own_base(session):
    with pytest.raises(Refused, match="belongs to"):
        session.reply(ask(adapter_id="one", base_model=DEFAULT))


def test_a_swap_waits_for_the_reply_in_progress(session, engine):
    session.activate("one")
    session.reply(ask())
    engine.gate.clear()
    stream = []
    talking = threading.Thread(target=lambda: stream.extend(session.stream(ask("a b c"))))
    talking.start()
    wait_until(lambda: session.state()["busy"], "the first request to be answered")
    swapping = threading.Thread(target=lambda: session.activate("two"))
    swapping.start()
    wait_until(lambda: session._line._tasks, "the swap to wait in line")
    assert session.state()["active_adapter_id"] == "one"
    engine.gate.set()
    talking.join(5)
    swapping.join(5)
    assert stream[-1].text == "one a b c "
    assert session.reply(ask()).adapter_id == "two"


def test_a_failed_swap_leaves_the_old_adapter_active(session, engine):
    session.activate("one")
    session.reply(ask())
    engine.fails = Refused("broken")
    with pytest.raises(Refused):
        session.activate("two")
    engine.fails = None
    assert session.state()["active_adapter_id"] == "one"
    assert session.reply(ask()).adapter_id == "one"


def test_a_broken_adapter_is_refused_before_it_is_touched(session, engine):
    session.activate("one")
    weights = session._adapters.get("two").path / "adapter_model.safetensors"
    tensors = lora()
    next(iter(tensors.values()))[0, 0] = float("nan")
    write_tensors(weights, tensors)
    with pytest.raises(Refused, match="not finite"):
        session.activate("two")
    with pytest.raises(Refused, match="not finite"):
        session.reply(ask(adapter_id="two"))
    assert engine.swaps == []
    assert session.reply(ask()).adapter_id == "one"


def test_stop_ends_the_reply_and_what_was_said_stays(session, engine):
    stream = session.stream(ask("a b c d e f"))
    assert next(stream) == "base "
    engine.gate.clear()
    assert session.stop() or True
    engine.gate.set()
    *_, reply = stream
    assert reply.text.startswith("base ")
    assert reply.stopped or reply.completion_tokens == 7


def test_a_closed_or_dropped_stream_ends_the_reply(session, engine):
    for end in (lambda stream: stream.close(), lambda stream: None):
        stream = session.stream(ask("w " * 10_000)).wait()
        end(stream)
        del stream
        gc.collect()
        wait_until(lambda: not session.state()["busy"], "the reply to end")


def test_a_request_that_is_closed_leaves_the_line_at_once(session, engine):
    engine.gate.clear()
    first, second, third = (session.stream(ask(text)) for text in ("one", "two", "three"))
    wait_until(lambda: session.state()["busy"], "the first request to be answered")
    told = []

    def wait():
        try:
            second.wait()
        except Conflict as error:
            told.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    second.close()
    waiting.join(5)
    assert told
    assert session.state()["waiting"] == 1
    first.close()
    with pytest.raises(Conflict):
        first.wait()  # its first word had not come yet
    engine.gate.set()
    assert third.whole().text == "base three "


def test_a_dropped_request_is_passed_over_when_its_turn_comes(session, engine):
    engine.gate.clear()
    first = session.stream(ask("one"))
    wait_until(lambda: session.state()["busy"], "the first request to be answered")
    session.stream(ask("nobody waits for this"))
    gc.collect()
    last = session.stream(ask("three"))
    engine.gate.set()
    assert (first.whole().text, last.whole().text) == ("base one ", "base three ")
    assert not session.state()["busy"]


def test_requests_wait_in_line_and_a_long_line_is_refused(session, engine):
    engine.gate.clear()
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(session.reply(ask()).text)) for _ in range(17)]
    threads[0].start()
    wait_until(lambda: session.state()["busy"], "the first request to be answered")
    for thread in threads[1:]:
        thread.start()
    wait_until(lambda: session.state()["waiting"] == 16, "a full line")
    with pytest.raises(Unavailable, match="busy"):
        session.stream(ask())
    engine.gate.set()
    for thread in threads:
        thread.join(5)
    assert replies == ["base how are you "] * 17


def test_on_a_gpu_the_chat_steps_aside_and_says_why(tmp_path, session, engine):
    engine.gpu = True
    session.reply(ask())
    session.step_aside("Handbook is training on the GPU.")
    assert engine.loaded is None
    with pytest.raises(Unavailable, match="Handbook is training"):
        session.stream(ask()).wait()
    assert session.state()["aside"]
    session.activate("one")
    assert engine.loaded is None
    session.come_back()
    assert session.reply(ask()).adapter_id == "one"


def test_on_a_cpu_the_chat_goes_on_beside_a_training(session, engine):
    session.reply(ask())
    session.step_aside("Handbook is training.")
    assert engine.loaded is not None
    assert session.reply(ask()).text


def test_an_error_of_the_engine_reaches_whoever_asked_and_the_chat_lives_on(session, engine):
    engine.fails = RuntimeError("surprise")
    with pytest.raises(Unavailable, match="RuntimeError"):
        session.reply(ask())
    engine.fails = None
    assert session.reply(ask()).text


def test_after_close_the_chat_says_so(session):
    session.reply(ask())
    session.close()
    with pytest.raises(Unavailable):
        session.reply(ask())


def test_a_request_is_checked():
    for bad in (
        {"messages": []},
        {"messages": [{"role": "assistant", "content": "x"}]},
        {"messages": [{"role": "user", "content": " "}]},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": "x"}], "temperature": -1},
        {"messages": [{"role": "user", "content": "x"}], "top_p": 0},
        {"messages": [{"role": "user", "content": "x"}], "max_new_tokens": 0},
        {"messages": [{"role": "user", "content": "x"}], "unknown": 1},
        {"messages": [{"role": "user", "content": "x"}], "temperature": float("nan")},
    ):
        with pytest.raises(ValueError):
            ChatRequest.model_validate(bad)


def test_a_reply_ends_before_a_stop_text_however_it_arrives():
    for pieces in (["Hello END more"], ["Hello E", "ND more"], ["Hello ", "E", "N", "D"]):
        cutter = StopTexts(["END"])
        assert "".join([*(cutter.feed(piece) for piece in pieces), cutter.rest()]) == "Hello "
        assert cutter.found
    cutter = StopTexts(["END"])
    assert "".join([*(cutter.feed(piece) for piece in ("The E", "N of it EN")), cutter.rest()]) == "The EN of it EN"


def test_a_stop_text_ends_the_reply(session):
    reply = session.reply(ask("a b c d", stop=["b "]))
    assert (reply.text, reply.finish, reply.stopped) == ("base a ", "end", False)


# ------------------------------------------------------------------ for real


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A data folder with adapters of several makes for the bundled model, each with a voice of its own."""
    import peft
    import torch
    import transformers

    data = tmp_path_factory.mktemp("data")
    torch.set_num_threads(1)  # the model is tiny, and other tests may run beside this one
    base = BUNDLED[DEFAULT]
    makes = {
        "a": {"r": 16}, "b": {"r": 16}, "small": {"r": 4}, "few": {"r": 8, "target_modules": ["q_proj", "v_proj"]},
        "dora": {"r": 8, "use_dora": True}, "stable": {"r": 32, "use_rslora": True},
    }  # fmt: skip
    for seed, (name, make) in enumerate(makes.items()):
        torch.manual_seed(seed)
        model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        config = peft.LoraConfig(lora_alpha=32, task_type="CAUSAL_LM", **({"target_modules": "all-linear"} | make))
        adapted = peft.get_peft_model(model, config)
        for key, parameter in adapted.named_parameters():
            if "lora_B" in key:
                torch.nn.init.normal_(parameter, std=0.4)
        folder = data / "models" / name / "adapter"
        adapted.save_pretrained(folder, save_embedding_layers=False)
        record = {"base_model": DEFAULT, "base_fingerprint": fingerprint(base), "created_at": f"2026-01-0{seed + 1}T00:00:00.000Z"}
        (folder.parent / "metadata.json").write_text(json.dumps(record))
    return data


@pytest.fixture(scope="module")
def real(trained):
    settings = Settings(data_dir=trained, enable_gpu=False)
    session = ChatSession(settings, AdapterStore(settings.models_dir, settings.training_dir))
    yield session
    session.close()


@pytest.fixture(scope="module")
def wanted(trained):
    """What plain PEFT says, adapter by adapter."""
    import peft
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(BUNDLED[DEFAULT])
    prompt = tokenizer.apply_chat_template([{"role": "user", "content": QUESTION}], add_generation_prompt=True, tokenize=False)
    ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
    said = {}
    for name in ("base", "a", "b", "small", "few", "dora", "stable"):
        model: Any = transformers.AutoModelForCausalLM.from_pretrained(BUNDLED[DEFAULT], dtype=torch.float32)
        if name != "base":
            model = peft.PeftModel.from_pretrained(model, trained / "models" / name / "adapter")
        with torch.inference_mode():
            out = model.generate(**ids, max_new_tokens=24, do_sample=False)
        said[name] = tokenizer.decode(out[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
    assert len(set(said.values())) == len(said)
    return said


QUESTION = "What do you know about the harbour?"


@pytest.mark.training
def test_every_make_of_adapter_answers_as_plain_peft_does(real, wanted):
    for name in ("base", "a", "b", "a", "small", "few", "a", "dora", "stable", "few", "dora", "small", "base", "b"):
        reply = real.reply(ask(QUESTION, adapter_id=name, max_new_tokens=24))
        assert (name, reply.text) == (name, wanted[name])
        assert reply.adapter_id == (None if name == "base" else name)


@pytest.mark.training
def test_swaps_during_replies_never_mix_two_voices(real, wanted):
    real.activate("a")
    real.reply(ask(QUESTION, max_new_tokens=24))
    replies, going = [], threading.Event()

    def talk():
        while not going.is_set():
            replies.append(real.reply(ask(QUESTION, max_new_tokens=24)))

    talking = [threading.Thread(target=talk) for _ in range(2)]
    for thread in talking:
        thread.start()
    for name in ("b", "small", "a", "few", "b") * 2:
        real.activate(name)
        given = len(replies)
        wait_until(lambda given=given: len(replies) > given, "a reply between two swaps")
    real.deactivate()
    going.set()
    for thread in talking:
        thread.join(30)
    assert len({reply.adapter_id for reply in replies}) > 1
    for reply in replies:
        assert reply.text == wanted[reply.adapter_id or "base"]


def prompt_of(tokenizer):
    prompt = tokenizer.apply_chat_template([{"role": "user", "content": QUESTION}], add_generation_prompt=True, tokenize=False)
    return tokenizer(prompt, return_tensors="pt", add_special_tokens=False)


@pytest.mark.training
def test_a_strength_multiplies_what_was_trained_whatever_its_scale_is(trained):
    import peft
    import torch
    import transformers
    from peft.tuners.lora import LoraLayer

    from academy.chat.swapping import Swapped

    store = AdapterStore(trained / "models", trained / "training")
    ids = prompt_of(transformers.AutoTokenizer.from_pretrained(BUNDLED[DEFAULT]))

    def fresh() -> Any:
        return transformers.AutoModelForCausalLM.from_pretrained(BUNDLED[DEFAULT], dtype=torch.float32).eval()

    with torch.inference_mode():
        base, swapped = fresh()(**ids).logits, Swapped(fresh())
        for name in ("a", "stable", "small", "few"):
            plain: Any = peft.PeftModel.from_pretrained(fresh(), trained / "models" / name / "adapter").eval()
            layers = [module for module in plain.modules() if isinstance(module, LoraLayer)]
            scales = [module.scaling["default"] for module in layers]
            for strength in (1.0, 0.0, 0.5, 1.5, 1.0):
                for module, scale in zip(layers, scales, strict=True):
                    module.scaling["default"] = scale * strength
                swapped.put(replace(store.get(name), strength=strength))
                with swapped.only(replace(store.get(name), strength=strength)):
                    found = swapped.model(**ids).logits
                assert torch.equal(found, base if strength == 0 else plain(**ids).logits), (name, strength)
                assert torch.equal(found, base) == (strength == 0)


@pytest.mark.training
def test_a_hundred_swaps_and_strengths_during_replies_never_mix_two_voices(real, wanted):
    store = real._adapters
    said = {("base", 1.0): wanted["base"]}
    for name in ("a", "b", "small"):
        for strength in (0.8, 1.0):
            store.scale(name, strength)
            said[name, strength] = real.reply(ask(QUESTION, adapter_id=name, max_new_tokens=24)).text
        assert said[name, 1.0] == wanted[name]
    assert len(set(said.values())) == len(said)
    replies, going = [], threading.Event()

    def talk():
        while not going.is_set():
            replies.append(real.reply(ask(QUESTION, max_new_tokens=24)))

    real.activate("a")
    talking = [threading.Thread(target=talk) for _ in range(2)]
    for thread in talking:
        thread.start()
    for turn in range(100):
        name = ("a", "b", "small")[turn % 3]
        store.scale(name, (0.8, 1.0)[turn % 2])
        real.activate(name)
        if turn % 5 == 0:
            given = len(replies)
            wait_until(lambda given=given: len(replies) > given, "a reply between two swaps")
    going.set()
    for thread in talking:
        thread.join(30)
    assert len({reply.text for reply in replies}) > 3
    for reply in replies:
        assert reply.text in {said[reply.adapter_id, strength] for strength in (0.8, 1.0)}
    for name in ("a", "b", "small"):
        store.scale(name, 1.0)
    real.deactivate()


@pytest.mark.training
def test_the_proof_of_effect_is_the_largest_difference_of_a_logit(real):
    acting = real.effect("a", ["Who?", QUESTION])
    assert acting.largest > 1
    assert acting.question in ("Who?", QUESTION)
    assert 0 < acting.changed <= acting.of
    real._adapters.scale("a", 0.0)
    idle = real.effect("a", ["Who?", QUESTION])
    real._adapters.scale("a", 1.0)
    assert (idle.largest, idle.changed, idle.of) == (0.0, 0, acting.of)
    with pytest.raises(NotFound):
        real.effect("nothing", ["Who?"])


@pytest.mark.training
def test_fifty_swaps_leave_the_memory_as_it_was(real):
    import psutil

    for names in (("a", "b"), ("a", "few")):
        for name in names * 3:
            real.reply(ask(QUESTION, adapter_id=name, max_new_tokens=1))
        gc.collect()
        before = psutil.Process().memory_info().rss
        for turn in range(50):
            real.reply(ask(QUESTION, adapter_id=names[turn % 2], max_new_tokens=1))
        gc.collect()
        assert psutil.Process().memory_info().rss - before < 8 << 20


@pytest.mark.training
def test_a_seed_makes_a_drawn_reply_come_again(real):
    drawn = {"temperature": 1.0, "top_p": 0.9, "max_new_tokens": 24, "adapter_id": "base"}
    first, again, other = (real.reply(ask(QUESTION, seed=seed, **drawn)).text for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.training
def test_stop_ends_a_real_reply_at_once(real):
    stream = real.stream(ask(QUESTION, adapter_id="a", max_new_tokens=2000))
    next(stream)
    began = time.monotonic()
    assert real.stop()
    *_, reply = stream
    assert reply.stopped
    assert reply.completion_tokens < 2000
    assert time.monotonic() - began < 10


@pytest.mark.training
def test_a_long_conversation_loses_its_oldest_turns_and_says_so(real):
    turns = [{"role": "system", "content": "Be brief."}]
    for turn in range(60):
        turns += [{"role": "user", "content": f"Question {turn}: " + "word " * 30}, {"role": "assistant", "content": "answer " * 20}]
    request = ChatRequest.model_validate({"messages": [*turns, {"role": "user", "content": "And now?"}], "max_new_tokens": 4})
    reply = real.reply(request)
    assert any("left out" in note for note in reply.notes)
    assert reply.prompt_tokens <= 2048
    with pytest.raises(Invalid, match="too long"):
        real.reply(ask("word " * 5000))


@pytest.mark.training
def test_a_truncated_adapter_is_refused_and_the_old_one_answers_on(real, wanted, trained):
    real.activate("a")
    real.reply(ask(QUESTION, max_new_tokens=1))
    weights = trained / "models/b/adapter/adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    try:
        with pytest.raises(Refused, match="cut short"):
            real.activate("b")
    finally:
        weights.write_bytes(whole)
    assert real.reply(ask(QUESTION, max_new_tokens=24)).text == wanted["a"]
    real.deactivate()


@pytest.mark.training
def test_an_adapter_that_changes_on_disk_is_read_again(real, wanted, trained):
    weights = trained / "models/b/adapter/adapter_model.safetensors"
    whole = weights.read_bytes()
    assert real.reply(ask(QUESTION, adapter_id="b", max_new_tokens=24)).text == wanted["b"]
    weights.write_bytes((trained / "models/a/adapter/adapter_model.safetensors").read_bytes())
    os.utime(weights, (1, 1))
    try:
        assert real.reply(ask(QUESTION, adapter_id="b", max_new_tokens=24)).text == wanted["a"]
    finally:
        weights.write_bytes(whole)


@pytest.mark.training
def test_a_base_model_that_is_not_there_says_so(real):
    with pytest.raises(AcademyError, match="not on this machine"):
        real.reply(ask(adapter_id="base", base_model="nobody/has-this"))
    with pytest.raises(AcademyError, match="cannot be used"):
        real.reply(ask(adapter_id="base", base_model="/nowhere/at/all"))


@pytest.mark.training
def test_text_comes_whole_whatever_the_bytes_of_its_tokens():
    import transformers

    from academy.chat.decoding import Spelling

    tokenizer = transformers.AutoTokenizer.from_pretrained(BUNDLED[DEFAULT])
    for text in ("Zażółć gęślą jaźń", "日本語 👩‍👩‍👧 ok", "naïve — “quotes” 🚀🚀", "  two  spaces\n\ttab"):
        spelling = Spelling(tokenizer)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        pieces = [spelling.feed(token) for token in ids]
        assert "\ufffd" not in "".join(pieces)
        assert "".join(pieces) + spelling.rest() == text
        cut = Spelling(tokenizer)
        assert "\ufffd" not in "".join([*(cut.feed(token) for token in ids[:-1]), cut.rest()])


@pytest.mark.training
def test_a_reply_that_was_cut_goes_on_where_it_ended(real):
    question = "What is the capital of France?"
    whole = real.reply(ask(question, adapter_id="base", max_new_tokens=40))
    for cut in (2, 5):
        first = real.reply(ask(question, adapter_id="base", max_new_tokens=cut))
        assert first.finish == "length"
        rest = real.reply(ask(question, adapter_id="base", max_new_tokens=40 - cut, prefix=first.text))
        assert first.text.rstrip(" ") + rest.text == whole.text
        assert rest.completion_tokens == whole.completion_tokens - cut


def test_the_beginning_of_a_reply_reaches_the_engine_as_its_last_message(session, engine):
    seen = []
    engine.generate = lambda messages, *_: seen.append(messages) or Outcome(1, 0, "end")
    session.reply(ask("how are you", prefix="I am "))
    assert seen[0][-1] == {"role": "assistant", "content": "I am "}


@pytest.mark.training
def test_a_model_without_a_template_or_system_role_is_asked_as_it_was_trained(tmp_path):
    import shutil

    import transformers

    from academy.chat.engine import TransformersEngine
    from academy.chat.fitting import encode

    for name, template in (
        ("plain", ""),
        ("gemma", "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
                  "[{{ m.role }}]{{ m.content }}{% endfor %}[model]"),
    ):  # fmt: skip
        folder = tmp_path / name
        shutil.copytree(BUNDLED[DEFAULT], folder)
        (folder / "chat_template.jinja").unlink()
        if template:
            (folder / "chat_template.jinja").write_text(template)
        engine = TransformersEngine(use_gpu=False)
        engine.prepare(Base(str(folder), "folder", Path(folder)), None)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        assert engine._held is not None
        form = engine._held.form
        ids = encode(tokenizer, form, [{"role": "system", "content": "Be brief."}], [{"role": "user", "content": "Hello"}])
        wanted = {"plain": "Be brief.\n\n### Question:\nHello\n\n### Answer:\n", "gemma": "[user]Be brief.\n\nHello[model]"}[name]
        assert tokenizer.decode(ids) == wanted


@pytest.mark.training
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_numbers_that_are_not_finite_are_refused_at_the_first_token(temperature):
    import torch

    from academy.chat.decoding import Chooser
    from academy.chat.request import Sampling

    choose = Chooser(Sampling(temperature=temperature, seed=1), 0)
    with pytest.raises(Refused, match="not finite"):
        choose(None, torch.tensor([[0.0, float("nan"), 1.0]]))


@pytest.mark.training
def test_a_drawn_token_is_the_only_one_that_greedy_search_can_take():
    import torch

    from academy.chat.decoding import Chooser
    from academy.chat.request import Sampling

    scores = torch.tensor([[0.0, 3.0, 2.9, -9.0]])
    assert Chooser(Sampling(temperature=0), 0)(None, scores) is scores
    drawn = [Chooser(Sampling(temperature=1, top_p=0.9, seed=seed), 0)(None, scores) for seed in range(20)]
    assert {int(chosen.isfinite().sum()) for chosen in drawn} == {1}
    assert {int(chosen.argmax()) for chosen in drawn} == {1, 2}
