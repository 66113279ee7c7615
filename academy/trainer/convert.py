"""`python -m academy.trainer.convert <job folder> <bases folder> <GGUF file>`: makes an ordinary model folder of a GGUF file.

The folder is written aside and takes its place in one step, so a kill leaves nothing half. Without a file the base model is ready, and
only its fingerprint is taken.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from academy.bases import check_folder, converted, fingerprint, gguf
from academy.bases.folders import RECORD
from academy.bases.gguf import Header
from academy.bases.packages import PACKAGES
from academy.chat.memory import free_memory, is_memory_error
from academy.errors import AcademyError, NoSpace, foreign_code
from academy.files import sync_folder, write_json
from academy.jobs.folder import JobFolder, remove
from academy.messages import msg
from academy.text.failures import Failure, explain
from academy.trainer.report import Report, now

_LIBRARIES = 700 << 20  # bytes of torch and transformers in memory
_SPARE = 200 << 20
_LOADED, _TOKENIZED, _READ, _UNPACKED, _WRITTEN = 0.1, 0.3, 0.45, 0.85, 0.95  # shares of the work, by SmolLM2; the header is read thrice
_TEXTS = ("Hello, world! 12 + 34 = 46.", "Zażółć gęślą jaźń. Größe, 你好 🙂", "def f(x):\n    return x\n")
_TALK = [
    {"role": "user", "content": "Which port does staging use?"},
    {"role": "assistant", "content": "Port 8447."},
    {"role": "user", "content": "Thank you."},
]


def main(arguments: list[str]) -> int:
    """Converts, and reports how it ends; 0 where `fetched.json` names the folder."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = JobFolder(Path(arguments[0]).absolute())
    report = Report(folder.path)
    try:
        spec = json.loads(folder.spec.read_bytes())
        source = Path(arguments[2]) if arguments[2] else None
        made = convert(spec["base_model"], source, Path(arguments[1]), folder, report) if source else Path(spec["base_path"])
        write_json(folder.fetched, {"path": str(made), "fingerprint": fingerprint(made)})
        report.event("finished")
        report.sync()
    except Exception as error:  # noqa: BLE001  the top of a program
        failure = _explained(error)
        lines = "".join(traceback.format_exception(error))
        report.say(lines.rstrip())
        with contextlib.suppress(OSError):  # the disk may be full; the exit code and the log still report it
            kind = type(error).__name__
            report.event("failed", reason=failure.text, cause=failure.cause, error_type=kind, traceback=lines[-4000:])
        return 1
    return 0


def _explained(error: Exception) -> Failure:
    """The failure with its cause; running out of memory is no fault of the file."""
    if not isinstance(error, AcademyError):
        return explain(error)
    if isinstance(error.__cause__, Exception) and is_memory_error(error.__cause__):
        return explain(error.__cause__)
    return Failure(error.text, "disk_full" if isinstance(error, NoSpace) else "unsupported_base")


def convert(name: str, source: Path, bases: Path, folder: JobFolder, report: Report) -> Path:
    """The folder with the converted model; one that another job has made of the same file is taken as it is."""
    header = gguf.read(source)
    gguf.check(header)
    mark = gguf.fingerprint(source)
    if made := converted.of_file(bases, mark):
        report.say(f"{made.name} is there already.")
        return made
    check_memory(header)
    check_disk(header, folder.path)
    remove(folder.converting)
    folder.converting.mkdir()
    _progress(report, 0.0)
    report.say(f"Converting {source.name}: {header.architecture}, {header.parameters:,} weights as {', '.join(sorted(header.types))}.")
    _make(header, folder, report)
    check_folder(folder.converting)
    write_json(folder.converting / RECORD, _record(name, header, mark))
    place = converted.target(bases, name, mark)
    bases.mkdir(parents=True, exist_ok=True)
    remove(place)
    os.rename(folder.converting, place)
    sync_folder(bases)
    # A file that was fetched for this alone.
    folder.download.unlink(missing_ok=True)
    report.say(f"{name} is ready in {place.name}.")
    return place


def check_memory(header: Header) -> None:
    """Raises Failure where the weights do not fit: all of them unpacked, and the largest tensor twice in fp32 on its way.

    SmolLM2 needs 0.94 GB so, of which 0.45 are the libraries.
    """
    width = 4 if header.types == {"F32"} else 2
    largest = max(tensor.count for tensor in header.tensors)
    needed, free = int(1.2 * width * header.parameters) + 8 * largest + _LIBRARIES, free_memory()
    if free is not None and needed > free:
        raise Failure(msg(_NO_MEMORY, needed=needed, free=free), "out_of_memory")


_NO_MEMORY = (
    "Converting the base model needs about {needed:size} of memory, and {free:size} are free. "
    "Close other programs, or choose a smaller one."
)


