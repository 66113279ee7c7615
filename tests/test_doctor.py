"""What a person is told about a failed training, and which knobs would help."""

import pytest

from academy.jobs.running.doctor import diagnose

LOGS = {
    "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB": "out_of_memory",
    "RuntimeError: [enforce fail at alloc_cpu.cpp] . DefaultCPUAllocator: can't allocate memory": "out_of_memory",
    "OSError: [Errno 28] No space left on device": "disk_full",
    "huggingface_hub.errors.GatedRepoError: 401 Client Error.": "gated",
    "OSError: acme/none is not a local folder and is not a valid model identifier listed on the hub": "missing",
    "socket.gaierror: [Errno -3] Temporary failure in name resolution": "offline",
    "ValueError: Cannot use chat template functions because tokenizer.chat_template is not set": "no_template",
    "RuntimeError: CUDA error: no kernel image is available for execution on the device": "cuda_mismatch",
    "RuntimeError: CUDA error: device-side assert triggered": "gpu_fault",
    "ModuleNotFoundError: No module named 'bitsandbytes'": "missing_library",
    "ImportError: cannot import name 'thing' from 'transformers'": "library_mismatch",
    "safetensors_rust.SafetensorError: Error while deserializing header: HeaderTooLarge": "damaged_base",
    "torch.distributed: Watchdog caught collective operation timeout": "timeout",
    "PermissionError: [Errno 13] Permission denied: 'adapter'": "no_permission",
    "{'loss': 'nan', 'epoch': '0.3'}": "non_finite_loss",
}


@pytest.mark.parametrize("line", LOGS)
def test_the_log_tells_the_cause_and_what_to_do(line):
    log = f"2026-01-01T10:00:00.000Z step 1\n2026-01-01T10:00:01.000Z {line}\n"
    found = diagnose(exit_code=1, signal=None, oom=False, event=None, log_tail=log)
    assert found.cause == LOGS[line]
    assert str(found.sentence).endswith(".")
    assert found.remedy


def test_memory_offers_the_same_effective_batch_in_smaller_steps():
    found = diagnose(oom=True, signal="SIGKILL", parameters={"batch_size": 8, "gradient_accumulation_steps": 2})
    assert found.cause == "out_of_memory"
    assert found.changes == {"batch_size": 4, "gradient_accumulation_steps": 4}


def test_an_odd_batch_keeps_at_least_its_effective_size():
    found = diagnose(oom=True, parameters={"batch_size": 5, "gradient_accumulation_steps": 1})
    assert found.changes == {"batch_size": 2, "gradient_accumulation_steps": 3}


def test_where_the_batch_is_one_other_ways_to_need_less_are_offered():
    found = diagnose(oom=True, parameters={"batch_size": 1, "gradient_accumulation_steps": 8, "max_seq_length": 2048})
    assert found.changes == {"gradient_checkpointing": True, "max_seq_length": 1024}
    least = {"batch_size": 1, "gradient_checkpointing": True, "max_seq_length": 256}
    assert diagnose(oom=True, parameters=least).changes is None


def test_a_loss_that_ran_away_offers_half_the_learning_rate():
    event = {"type": "failed", "cause": "non_finite_loss", "reason": "The training was stopped: non-finite loss at step 7."}
    found = diagnose(exit_code=1, event=event, parameters={"learning_rate": 3e-4})
    assert found.sentence == event["reason"]
    assert found.changes == {"learning_rate": 1.5e-4}


def test_the_trainers_own_word_counts_more_than_the_log():
    event = {"type": "failed", "cause": "bad_row", "reason": "Row 12 of the dataset cannot be used: it is not JSON.", "row": 12}
    found = diagnose(exit_code=1, event=event, log_tail="CUDA out of memory")
    assert (found.cause, found.sentence) == ("bad_row", event["reason"])
    assert "that row" in str(found.remedy)


def test_a_reason_that_says_what_to_do_is_not_said_twice():
    event = {"cause": "disk_full", "reason": "The disk became full while acme/m was fetched. Free some space and try again."}
    assert diagnose(event=event).remedy == ""


def test_an_unknown_word_of_the_trainer_is_kept():
    assert diagnose(event={"cause": "new_word", "reason": "So it is."}).sentence == "So it is."


def test_a_signal_says_who_may_have_sent_it():
    assert diagnose(signal="SIGKILL").cause == "killed"
    assert "memory" in str(diagnose(signal="SIGKILL").sentence)
    assert "SIGTERM" in str(diagnose(signal="SIGTERM").sentence)
    assert diagnose(signal="SIGSEGV").cause == "crashed"


def test_a_row_is_named_by_its_number():
    assert "Row 40 " in str(diagnose(exit_code=1, log_tail="JSONDecodeError: Expecting value: line 40 column 1").sentence)


def test_what_nobody_knows_shows_the_last_lines_of_the_log():
    found = diagnose(exit_code=3, log_tail="2026-01-01T10:00:00.000Z one\n2026-01-01T10:00:00.000Z two\n2026-01-01T10:00:01.000Z three\n\n")
    assert found.cause == "unknown"
    assert str(found.sentence) == "The last lines of its log: two / three"


def test_nothing_at_all_is_said_too():
    assert "exit code 3" in str(diagnose(exit_code=3).sentence)
    assert diagnose().sentence


def test_without_parameters_no_numbers_are_made_up():
    assert diagnose(oom=True).changes is None


def test_a_loss_that_is_none_at_the_first_step_is_the_base_models_fault() -> None:
    said = {"cause": "non_finite_loss", "reason": "The training was stopped: non-finite loss at step 1."}
    found = diagnose(event=said | {"step": 1}, parameters={"learning_rate": 1e-4})
    assert (found.cause, found.changes) == ("non_finite_loss", None)
    assert "base model" in str(found.remedy)
    assert diagnose(event=said | {"step": 2}, parameters={"learning_rate": 1e-4}).changes == {"learning_rate": 5e-5}
