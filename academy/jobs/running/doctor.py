"""Why a training failed: a cause, a sentence, a remedy, and the knobs that would help. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from academy.messages import Text, from_json, msg

Parameters = Mapping[str, Any]
Change = Callable[[Parameters], dict[str, Any]]


@dataclass(frozen=True)
class Diagnosis:
    """What a person reads; `changes` are knobs for one click (None: no knob helps, or the parameters are not given)."""

    cause: str
    sentence: Text
    remedy: Text = ""
    changes: dict[str, Any] | None = None


def diagnose(
    *,
    exit_code: int | None = None,
    signal: str | None = None,
    oom: bool = False,
    event: Mapping[str, Any] | None = None,
    log_tail: str = "",
    parameters: Parameters | None = None,
) -> Diagnosis:
    """The trainer's own last word counts most, then the kernel's, then the signs in the log, then how the process ended."""
    event = event or {}
    reason = from_json(event.get("reason")) or ""
    if event.get("cause") == "non_finite_loss" and event.get("step") in (0, 1):
        return Diagnosis("non_finite_loss", reason, _BROKEN_BASE)
    if event.get("cause") not in (None, "", "unknown", "killed"):
        return _by_cause(str(event["cause"]), reason, parameters)
    if oom:
        return _by_sign(_MEMORY, reason or "The system ended the training because the machine's memory was used up.", parameters)
    for sign in _SIGNS:
        if match := sign.pattern.search(f"{reason}\n{log_tail}"):
            return _by_sign(sign, reason or _sentence(sign, match), parameters)
    if signal:
        return _killed(signal, parameters)
    if reason:
        return Diagnosis("unknown", reason, "The log has the details.")
    if lines := _last_lines(log_tail):
        return Diagnosis(
            "unknown", msg("The last lines of its log: {lines}", lines=" / ".join(lines)), "The whole log is on the Training tab."
        )
    silent: Text = "The training exited without reporting a result and left nothing in its log."
    if exit_code is not None:
        silent = msg("The training ended with exit code {code} and left nothing in its log.", code=exit_code)
    return Diagnosis("unknown", silent, "Start it again; the fault may be temporary.")


@dataclass(frozen=True)
class _Sign:
    """One kind of failure and how logs show it."""

    cause: str
    pattern: re.Pattern[str]
    sentence: str
    remedy: str
    change: Change | None = None
    naming: str = ""  # the sentence with the `{value}` that the pattern captures


def _less_memory(parameters: Parameters) -> dict[str, Any]:
    """The same effective batch in smaller steps; a batch of one gets other ways to need less memory."""
    batch, accumulation = int(parameters.get("batch_size") or 1), int(parameters.get("gradient_accumulation_steps") or 1)
    if batch > 1:
        half = batch // 2
        return {"batch_size": half, "gradient_accumulation_steps": min(1024, -(-batch * accumulation // half))}
    changes: dict[str, Any] = {}
    if not parameters.get("gradient_checkpointing"):
        changes["gradient_checkpointing"] = True
    length = int(parameters.get("max_seq_length") or 2048)
    if length > 256:
        changes["max_seq_length"] = max(256, length // 2)
    return changes


def _slower(parameters: Parameters) -> dict[str, Any]:
    rate = float(parameters.get("learning_rate") or 2e-4)
    return {"learning_rate": float(f"{rate / 2:.3g}")}


def _longer(parameters: Parameters) -> dict[str, Any]:
    length = int(parameters.get("max_seq_length") or 2048)
    return {"max_seq_length": min(8192, length * 2)} if length < 8192 else {}


_BROKEN_BASE = (
    "The training had learned nothing by then, so the base model itself is probably damaged: fetch it again or choose another one; "
    "with fp16, choose bf16 or fp32."
)
_INSTALL = "Add what is missing with: pip install -r requirements-academy.txt"
_SMALLER = "Try again with the same effective batch in smaller steps: half the batch size, twice the gradient accumulation."


def _sign(cause: str, pattern: str, sentence: str, remedy: str, change: Change | None = None, naming: str = "") -> _Sign:
    return _Sign(cause, re.compile(pattern, re.IGNORECASE), sentence, remedy, change, naming)


_MEMORY = _sign(
    "out_of_memory",
    r"memoryerror|defaultcpuallocator|cannot allocate memory|std::bad_alloc|errno 12\]|oom-?kill",
    "This machine has not enough memory for the training.",
    _SMALLER,
    _less_memory,
)

# The first match counts: an exact name comes before what may be a consequence of something else.
_SIGNS = (
    _sign(
        "out_of_memory",
        r"(?:cuda|hip|mps backend|xpu) (?:error: )?out of memory|outofmemoryerror|cublas_status_alloc_failed|cuda_error_out_of_memory",
        "The GPU has not enough memory for this training.",
        _SMALLER,
        _less_memory,
    ),
    _MEMORY,
    _sign(
        "disk_full",
        r"no space left on device|errno 28\]|disk quota exceeded|errno 122\]",
        "The disk is full.",
        "Free some space, then resume the job.",
    ),
    _sign(
        "gated",
        r"gatedrepoerror|gated repo|access to model .{1,200} is restricted|(?:401|403) client error",
        "The base model is gated: its owner asks who uses it.",
        "Accept the terms on the model's page, put your token into HF_TOKEN, and restart Academy.",
    ),
    _sign(
        "missing",
        r"repositorynotfounderror|is not a valid model identifier|repository not found|404 client error|entrynotfounderror",
        "The hub has no such base model.",
        "Check its name; for a private one put a token into HF_TOKEN.",
    ),
    _sign(
        "offline",
        r"offlinemodeisenabled|localentrynotfounderror|name or service not known|temporary failure in name resolution|"
        r"network is unreachable|"
        r"no route to host|max retries exceeded|connecterror|connection (?:refused|reset)|couldn't connect to|connecttimeout",
        "The training needed the network and could not reach it.",
        "Check the connection, or choose a base model that is on this machine.",
    ),
    _sign(
        "no_template",
        r"chat_template is not set|no chat template|does not have a chat template|chat template .{0,80}cannot",
        "The base model has no usable chat template.",
        "Choose a base model made for chat (often called Instruct).",
    ),
    _sign(
        "bad_row",
        r"row (?P<a>\d+) of the dataset|(?:jsondecodeerror|error parsing json|json parse error).{0,120}?(?:line|row) (?P<b>\d+)",
        "A row of the dataset cannot be used.",
        "Correct or remove that row and curate the dataset again.",
        naming="Row {value} of the dataset cannot be used.",
    ),
    _sign(
        "no_trained_tokens",
        r"no row .{0,60}has a token to learn from|all labels are (?:masked|-100)|no trained tokens?",
        "No row has a token to learn from: with this max sequence length the answers are cut away.",
        "Raise the max sequence length, or shorten the text before the answers.",
        _longer,
    ),
    _sign(
        "non_finite_loss",
        r"non-finite loss|loss(?:['\"]?\s*[:=]\s*['\"]?| is | became )(?:nan|-?inf)|gradient overflow.{0,80}minimum|"
        r"probability tensor contains",
        "The loss was no longer a number: the training diverged.",
        "Try again with half the learning rate.",
        _slower,
    ),
    _sign(
        "cuda_mismatch",
        r"no kernel image is available|driver version is insufficient|driver on your system is too old|not compiled with cuda|libcuda\.so|"
        r"forward compatibility was attempted|invalid device function|found no nvidia driver|cuda initialization:|cuda unknown error|"
        r"could not load dynamic library|undefined symbol: .{0,40}(?:cuda|cudnn|nccl)|nvml: driver/library version mismatch",
        "PyTorch and this machine's GPU driver are not compatible.",
        "Update the NVIDIA driver (nvidia-smi shows its version) or install the PyTorch built for it; "
        "with ACADEMY_ENABLE_GPU=false it trains on the CPU.",
    ),
    _sign(
        "gpu_fault",
        r"device-side assert|illegal memory access|unspecified launch failure|uncorrectable ecc|gpu has fallen off|"
        r"cudnn_status_(?:internal|execution)",
        "The GPU reported a fault during the training.",
        "Resume the job; if it happens again, restart the machine, and look at the GPU's temperature and memory.",
    ),
    _sign(
        "missing_library",
        r"(?:modulenotfounderror|importerror): no module named ['\"]?(?P<a>[\w.]+)|importerror: .{0,80}requires (?:the )?(?P<b>[\w-]+)|"
        r"packagenotfounderror: (?:no package metadata was found for )?['\"]?(?P<c>[\w.-]+)",
        "A Python package is missing.",
        _INSTALL,
        naming="The Python package {value!r} is missing.",
    ),
    _sign(
        "library_mismatch",
        r"importerror: cannot import name|attributeerror: module '[\w.]+' has no attribute|unexpected keyword argument|undefined symbol",
        "The training libraries on this machine are not compatible with each other.",
        "Install the matching versions: pip install -r requirements-academy.txt",
    ),
    _sign(
        "damaged_base",
        r"safetensorerror|error while deserializing header|headertoolarge|invalidheader|metadataincompletebuffer|unexpected end of file|"
        r"size mismatch for .{1,200}copying a param",
        "The files of the base model are damaged or incomplete.",
        "Fetch or copy the base model again.",
    ),
    _sign(
        "timeout",
        r"timed? ?out|timeouterror|watchdog caught collective|readtimeout|deadline exceeded",
        "The training waited too long for an answer.",
        "Start it again; if it happens again, look at the network and at the load of this machine.",
    ),
    _sign(
        "image_missing",
        r"no such image|pull access denied|manifest unknown|unable to find image",
        "The image for training in a container is not on this machine.",
        "Build it: docker build -t academy-trainer .",
    ),
    _sign(
        "no_permission",
        r"permissionerror|permission denied|read-only file system|errno 13\]|errno 30\]",
        "The training has no permission for a file that it needs.",
        "Make the user that runs Academy the owner of the data folder, and let that user read the base model.",
    ),
)

# The causes that the trainer and the fetcher name themselves, for a reason that is missing or holds no advice.
_CAUSES: dict[str, tuple[str, str, Change | None]] = {
    "bad_target_modules": (
        "The base model has no such layers.",
        "Choose all-linear as target modules.",
        lambda _: {"target_modules": "all-linear"},
    ),
    "wrong_device": (
        "The device computes something else than the processor.",
        "Update the driver and PyTorch, or train on the processor with ACADEMY_ENABLE_GPU=false.",
        None,
    ),
    "base_too_large": ("The GPUs cannot hold the base model.", "Try again in 4-bit.", lambda _: {"quantization": "4bit"}),
    "diverged": ("The loss rose instead of falling.", "Try again with half the learning rate.", _slower),
    "missing_base": ("The base model is gone.", "Put it back where it was, or choose another one.", None),
    "missing_dataset": ("The dataset file is gone.", "Curate the dataset again.", None),
    "empty_dataset": ("The dataset has no rows.", "Curate one with examples in it.", None),
    "unsupported_base": (
        "The base model is of a kind that the training libraries here do not know.",
        "Update them, or choose another base model.",
        None,
    ),
    "bad_adapter": ("The adapter to continue from cannot be used.", "Train a new one, or continue from another.", None),
    "bad_spec": ("The job's own files are damaged.", "Start a new training.", None),
    "no_safetensors": ("The base model has no weights in safetensors.", "Choose another base model, or a converted copy of it.", None),
    "bad_model": ("The base model that was fetched cannot be used.", "Choose another base model.", None),
    "hub": ("The hub answered with an error.", "Try again later.", None),
    "convert": ("The base model could not be converted.", "Choose another one; the log has the details.", None),
    "fetch": ("The base model could not be fetched.", "Try again; the log has the details.", None),
    "adapter": ("The training ended, but its adapter is incomplete.", "Resume the job: it writes the adapter again.", None),
}


def _by_cause(cause: str, reason: Text, parameters: Parameters | None) -> Diagnosis:
    sign = next((sign for sign in _SIGNS if sign.cause == cause), None)
    if sign is not None:
        return _by_sign(sign, reason or sign.sentence, parameters)
    sentence, remedy, change = _CAUSES.get(cause, ("The training failed.", "The log has the details.", None))
    return Diagnosis(cause, reason or sentence, "" if _says_what_to_do(reason) else remedy, _changes(change, parameters))


_ADVICE = re.compile(
    r"\. (?:Accept|Build|Check|Choose|Close|Correct|Export|Fetch|Free|Install|Put|Shorten|Start|Train|Try|Unset|Update|Use)\b"
)


def _says_what_to_do(reason: Text) -> bool:
    # Trainers and recipes of every version write their reason as one text; only its English shows whether it holds advice.
    return bool(_ADVICE.search(str(reason)))


def _by_sign(sign: _Sign, sentence: Text, parameters: Parameters | None) -> Diagnosis:
    return Diagnosis(sign.cause, sentence, "" if _says_what_to_do(sentence) else sign.remedy, _changes(sign.change, parameters))


def _sentence(sign: _Sign, match: re.Match[str]) -> Text:
    value = next((value for value in match.groupdict().values() if value), "")
    return msg(sign.naming, value=value) if value and sign.naming else sign.sentence


def _changes(change: Change | None, parameters: Parameters | None) -> dict[str, Any] | None:
    return (change(parameters) or None) if change is not None and parameters is not None else None


def _killed(signal: str, parameters: Parameters | None) -> Diagnosis:
    if signal == "SIGKILL":
        return Diagnosis(
            "killed",
            "It was killed (SIGKILL), most often by the system when memory runs out, else by a person or a supervisor.",
            "Resume it; if it happens again, reduce the memory that it needs.",
            _changes(_less_memory, parameters),
        )
    if signal in ("SIGTERM", "SIGINT", "SIGHUP"):
        return Diagnosis("killed", msg("A person, a supervisor or a shutdown told it to end ({signal}).", signal=signal), "Resume it.")
    if signal in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"):
        return Diagnosis(
            "crashed",
            msg("One of the training libraries crashed ({signal}).", signal=signal),
            "Resume it; if it crashes again at the same place, install the libraries again: pip install -r requirements-academy.txt",
        )
    return Diagnosis("killed", msg("It was ended by {signal}.", signal=signal), "Resume it.")


_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z ?")


def _last_lines(log_tail: str) -> list[str]:
    """The last two lines that are not empty, without their time."""
    lines = [_STAMP.sub("", line).strip() for line in log_tail.split("\n")]
    return [line[:300] for line in lines if line][-2:]