def check_disk(header: Header, folder: Path) -> None:
    """Raises Failure where the converted model does not fit on the disk."""
    needed, free = header.converted_bytes + _SPARE, shutil.disk_usage(folder).free
    if needed > free:
        why = "The converted base model needs about {needed:size} on the disk, and {free:size} are free. Free some space and try again."
        raise Failure(msg(why, needed=needed, free=free), "disk_full")


def llama3_scaling(factors: list[float], theta: float, head_dim: int) -> dict[str, Any] | None:
    """The scaling that Llama 3.1 and later write as factors of the frequencies (`rope_freqs`); None where they are of another kind.

    As transformers computes it (modeling_rope_utils, `llama3`), with the values that all of these models have.
    """
    scaling = {"factor": max(factors), "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
    expected = []
    for at in range(head_dim // 2):
        wavelength = 2 * math.pi * theta ** (2 * at / head_dim)
        smooth = (8192 / wavelength - 1.0) / 3.0
        factor = scaling["factor"]
        expected.append(1 / ((1 - smooth) / factor + smooth) if 0 < smooth < 1 else 1.0 if smooth >= 1 else factor)
    close = len(factors) == len(expected) and all(abs(a - b) <= 1e-2 * b for a, b in zip(factors, expected, strict=True))
    return {"rope_type": "llama3", "rope_theta": theta} | scaling if close else None


def _make(header: Header, folder: JobFolder, report: Report) -> None:
    """Writes tokenizer, chat template, configuration and weights, and checks them against the file."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    _progress(report, _LOADED)
    with _named_gguf(header.path, folder.path) as (place, file):
        with foreign_code("Rebuilding the tokenizer of the file", hint="Choose another model."):
            tokenizer = transformers.AutoTokenizer.from_pretrained(place, gguf_file=file)
            tokenizer.save_pretrained(folder.converting)
            saved = transformers.AutoTokenizer.from_pretrained(str(folder.converting), local_files_only=True)
        _check_tokenizer(header, tokenizer, saved, report)
        _progress(report, _TOKENIZED)
        model = _unpack(header, place, file, report)
    _progress(report, _UNPACKED)
    model.save_pretrained(folder.converting)
    _name_dtype(folder.converting / "config.json")
    _progress(report, _WRITTEN)
    for path in folder.converting.iterdir():
        path.chmod(0o644)  # a container reads it as another user
        with open(path, "rb") as written:
            os.fsync(written.fileno())


def dtypes(types: frozenset[str]) -> list[str]:
    """The types to keep the weights in, the first that holds them all: the file's own where it has one, else fp16.

    Measured on SmolLM2 (Q4_1) against the unpacked weights in fp32: the mean KL of 900 tokens is 3.5e-6 in fp16 and 5.7e-5 in bf16, of
    the same size. The scales of packed blocks are fp16 themselves, so the weights are in its range; where not, bf16 holds them.
    """
    if types == {"F32"}:
        return ["float32"]
    return ["bfloat16"] if types <= {"F32", "BF16"} else ["float16", "bfloat16"]


def _unpack(header: Header, place: str, file: str, report: Report) -> Any:
    import torch
    import transformers

    config = transformers.AutoConfig.from_pretrained(place, gguf_file=file)
    restore_rope(header, config)
    _progress(report, _READ)
    bad = ""
    for dtype in dtypes(header.types):
        loading = foreign_code("Loading the file's weights", hint="Choose another model, or the same one in safetensors.")
        with loading, _counted(len(header.tensors), lambda part: _progress(report, _READ + part * (_UNPACKED - _READ))):
            loaded: Any = transformers.AutoModelForCausalLM.from_pretrained(
                place,
                config=config,
                gguf_file=file,
                dtype=getattr(torch, dtype),
                quantization_config=transformers.GgufConfig(dequantize=True),
                output_loading_info=True,
                local_files_only=True,
            )
        model, info = loaded
        if missing := sorted(info["missing_keys"]):
            why = "The file lacks {n} weights that its architecture has ({name}, …), so it cannot be converted. Choose another model."
            raise Failure(msg(why, n=len(missing), name=missing[0]), "unsupported_base")
        bad = next((name for name, weight in model.named_parameters() if not bool(weight.isfinite().all())), "")
        if not bad:
            return model
        del loaded, model  # the next one needs their memory
    why = "The file's weights hold NaN or infinity ({name}), so it is damaged. Fetch or copy it again."
    raise Failure(msg(why, name=bad), "damaged_base")


def _name_dtype(path: Path) -> None:
    """Lets other programs compute in bf16: in fp16 the activations of many models overflow."""
    config = json.loads(path.read_bytes())
    if config.get("dtype") == "float16":
        write_json(path, config | {"dtype": "bfloat16"})


@contextlib.contextmanager
def _named_gguf(source: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """A folder and a name in it with the ending that transformers looks for; Ollama's files have none."""
    place = folder / "base.link"
    remove(place)
    place.mkdir()
    try:
        (place / "model.gguf").symlink_to(source.absolute())
        yield str(place), "model.gguf"
    finally:
        remove(place)


@contextlib.contextmanager
def _counted(tensors: int, tell: Callable[[float], None]) -> Iterator[None]:
    """Tells how many tensors are unpacked; transformers shows it only as a progress bar, so the bar is replaced."""
    from transformers import modeling_gguf_pytorch_utils as loader

    before = loader.tqdm

    def counted(items: Any, **_: Any) -> Iterator[Any]:
        last = 0.0
        for number, item in enumerate(items, 1):
            yield item
            if number / tensors - last >= 0.02:
                last = number / tensors
                tell(last)

    loader.tqdm = counted
    try:
        yield
    finally:
        loader.tqdm = before


def restore_rope(header: Header, config: Any) -> None:
    """Puts back what the loader leaves out: the factors of the frequencies."""
    tensor = next((item for item in header.tensors if item.name == "rope_freqs.weight"), None)
    if tensor is None:
        return
    import numpy

    at = header.data_start + tensor.offset
    factors = numpy.fromfile(header.path, dtype="<f4", count=tensor.count, offset=at).tolist() if tensor.type == 0 else []
    text = config.get_text_config()
    head_dim = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    theta = header.metadata.get(f"{header.architecture}.rope.freq_base", 10_000.0)
    scaling = llama3_scaling(factors, theta, head_dim) if factors else None
    if scaling is None:
        raise Failure(
            "The file stretches its context by factors (rope_freqs) that would be lost. Choose another model.", "unsupported_base"
        )
    text.rope_parameters = scaling


def _check_tokenizer(header: Header, loaded: Any, saved: Any, report: Report) -> None:
    """Raises Failure unless the saved tokenizer has the file's words, gives texts back, and writes a conversation as the file says."""
    words = gguf.texts(header, "tokenizer.ggml.tokens")
    marks = {key: header.metadata.get(f"tokenizer.ggml.{key}_token_id") for key in ("bos", "eos")}
    ids = sorted({*range(0, len(words), 97), *(mark for mark in marks.values() if isinstance(mark, int) and mark < len(words))})
    wrong = [at for at in ids if saved.convert_ids_to_tokens(at) != words[at]]
    # The loader spells some words otherwise on purpose: runs of spaces, and bytes.
    if len(wrong) > max(1, len(ids) // 50):
        raise _other_tokenizer(msg("word {n} is {there!r} in the file and {here!r} here", **_difference(words, saved, wrong[0])))
    for text in _TEXTS:
        ids = saved(text, add_special_tokens=False)["input_ids"]
        back = saved.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        if back.strip() != text.strip() and saved.unk_token_id not in ids:
            raise _other_tokenizer(msg("{text!r} comes back as {back!r}", text=text, back=back[:60]))
    if not header.template:
        report.note("The file has no chat template; a plain one is used.")
    elif saved.chat_template != header.template or _rendered(saved) != _rendered(loaded):
        raise _other_tokenizer(msg("the chat template differs"))
    pre = header.text("tokenizer.ggml.pre")
    if header.text("tokenizer.ggml.model") == "gpt2" and pre not in _known_splits():
        note = "The file splits text in a way ({pre!r}) that transformers does not know; some words may be cut otherwise."
        report.note(msg(note, pre=pre))


def _known_splits() -> set[str]:
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

    # Those that split as GPT-2 does; SmolLM splits off digits too, but no merge of its vocabulary joins them.
    return {*GGUF_PRE_TOKENIZER_SPLITS, "", "default", "gpt-2", "gpt2", "smollm", "olmo", "mpt", "phi-2"}


def _difference(words: list[str], saved: Any, at: int) -> dict[str, Any]:
    return {"n": at, "there": words[at][:40], "here": str(saved.convert_ids_to_tokens(at))[:40]}


def _rendered(tokenizer: Any) -> str:
    """A small conversation as the template writes it; the template's own complaint where it refuses it."""
    import jinja2

    try:
        return tokenizer.apply_chat_template(_TALK, tokenize=False, add_generation_prompt=True)
    except jinja2.TemplateError as error:
        return f"refused: {error}"


def _other_tokenizer(why: Any) -> Failure:
    return Failure(msg("The tokenizer of the file cannot be rebuilt: {why}. Choose another model.", why=why), "unsupported_base")


def _record(name: str, header: Header, mark: str) -> dict[str, Any]:
    package = PACKAGES.get(name)
    facts = package.facts if package else gguf.facts(header)
    return {
        "name": name,
        "kind": "package" if package else "gguf",
        "title": facts.title,
        "license": facts.license,
        "source": package.requirement if package else str(header.path),
        "source_fingerprint": mark,
        "source_bytes": header.size,
        "types": sorted(header.types),
        "converted_at": now(),
    }


def _progress(report: Report, fraction: float) -> None:
    report.event("preparing", phase="convert", message=msg("Converting the base model."), fraction=round(fraction, 3))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit("usage: python -m academy.trainer.convert <job folder> <bases folder> <GGUF file, or nothing>")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    raise SystemExit(main(sys.argv[1:]))
