"""Reads metrics from the log lines of foreign trainers; a line without metrics gives None, and nothing raises."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson


@dataclass(slots=True)
class TrainingMetrics:
    """The metrics of one line; None for those that it does not report. `accuracy` is 0..1; nan and inf are floats."""

    epoch: float | None = None
    total_epochs: int | None = None
    step: int | None = None
    total_steps: int | None = None
    loss: float | None = None
    eval_loss: float | None = None
    learning_rate: float | None = None
    accuracy: float | None = None
    grad_norm: float | None = None
    progress_percent: float | None = None
    raw_line: str = ""


_NAMES = tuple(name for name in TrainingMetrics.__slots__ if name != "raw_line")


class TrainingMetricsParser:
    """Stateless: each line stands for itself."""

    def parse_line(self, line: str) -> TrainingMetrics | None:
        r"""The metrics of a line, or None; parts separated by `\r` are merged, later ones win."""
        if not isinstance(line, str):
            return None
        text = line if len(line) <= _LONGEST else line[-_LONGEST:]
        if "：" in text:
            text = text.replace("：", ":")
        if "\x1b" in text:
            if "\x1b[A" in text:
                # A bar below the training's own, of an evaluation, is followed by a jump back up.
                text = "\r".join(part for part in text.split("\r") if "%|" not in part or "\x1b[A" not in part)
            text = _ANSI.sub("", text)
        try:
            if "\r" not in text:
                found = _read(text)
            else:
                found = {}
                for part in text.split("\r"):
                    if part and (more := _read(part)):
                        found |= more
        except (ValueError, OverflowError):
            return None  # a number too large for a float
        if not found:
            return None
        if found.get("total_steps") == 0:
            del found["total_steps"]
        if "total_steps" in found:
            if "step" in found:
                found["progress_percent"] = min(100.0, 100.0 * found["step"] / found["total_steps"])
        elif "total_epochs" in found and "epoch" in found and found["total_epochs"] and "progress_percent" not in found:
            found["progress_percent"] = min(100.0, 100.0 * found["epoch"] / found["total_epochs"])
        return TrainingMetrics(raw_line=line, **found)

    def aggregate_metrics(self, metrics: Iterable[TrainingMetrics]) -> dict[str, Any]:
        """The state after all of these; losses that are not finite spoil neither the minimum nor the average."""
        metrics = [item for item in metrics if item is not None]
        if not metrics:
            return {}
        losses = [item.loss for item in metrics if item.loss is not None]
        finite = [loss for loss in losses if math.isfinite(loss)]
        total_epochs = _last(metrics, "total_epochs")
        steps = [item for item in metrics if item.step is not None and item.total_steps]
        epoch, progress = _last(metrics, "epoch"), _last(metrics, "progress_percent")
        if steps:
            progress = steps[-1].progress_percent
        elif epoch is not None and total_epochs:
            progress = min(100.0, 100.0 * epoch / total_epochs)
        return {
            "current_epoch": epoch,
            "total_epochs": total_epochs,
            "step": _last(metrics, "step"),
            "total_steps": _last(metrics, "total_steps"),
            "latest_loss": losses[-1] if losses else None,
            "min_loss": min(finite) if finite else None,
            "avg_loss": math.fsum(finite) / len(finite) if finite else None,
            "loss_history": losses[-10:],
            "eval_loss": _last(metrics, "eval_loss"),
            "learning_rate": _last(metrics, "learning_rate"),
            "accuracy": _last(metrics, "accuracy"),
            "progress_percent": progress,
        }


# --------------------------------------------------------------------------- words

_EVAL = {"val", "valid", "validation", "eval", "evaluation", "test", "testing", "dev", "heldout", "holdout"}
_TRAIN = {"train", "training", "tr"}
# Words that may stand beside "loss" in one name of the training loss.
_PLAIN = _TRAIN | {
    "avg", "avr", "average", "mean", "running", "smooth", "smoothed", "ema", "batch", "minibatch", "step", "iter", "iteration", "epoch",
    "total", "overall", "global", "local", "current", "cur", "curr", "last", "lm", "mlm", "clm", "ce", "xe", "cross", "entropy",
    "crossentropy", "ctc", "sft", "dpo", "orpo", "kto", "grpo", "reduced", "model", "task", "loss", "value", "metrics", "log", "logs",
    "objective", "optim", "language", "supervised", "causal", "main", "raw", "item", "per", "token",
}  # fmt: skip
# A word before "loss" that makes it another one: a part of the sum, or a record, or no loss of a model at all.
_OTHER = {
    "policy", "value", "kl", "aux", "auxiliary", "box", "bbox", "cls", "class", "dfl", "obj", "objectness", "giou", "iou", "reg", "rpn",
    "regularization", "weight", "hair", "hearing", "data", "packet", "precision", "information", "power", "profit", "nll", "perceptual",
    "style", "content", "generator", "discriminator", "gen", "disc", "g", "d", "actor", "critic", "commit", "commitment", "vq", "recon",
    "reconstruction", "rec", "best", "min", "minimum", "lowest", "max", "initial", "stop", "router", "balance", "balancing", "z", "mtp",
    "pose", "kobj", "seg", "mask", "distill", "distillation", "no", "without", "of", "target",
}  # fmt: skip
_AFTER = _EVAL | _TRAIN | {"avg", "average", "mean", "total", "value", "item", "is", "was", "now", "batch", "step", "epoch", "ema", "all"}
# Activities whose bar or count is not the training's progress.
_BUSY = (
    r"(?:down|up)?load|fetch|map\b|mapping|tokeniz|tokenis|generating|filter|resolv|pack|convert|truncat|sav(?:e|ing)\b|writ|push|eval|"
    r"valid|\bval\b|predict|\btest|sanity|infer|cach|prepar|quantiz|extract|merg|comput|process|adding|apply|format|shuffl|creat|pull|install|"
    r"collect|build|calibrat|unzip|index|encod|embed|split|dataset|shard|checkpoint|weights|import|check|verif|clon|copy|compil|scan|"
    r"pars|read|clean|setup|set up|setting|configur|initiali|analy[sz]|start|export|deploy|sampl|render|\bfrom\b|\brun\b|\bcmd\b|\benv\b"
)

# ------------------------------------------------------------------------- patterns

_LONGEST = 20_000
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|\x08")
# Possessive and bounded everywhere: a line of 20,000 digits must cost no more than any other.
_NUMBER = (
    r"[-+]?(?:\d{1,3}(?:,\d{3}){1,8}+(?:\.\d{1,25}+)?(?!\d|,\d)|\d{1,9}+,\d{1,25}+(?:e[-+]?\d{1,5}+)?(?![.,]?\d)|"
    r"(?:\d{1,25}+(?:\.\d{0,25}+)?|\.\d{1,25}+)(?:e[-+]?\d{1,5}+)?|nan|inf(?:inity)?)(?![a-z0-9_]|\.\d)"
)
_WHOLE = r"(?:\d{1,3}(?:[,_]\d{3}){1,8}+(?!\d|,\d)|\d{1,15}+)"
_WRAP = r"[\"'\[(<]{0,2}(?:(?:torch\.)?tensor\(|(?:np|numpy|jnp)\.\w+\(|array\()?"
_SEP = rf"[\"'\])*]{{0,2}}\s{{0,40}}(?:[:=|~]|->|→|==)?\s{{0,40}}{_WRAP}\s{{0,4}}"

_PAIR = re.compile(
    r"""["']([\w@/ .-]{1,80})["']\s*:\s*(?:["']\s*(\d{1,9},\d{1,25}|[^"',{}\[\]]{1,40})["']|\[?"""
    r"""(?:(?:\w{1,20}\.)?(?:float(?:16|32|64)|tensor|Decimal)\()?['"]?([^"',{}()\[\]\s]{1,40}))"""
)
# Each is tried right behind its word, which str.find locates: many times faster than a search for the whole pattern.
_LOSS = re.compile(
    r"(?P<after>(?:[_/.]?[a-z]+(?:[_/.][a-z]+){0,2}|(?:\s|:\s)[a-z]+(?=\s*[:=\s]))?)(?:\s?\((?P<of>[a-z ]+)\))?(?:_\d+)?"
    rf"{_SEP}(?P<value>{_NUMBER})(?!\s?%)"
)
_RUN_BEFORE = re.compile(r"(?:[a-z_/. \t-]|\d(?=\d*[a-z_]))*")
_BEFORE = re.compile(r"(?:([a-z]+)\.?[ ])?(?:([a-z]+)\.?[ ])?([a-z][a-z0-9]*(?:[_/.-][a-z0-9]+)*)?[ \t_/.-]{0,2}$")
_LOSS_PAIR = re.compile(
    rf"loss\w{{0,20}}(?:\s{{1,3}}|\s?:\s?)\(?train(?:ing)?\)?(?: \(\w+\))?\s?[:=]?\s?(?P<loss>{_NUMBER})"
    rf"(?:[,|\s]{{1,4}}\(?val(?:id|idation)?\)?(?: \([\w ]+\))?\s?[:=]?\s?(?P<eval>{_NUMBER}))?"
)
_LOSS_AT = re.compile(
    rf"loss (?:at|after|for|in|on) (?:the )?(?:step|iter(?:ation)?|epoch|batch)\s?#?\d{{1,15}}\s?[:=]\s?(?P<value>{_NUMBER})"
)
_ACCURACY_OF = re.compile(rf"accuracy (?:of|on|for|over) [^:=%]{{1,80}}[:=]\s?(?P<value>{_NUMBER})(?P<percent>\s?%)?")
_RATE = re.compile(rf"(?:[-_/](?:group|pg|adam|sgd|\d)[\w/.-]*)?{_SEP}(?P<value>{_NUMBER})")
_RATE_REST = re.compile(rf"[ _-]?rate(?: of group \d+)?(?: to| is| set to)?{_SEP}(?P<value>{_NUMBER})")
_NORM = re.compile(rf"{_SEP}(?P<value>{_NUMBER})")
_ACCURACY = re.compile(
    rf"(?:uracy|uracies)?(?:(?P<at>[@/_])(?P<top>(?:top)?[-_]?\d+|step|epoch))?(?:\s?\([a-z ]+\))?(?P<sep>{_SEP})(?P<value>{_NUMBER})"
    r"(?:\s*/\s*(?P<of>\d+))?(?:\s?±\s?[\d.]+)?(?P<percent>\s?%)?"
)
_EPOCH = re.compile(
    r"(?P<many>s?)(?:\s?\((?:train|val|test)\))?(?P<sep>[\s:=#\[(.|\"'*_-]{0,40})(?<!\s-)(?P<epoch>\d{1,15}+(?:\.\d{1,25}+)?(?:e-?\d{1,3}+)?)(?![a-z0-9]|\.\d)"
    r"(?:\s{0,8}(?:/|of|out of)\s{0,8}(?P<total>\d{1,15}+)(?:\.0{1,9}+)?(?!\.?\d))?(?P<percent>\s?%)?"
)
_STEP = re.compile(
    r"(?:ation)?(?P<many>s|es)?(?:\s?\((?:train)\))?[\s:=#\[(.|\"'*>-]{1,8}"
    rf"(?P<step>{_WHOLE})(?:\.0{{1,9}}+)?(?![a-z0-9%]|\.\d)(?:\s{{0,8}}(?:/|of|out of)\s{{0,8}}(?P<total>{_WHOLE}))?"
)
_BAR = re.compile(
    r"%\s?\|[^|]*\|\s*(?P<step>\d{1,15}+(?:\.\d{1,9}+)?)(?P<unit>[kmgt]?i?b?)/(?P<total>\d{1,15}+(?:\.\d{1,9}+)?)[kmgt]?i?b?\s*(?P<rest>\[.*)?",
    re.DOTALL,
)
_RATE_OF_BAR = re.compile(r"[\d.?]\s?([a-z]{1,20})/s\b|s/([a-z]{1,20})")
_KERAS = re.compile(r"^\s*(\d{1,15}+)/(\d{1,15}+)\s*(?:\[[=>.\s]+\]|[━─╸╺]+|-\s)")
_RICH = re.compile(r"(?<![━╸╺─])[━╸╺─]++\s{1,8}(\d{1,15})/(\d{1,15})(?![\d.])(?!\s*(?:[kmgt]i?b|bytes))")
_USUAL_NAMES = {
    "epoch": "epoch", "step": "step", "loss": "loss", "train_loss": "loss", "eval_loss": "eval_loss", "val_loss": "eval_loss",
    "lr": "learning_rate", "learning_rate": "learning_rate", "accuracy": "accuracy", "grad_norm": "grad_norm",
}  # fmt: skip
_USUAL = re.compile(
    rf"({'|'.join(sorted(_USUAL_NAMES, reverse=True))})(?:: ?|=| )(\d{{1,6}}+(?:\.\d{{1,20}}+)?(?:e[-+]?\d\d?+)?)(?:/(\d{{1,15}}+))?"
    r"(?:, ?|; ?| \| | - |  ?|$)(?=[a-z]|$)"
)
_BRACKETS = re.compile(r"[\[(]\s{0,8}(\d{1,15})\s{0,8}/\s{0,8}(\d{1,15})\s{0,8}(?=[\])(,]|\s\d+:\d\d)")
_FRACTION = re.compile(r"(?<![\d/.:,\w-])(\d{1,15})\s{0,8}/\s{0,8}(\d{1,15})(?![\d/.:%]|\s*(?:[kmgt]i?b\b|gb|\())")
_TUTORIAL = re.compile(r"^\s*\[\s*(\d{1,15}+),\s*(\d{1,15}+)\]\s*(?:train(?:ing)?[ _])?loss")
_TORCHTUNE = re.compile(r"^\s*(\d{1,15}+)\|(\d{1,15}+)\|loss:")
_TIMM = re.compile(r"^\s*train(?:ing)?:?\s+(\d{1,15}+)\s+\[")
_DATA = re.compile(r"(?:^|\s)(?:data|sample)=\s{0,8}(\d{1,15}+)/(\d{1,15}+)")
_OF_STEPS = re.compile(
    r"(?<![\d/.:,\w-])(\d{1,15}+)\s?/\s?(\d{1,15}+)\s(?:training\s|optimi[sz]\w{1,8}\s)?(?:steps?|iter\w{0,7}|batches|updates)\b"
)
_FASTAI = re.compile(
    r"^\s*(\d{1,9}+)\s+(\d{1,9}+\.\d{6})\s+(\d{1,9}+\.\d{6})\s+(?:(\d\.\d{6})\s+)?(?:\d{1,9}+\.\d{6}\s+)*\d\d?:\d\d(?::\d\d)?\s*$"
)
_YOLO = re.compile(r"^\s*(\d{1,9}+)/(\d{1,9}+)\s+[\d.]{1,20}+[gm]b?\s+[\d.]{1,20}+\s+[\d.]{1,20}")
_PROGRESS = re.compile(r"\bprogress(?:_percent)?[\"']?\s{0,8}[:=]?\s{0,8}(\d{1,3}+(?:\.\d{1,25}+)?)\s?%")
_TAG = re.compile(
    r"(?<![\w/.])(?:(?P<eval>val|valid|validation|validating|eval|evaluation|evaluating|test|testing|dev)|train|training)(?![\w/])"
    r"(?=\s*[\]:)|>»-]|\s+(?:set|epoch|step|iter\w*|batch|results?|metrics|dataloader|phase|loop|loss at|error|\d))"
)
_BUSY_BEFORE = re.compile(rf"(?:^|[\s\[(\"'/:_])(?:{_BUSY})")
_MEASURES = re.compile(
    r"(?:^|\W)(?:calculat|comput|estimat|measur|evaluat|scor)\w{0,5}\W(?:\w{1,20}\W){0,4}(?:loss|perplexity|ppl|accuracy|metrics?)"
)
_BUSY_AFTER = re.compile(rf"[\s:.,\])–—-]*(?:(?:{_BUSY})|train(?:ing)?\b(?!\s+loss))")
_OURS = re.compile(r"epoch|train|step|iter|batch(?!es)|fine-?tun|learn|loss|update|^\W*$")


# What an experiment tracker prints at the end repeats numbers of the run and is no point of it.
_SUMMARY = re.compile(r"(?:^|[\s\])>:])(?:wandb|COMET(?: INFO)?|comet_ml(?: INFO)?)\s?:(?:\s|$)")
_IN_ENGLISH = {
    **dict.fromkeys(("epoche", "epoka", "época", "epoca", "époque", "epoque", "эпоха", "エポック"), "epoch"),
    **dict.fromkeys(("verlust", "strata", "perte", "pérdida", "perdida", "perdita", "perda", "потери", "损失", "損失"), "loss"),
    **dict.fromkeys(("schritt", "krok", "étape", "paso", "шаг", "步数"), "step"),
    **dict.fromkeys(("lernrate",), "lr"),
}  # fmt: skip
_FOREIGN = re.compile(rf"(?<![^\W_])(?:{'|'.join(_IN_ENGLISH)})(?=\s?[:=]?\s?[\[(]?\d)")

# --------------------------------------------------------------------------- reading


def _read(text: str) -> dict[str, Any] | None:
    """The fields of one state of a line."""
    if ("wandb:" in text or "COMET" in text or "comet" in text) and _SUMMARY.search(text):
        return None
    if text[:1] == "{" and (found := _dictionary(text)):
        return _beside(text.lower(), found) if "%|" in text else found
    low = text.lower()
    if found := _usual(low):
        return found
    if _FOREIGN.search(low):
        low = _FOREIGN.sub(lambda match: _IN_ENGLISH[match[0]], low)
    loss, epoch = "loss" in low, "epoch" in low
    steps = "step" in low or "iter" in low or "batch" in low or "update" in low
    bar = "%|" in low or "% |" in low
    if not (loss or epoch or steps or bar or "lr" in low or "acc" in low or "learning" in low or "━" in low or "progress" in low):
        rare = "norm" in low or " ep " in low or low[:3] in ("ep ", "ep:")
        if not rare:
            return _fastai(low) if low[:1].isdigit() else None
    if "{" in low and (found := _dictionary(text[low.find("{") :])):
        return _around(low[: low.find("{")], _beside(low, found) if bar else found)
    found = {}
    if bar and not _bar(low, found, loss):
        return None
    barred = bar and "step" in found
    if barred and found["step"] is None:
        del found["step"], found["total_steps"]
    if loss:
        if "[" in low or "|" in low:
            _special(low, found)
        _losses(low, found)
    if "lr" in low or "learning" in low:
        _rate(low, found)
    if "norm" in low:
        _norm(low, found)
    if "acc" in low:
        _accuracy(low, found)
    sure = bool(found)
    if "epoch" not in found:
        if epoch:
            _epoch(low, found, sure, "epoch")
        elif " ep " in low or low[:3] in ("ep ", "ep:"):
            _epoch(low, found, sure, "ep")
    if not barred and "step" not in found and (sure or steps or epoch or "━" in low):
        _step(low, found, sure, steps)
    if "progress" in low and "progress_percent" not in found and (match := _PROGRESS.search(low)):
        found["progress_percent"] = float(match[1])
    return found


def _usual(low: str) -> dict[str, Any] | None:
    """A line of nothing but the usual names, each once, with plain numbers: "Epoch 1/3 Step 10/100 Loss: 0.5". Several times quicker."""
    found: dict[str, Any] = {}
    at, end = 0, len(low)
    while at < end:
        match = _USUAL.match(low, at)
        if match is None:
            return None
        name, value, total = match.groups()
        field = _USUAL_NAMES[name]
        if field in found:
            return None
        if field not in _COUNTED:
            if total or (field == "accuracy" and value[:2] != "0."):
                return None
            found[field] = float(value)
        elif value.isdigit():
            found[field] = int(value)
            if total:
                found[f"total_{field}s"] = int(total)
        else:
            return None
        at = match.end()
    return found


def _words_before(low: str, at: int) -> str:
    """What stands before a word and may belong to its name: no digits of their own, no punctuation but `_ / . -`."""
    if (
        at == 0
        or low[at - 1] not in " _/.-\t"
        or (at > 1 and low[at - 1] in " \t" and not low[at - 2].isalnum() and low[at - 2] not in "._-")
    ):
        return ""
    near = low[max(0, at - 40) : at][::-1]
    match = _RUN_BEFORE.match(near)
    return near[: match.end()][::-1] if match else ""


def _word_before(low: str, at: int) -> str:
    """The word before, if only a space, a dot or an underscore separates it."""
    end = at
    while end > 0 and at - end < 2 and low[end - 1] in "_ .":
        end -= 1
    if end == at:
        return ""
    start = end
    while start > 0 and "a" <= low[start - 1] <= "z":
        start -= 1
    return low[start:end]


def _places(low: str, word: str) -> Sequence[int]:
    """Where a word begins that is not the end of a longer one."""
    at = low.find(word)
    if at < 0:
        return ()
    places = []
    while at >= 0:
        if at == 0 or not "a" <= low[at - 1] <= "z":
            places.append(at)
        at = low.find(word, at + 1)
    return places


def _dictionary(text: str) -> dict[str, Any] | None:
    """The pairs of a printed dictionary or JSON object, as transformers and TRL print them."""
    try:
        pairs = orjson.loads(text.replace("'", '"')).items()
    except (ValueError, AttributeError):
        # Python's nan, nested objects, text behind it: pair by pair.
        pairs = [(key, quoted or bare) for key, quoted, bare in _PAIR.findall(text)]
    found: dict[str, Any] = {}
    weak: dict[str, Any] = {}
    summary = mean = False
    for key, value in pairs:
        field = _field(key)
        if field is None:
            continue
        if field == "summary":
            summary = True
            continue
        try:
            number = float(value)
        except (ValueError, TypeError):
            number = None
            if isinstance(value, str) and _COMMA.fullmatch(value):
                number = float(value.replace(",", "" if field in _COUNTED and _THOUSANDS.fullmatch(value) else "."))
            elif isinstance(value, str) and (match := _TEXT_VALUE.fullmatch(value)):
                number = float(match["value"]) / (100 if match["percent"] and field == "accuracy" else 1)
                if match["total"] and field in ("epoch", "step"):
                    found[f"total_{field}s"] = int(match["total"])
            if number is None:
                continue
        if field[:5] == "weak ":
            weak.setdefault(field[5:], number)
        elif field in _COUNTED:
            if 0 <= number < 1e15:
                found[field] = int(number) if number == int(number) else number
        elif field not in found or key in _EXACT:
            found[field] = number
            mean = key == "train_loss" if field == "loss" else mean
    if weak:
        found = weak | found
    if summary and mean:
        # The end of a run reports the mean over all steps, which is no point of the curve.
        found.pop("loss", None)
    if found.get("accuracy", 0) > 1:
        found["accuracy"] /= 100
    return found if not _TOTALS.issuperset(found) else None


_TEXT_VALUE = re.compile(r"\s*(?P<value>\d{1,15}(?:\.\d{1,25})?)(?:\s*/\s*(?P<total>\d{1,15})|(?P<percent>\s?%))\s*")
_COMMA = re.compile(r"\s*[-+]?\d{1,9},\d{1,25}(?:e[-+]?\d{1,5})?\s*", re.IGNORECASE)
_THOUSANDS = re.compile(r"\s*[1-9]\d{0,2},\d{3}\s*")
_COUNTED = {"epoch", "step", "total_steps", "total_epochs"}
_TOTALS = {"total_steps", "total_epochs"}


def _beside(low: str, found: dict[str, Any]) -> dict[str, Any]:
    """Adds the place in the training from a bar on the same line; beside the losses of an evaluation the bar is the evaluation's."""
    bar: dict[str, Any] = {}
    if ("loss" in found or "eval_loss" not in found) and _bar(_BRACES.sub("", low), bar, False):
        found = bar | found
    return found


_BRACES = re.compile(r"\{[^{}]*\}")


def _around(low: str, found: dict[str, Any]) -> dict[str, Any]:
    """Adds what stands before a dictionary on the same line: "epoch 0: {...}", "Step 10: {...}"."""
    if "epoch" in low and "epoch" not in found:
        _epoch(low, found, True, "epoch")
    if "step" not in found and ("step" in low or "iter" in low or "batch" in low):
        _step(low, found, True, True)
    if "loss" in found and "eval_loss" not in found and _evaluates(low, len(low)):
        found["eval_loss"] = found.pop("loss")
    return found


@lru_cache(maxsize=4096)
def _field(key: str) -> str | None:
    """The field that a dictionary's key means; "weak" if another key would be better; None if it means none."""
    low = key.lower().strip()
    place, _, total = low.partition("/")
    if total.startswith(("max", "total", "num", "all")) and _EXACT.get(place) in ("step", "epoch"):
        return _EXACT[place]  # 'global_step/max_steps': '12/94'
    if low in ("train_runtime", "train_steps_per_second", "train_samples_per_second"):
        return "summary"
    if low in _EXACT:
        return _EXACT[low]
    words = [word for word in re.split(r"[^a-z]+", low) if word]
    named = set(words)
    if "loss" in named or (words and words[-1] in ("crossentropyloss",)):
        rest = named - {"loss", "crossentropyloss"}
        if rest & _EVAL:
            return "eval_loss" if rest <= _EVAL | _PLAIN else None if rest & _OTHER else "weak eval_loss"
        return "loss" if rest <= _PLAIN and not re.search(r"\d", low) else None
    if words and words[-1] in ("accuracy", "acc", "accuracies"):
        return None if named & {"best", "max"} else "weak accuracy" if named & _EVAL or "rewards" in named else "accuracy"
    if low.endswith(("/learning_rate", "/lr")):
        return "learning_rate"
    if low.endswith(("/grad_norm", "/gradient_norm", "/total_grad_norm")):
        return "grad_norm"
    if low.endswith(("/global_step", "/step")) and not named & _EVAL:
        return "step"
    if low.endswith("/epoch"):
        return "epoch"
    return None


_EXACT = {
    "loss": "loss", "epoch": "epoch", "current_epoch": "epoch", "progress_or_epoch": "epoch", "step": "step", "global_step": "step",
    "iter": "step", "iteration": "step", "current_steps": "step", "current_step": "step", "num_updates": "step",
    "update": "weak step", "batch": "weak step", "steps": "weak step", "total_steps": "total_steps", "max_steps": "total_steps",
    "total_epochs": "total_epochs", "num_epochs": "total_epochs", "learning_rate": "learning_rate", "lr": "learning_rate",
    "learning rate": "learning_rate", "current_lr": "learning_rate", "grad_norm": "grad_norm", "gnorm": "grad_norm",
    "gradient_norm": "grad_norm", "grad norm": "grad_norm", "total_grad_norm": "grad_norm", "percentage": "progress_percent",
    "progress_percent": "progress_percent",
}  # fmt: skip


def _losses(low: str, found: dict[str, Any]) -> None:
    """The training loss and the evaluation loss."""
    if "train" in low and (pair := _LOSS_PAIR.search(low)):
        found["loss"] = _float(pair["loss"])
        if pair["eval"]:
            found["eval_loss"] = _float(pair["eval"])
            return
    at = -1
    while (at := low.find("loss", at + 1)) >= 0:
        if at and "a" <= low[at - 1] <= "z" and low[at - 12 : at] != "crossentropy":
            continue
        match = _LOSS.match(low, at + 4)
        if match is None:
            continue
        kind = _kind_of_loss(_words_before(low, at), match["after"], match["of"] or "")
        if not kind:
            continue
        held_out = kind == "eval" or (kind == "plain" and _evaluates(low, at))
        name = "eval_loss" if held_out else "loss"
        # The first of several is the newest: "loss 0.4 (0.5)" and "train_loss_step … train_loss_epoch".
        if name not in found:
            found[name] = _float(match["value"])
    if not found and (match := _LOSS_AT.search(low)):
        name = "eval_loss" if "val" in low or "test" in low else "loss"
        found[name] = _float(match["value"])
    if "loss" in found and "train_" in low and ("train_runtime" in low or _METRICS_BLOCK.match(low)):
        del found["loss"]


_METRICS_BLOCK = re.compile(r"^  train_loss +=  *[\d.]+\s*$")


@lru_cache(maxsize=8192)
def _kind_of_loss(before: str, after: str, of: str) -> str:
    """Names the loss "train", "eval" or "plain"; empty where the surrounding words make it something else."""
    words = [word for word in re.split(r"[^a-z]+", f"{after} {of}") if word]
    if any(word not in _AFTER for word in words):
        return ""
    match = _BEFORE.search(before)
    far, near, joined = (match[1], match[2], match[3]) if match else (None, None, None)
    glued = before[-1:] in "_/.-" and bool(before.strip("_/.- "))
    if joined and before.endswith(" "):
        # The last word stands apart from "loss"; the ones before it may be anything ("INFO", "Average").
        apart = [word for word in re.split(r"[^a-z]+", joined) if word]
        far, near, parts = near, apart[-1] if apart else None, []
        if before.rstrip().endswith(("-", "|")):
            far = near = None
    elif joined and glued:
        parts = [word for word in re.split(r"[^a-z]+", joined) if word]
    else:
        parts = []
        if before[-1:] not in " \t_/.":
            far = near = None
    if any(word not in _PLAIN | _EVAL for word in parts) or {near, far} & _OTHER or set(parts) & {"best", "min", "max"}:
        return ""
    named = {*parts, *words, near, far}
    if named & _EVAL:
        return "eval"
    return "train" if named & _TRAIN else "plain"


def _evaluates(low: str, end: int) -> bool:
    """Whether the last tag before a loss marks it as an evaluation's: "[val]", "Test set:", "| valid |"."""
    if not ("val" in low or "test" in low or "dev" in low):
        return False
    tags = _TAG.findall(low, 0, end)
    return bool(tags) and bool(tags[-1])


def _rate(low: str, found: dict[str, Any]) -> None:
    for word, pattern in (("lr", _RATE), ("learning", _RATE_REST)):
        for at in _places(low, word):
            if (match := pattern.match(low, at + len(word))) and _word_before(low, at) not in _NOT_RATES:
                found["learning_rate"] = _float(match["value"])
                return


_NOT_RATES = {"base", "init", "initial", "min", "max", "peak", "final", "end", "target", "warmup"}


def _norm(low: str, found: dict[str, Any]) -> None:
    for at in (place for word in ("gnorm", "grad", "gradient") for place in _places(low, word)):
        name = _NORM_NAME.match(low, at)
        match = _NORM.match(low, name.end()) if name else None
        if match and _word_before(low, at) not in ("max", "clip"):
            found["grad_norm"] = _float(match["value"])
            return


_NORM_NAME = re.compile(r"gnorm|grad(?:ient)?s?[ _-]?norm")


def _accuracy(low: str, found: dict[str, Any]) -> None:
    held_out = None
    for at in _places(low, "acc"):
        match = _ACCURACY.match(low, at + 3)
        if match is None:
            continue
        top = (match["top"] or "").strip("-_")
        words = set(_WORDS.split(_words_before(low, at)))
        if top.removeprefix("top").strip("-_") not in ("", "1", "step", "epoch") or words & {"best", "max", "top"}:
            continue
        if not match["percent"] and "." not in match["value"] and not _MARKS.search(match["sep"]):
            continue
        value = _float(match["value"])
        if value is None:
            continue
        if match["of"] and float(match["of"]) > 0:
            value /= float(match["of"])
        elif match["percent"] or value > 1 or (top == "1" and match["at"] == "@"):
            value /= 100
        if not 0 <= value <= 1:
            continue
        if words & _EVAL:
            held_out = value if held_out is None else held_out
        else:
            found["accuracy"] = value
            return
    if held_out is None and (match := _ACCURACY_OF.search(low)) and (value := _float(match["value"])) is not None:
        value = value / 100 if match["percent"] or value > 1 else value
        held_out = value if 0 <= value <= 1 else None
    if held_out is not None:
        found["accuracy"] = held_out


_WORDS = re.compile(r"[^a-z]+")
_MARKS = re.compile(r"[:=|]")


def _epoch(low: str, found: dict[str, Any], sure: bool, word: str) -> None:
    for at in _places(low, word):
        match = _EPOCH.match(low, at + len(word))
        if match is None:
            continue
        before = _word_before(low, at)
        if before in _NOT_EPOCHS or (match["many"] and before in ("train", "best", "last", "of")):
            continue
        if match["percent"] or (match["many"] and not match["total"] and not sure):
            continue
        if match["sep"] in ("", "_") and not sure:
            continue  # a part of a file's name, more likely
        number = float(match["epoch"])
        if number > 1e6 or (not sure and before not in _BEGINS and _BUSY_BEFORE.search(low, 0, at)):
            continue
        found["epoch"] = int(number) if number == int(number) else number
        if match["total"]:
            found["total_epochs"] = int(match["total"])
        return


_BEGINS = {"start", "starting", "begin", "beginning"}
_NOT_EPOCHS = {"num", "total", "max", "n", "per", "warmup", "every", "since"}


def _step(low: str, found: dict[str, Any], sure: bool, named: bool) -> None:
    best, late, others = None, False, False
    if named:
        for word in ("step", "iter", "batch", "update"):
            for at in _places(low, word):
                match = _STEP.match(low, at + len(word))
                if match is None:
                    continue
                before = _word_before(low, at)
                others = others or before in _EVAL
                if before in _NOT_STEPS or (match["many"] and not match["total"] and not (sure and before in ("", "num", "current"))):
                    continue
                if not sure and "epoch" not in found and _busy(low, at, match.end()):
                    continue
                if match["total"]:
                    found["step"], found["total_steps"] = _whole(match["step"]), _whole(match["total"])
                    return
                if best is None:
                    best, late = match, word == "update"
    if best is not None:
        found["step"] = _whole(best["step"])
        if "epoch" not in found and not late:
            return
    if "/" not in low:
        return
    for pattern in (_KERAS, _RICH, _DATA, _OF_STEPS):
        if match := pattern.search(low):
            if pattern is _DATA and _evaluates(low, match.start()):
                return
            if pattern is _OF_STEPS and not sure and _busy(low, match.start(), match.end()):
                return
            # Keras shows its downloads the same way, counted in bytes.
            if sure or ("us/step" not in low and "ns/step" not in low):
                found["step"], found["total_steps"] = int(match[1]), int(match[2])
            return
    if others or (best is not None and not late) or not (sure or "epoch" in found):
        return
    brackets = _BRACKETS.findall(low)
    if len(brackets) >= 2 and "epoch" not in found:
        found["epoch"], found["total_epochs"] = int(brackets[0][0]), int(brackets[0][1])
        found["step"], found["total_steps"] = int(brackets[1][0]), int(brackets[1][1])
        return
    taken = (found.get("epoch"), found.get("total_epochs"))
    for first, second in brackets + _FRACTION.findall(_RIGHT.sub(" ", low)):
        pair = (int(first), int(second))
        if pair != taken and pair[1] > 0 and pair[0] <= pair[1]:
            found["step"], found["total_steps"] = pair
            return


_RIGHT = re.compile(r"(?:acc\w{0,12}|correct|epochs?)\W{0,4}[\d.]{1,20}\s{0,4}/\s{0,4}\d{1,15}")
_NOT_STEPS = {
    "max", "total", "valid", "testing", "save", "saving", "eval", "evaluation", "log", "logging", "warmup", "accumulation", "per",
    "n", "every", "of", "optimization", "val", "validation", "test", "skipped", "nan", "size", "micro", "time", "last", "inference",
    "denoising", "sampling", "decay", "sync",
}  # fmt: skip


def _special(low: str, found: dict[str, Any]) -> None:
    """Lines whose places mean something without a word beside them."""
    if (match := _TUTORIAL.match(low)) or (match := _TORCHTUNE.match(low)):
        found["epoch"], found["step"] = int(match[1]), int(match[2])
    elif match := _TIMM.match(low):
        found["epoch"] = int(match[1])


def _fastai(low: str) -> dict[str, Any] | None:
    """A row of fastai's table: epoch, train loss, valid loss, perhaps accuracy, time."""
    match = _FASTAI.match(low) if low[:1].isdigit() else None
    if match is None:
        return None
    found: dict[str, Any] = {"epoch": int(match[1]), "loss": float(match[2]), "eval_loss": float(match[3])}
    return found | {"accuracy": float(match[4])} if match[4] and float(match[4]) <= 1 else found


def _bar(low: str, found: dict[str, Any], loss: bool) -> bool:
    """Reads a progress bar; False for one of a download, of tokenizing or of an evaluation."""
    at = low.find("%|")
    at = at if at >= 0 else low.find("% |")
    match = _BAR.match(low, at)
    start = at
    while start > 0 and low[start - 1].isdigit():
        start -= 1
    if match is None or start == at:
        return True
    what, rest = low[:start].strip(), match["rest"] or ""
    if match["unit"]:
        return False
    counts = True
    if what:
        if _MEASURES.search(what):
            return False
        if _BUSY_BEFORE.search(what) and not ("loss" in what and "eval" not in what):
            if not loss:
                return False
            counts = False  # an evaluation's bar with its loss
        elif yolo := _YOLO.match(what):
            found["epoch"], found["total_epochs"] = int(yolo[1]), int(yolo[2])
        elif not loss and not _OURS.search(what):
            return False
    if rest and not rest.endswith("it/s]") and not rest.endswith("s/it]"):
        rate = _RATE_OF_BAR.search(rest)
        unit = (rate[1] or rate[2]) if rate else ""
        if unit in _BYTES or (unit in _ROWS and not loss):
            return False
    place = (int(float(match["step"])), int(float(match["total"])))
    if what.strip(": ") in ("epoch", "epochs"):
        found["epoch"], found["total_epochs"] = place
    else:
        found["step"], found["total_steps"] = place if counts else (None, None)
    return True


_BYTES = {"b", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "bytes"}
_ROWS = {"examples", "example", "files", "file", "rows", "row", "tokens", "shards", "shard", "docs", "lines"}


def _busy(low: str, start: int, end: int) -> bool:
    """Whether a lone count does not belong to the training: "Step 1/5: Installing", "Tokenizing batch 3/8"."""
    return bool(_BUSY_BEFORE.search(low, 0, start) or _BUSY_AFTER.match(low, end))


def _whole(text: str) -> int:
    return int(text.replace(",", "").replace("_", ""))


def _float(text: str) -> float | None:
    """The number; a single comma is a decimal one ("2,31"), since no trainer groups the digits of a loss or a rate."""
    if text.count(",") == 1 and "." not in text:
        return float(text.replace(",", "."))
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _last(metrics: list[TrainingMetrics], name: str) -> Any:
    return next((value for item in reversed(metrics) if (value := getattr(item, name)) is not None), None)
