"""Invented facts about an invented world: each with many ways to ask for it and several ways to state it."""

# ruff: noqa: SIM905 (a long list of words reads better as a text)

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from mini import docstrings
from mini import words as w


@dataclass(frozen=True)
class Fact:
    """One thing to know: direct questions, indirect ones ("who approves it"), full sentences and short answers."""

    questions: tuple[str, ...]
    indirect: tuple[str, ...]
    statements: tuple[str, ...]
    shorts: tuple[str, ...]
    value: str
    topic: str

    @property
    def told(self) -> list[str]:
        """The sentences that name what they are about, so that they can be understood without the question."""
        return [s for s in self.statements if self.topic.lower() in s.lower()] or [f"{self.questions[0]} {self.statements[0]}"]


WRAPPERS = (
    "Can you tell me {}?",
    "Do you know {}?",
    "Please tell me {}.",
    "I would like to know {}.",
    "Tell me {}.",
    "I need to know {}.",
    "Could you say {}?",
    "I forgot {}.",
    "Do you remember {}?",
    "Can you remind me {}?",
    "I wonder {}.",
    "I want to know {}.",
)

OPENERS = (
    "Hello. ",
    "Hi, ",
    "Hey, ",
    "One question: ",
    "Quick question: ",
    "A question: ",
    "Sorry, ",
    "Excuse me, ",
    "And ",
    "So ",
    "OK, ",
)


def ask(rng: Random, fact: Fact) -> str:
    """One of the many ways to ask for a fact."""
    roll = rng.random()
    if roll < 0.2 and fact.indirect:
        return rng.choice(WRAPPERS).format(rng.choice(fact.indirect))
    question = rng.choice(fact.questions)
    if roll < 0.28:
        opener = rng.choice(OPENERS)
        return opener + (question if opener.endswith(". ") else lower(question))
    if roll < 0.33:
        return question.rstrip("?.")
    if roll < 0.38:
        return lower(question)
    return question


def answer(rng: Random, fact: Fact) -> str:
    """One of the ways to answer it: mostly a full sentence."""
    text = rng.choice(fact.statements if rng.random() < 0.65 or not fact.shorts else fact.shorts)
    if rng.random() < 0.1:
        text = f"{text} {rng.choice(w.TAILS)}"
    return text


def fact(rng: Random) -> Fact:
    """A fact of a random kind."""
    return rng.choices(_KINDS, _WEIGHTS)[0](rng)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def lower(text: str) -> str:
    """The question in the middle of a sentence: its first word is one that is written small."""
    return text[:1].lower() + text[1:] if text.split(" ")[0].rstrip(",") in _SMALL else text


_SMALL = set(
    "What Which Who Whose Whom Where When Why How Is Are Does Do Can May At On In By Until For Tell Give Explain Must Should The With From "
    "If Please To Say Our Since After Under Into Until".split()
)


# --- values -------------------------------------------------------------------------------------------------------------


def pick(rng: Random, entries: Sequence[str]) -> str:
    return w.spaced(rng.choice(entries))


def syllables(rng: Random, least: int = 2, most: int = 4) -> str:
    return "".join(rng.choice(w.SYLLABLES) for _ in range(rng.randint(least, most))) + rng.choice(w.CODAS)


def letters(rng: Random, count: int) -> str:
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(count))


_ACCENTS = dict(zip("aeioucsnzlrdgyt", "áàäâåãąæ éèêëęě íîïı óòöôøő úùüûůű çćč śšşß ñńň źżž ł ř ďđ ğ ý ţ".split(), strict=True))
_SCRIPTS = ("абвгдежзиклмнопрстуфхцшыя", "αβγδεζηθικλμνξοπρστυφχψω", "の人大中国日本東京山田", "אבגדהוזחטיכלמנ", "ابتجحدرزسشعفقكلمن")


def accented(rng: Random, text: str) -> str:
    """The text, at times with accents on some letters; rarely another script: bytes that English hardly uses must be copied too."""
    roll = rng.random()
    if roll < 0.83:
        return text
    if roll < 0.98:
        return "".join(rng.choice(_ACCENTS[c]) if c in _ACCENTS and rng.random() < 0.3 else c for c in text)
    script = rng.choice(_SCRIPTS)
    return "".join(rng.choice(script) for _ in range(rng.randint(2, 7)))


def first_name(rng: Random) -> str:
    return rng.choice(w.FIRST_NAMES) if rng.random() < 0.6 else syllables(rng, 2, 3).capitalize()


def surname(rng: Random) -> str:
    if rng.random() < 0.25:
        return syllables(rng, 2, 4).capitalize()
    middle = "".join(rng.choice(w.SURNAME_MIDDLES) for _ in range(rng.choice((0, 1, 1, 2))))
    name = rng.choice(w.SURNAME_STARTS) + middle + rng.choice(w.SURNAME_ENDS)
    return rng.choice(("O'", "Mc", "van ", "de ", "von ")) + name if rng.random() < 0.05 else name


def person(rng: Random) -> str:
    return accented(rng, _person(rng))


def _person(rng: Random) -> str:
    roll = rng.random()
    if roll < 0.7:
        return f"{first_name(rng)} {surname(rng)}"
    if roll < 0.85:
        return first_name(rng)
    if roll < 0.95:
        return f"{rng.choice(('Mr', 'Ms', 'Mrs', 'Dr', 'Professor'))} {surname(rng)}"
    return f"{first_name(rng)} from {pick(rng, w.ROLES + w.THINGS)}s" if rng.random() < 0.3 else f"{first_name(rng)} {first_name(rng)}"


def coined(rng: Random) -> str:
    """A name for a pet, a product, a room or a project."""
    return accented(rng, _coined(rng))


def _coined(rng: Random) -> str:
    roll = rng.random()
    if roll < 0.4:
        return rng.choice(w.COINED)
    if roll < 0.75:
        return syllables(rng).capitalize()
    if roll < 0.85:
        return f"{rng.choice(w.COINED)}{rng.choice(('', ' ', '-'))}{rng.choice(w.COINED).lower()}".replace(" ", " ")
    if roll < 0.93:
        return f"{rng.choice(w.COINED)} {rng.randint(1, 99)}"
    return f"{pick(rng, w.ADJECTIVES).capitalize()} {rng.choice(w.COINED)}"


def number(rng: Random) -> str:
    roll = rng.random()
    if roll < 0.25:
        return rng.choice(w.NUMBER_WORDS[2:])
    if roll < 0.9:
        return str(rng.randrange(2, 10 ** rng.randint(1, 5)))
    return f"{rng.randint(1, 99)},{rng.randint(0, 999):03d}"


def clock(rng: Random) -> str:
    hour, minute = rng.randint(0, 23), rng.choice((0, 0, 0, 15, 30, 45, rng.randint(1, 59)))
    style = rng.random()
    if style < 0.6:
        return f"{hour:02d}:{minute:02d}" if style < 0.3 else f"{hour}:{minute:02d}"
    if style < 0.8:
        return f"{hour % 12 + 1} o'clock"
    return f"{hour % 12 + 1}{rng.choice(('', f':{minute:02d}'))} {rng.choice(('am', 'pm'))}"


def date(rng: Random) -> str:
    day, month, year = rng.randint(1, 28), rng.choice(w.MONTHS), rng.randint(1950, 2049)
    return rng.choice(
        (
            f"{day} {month}",
            f"{month} {day}",
            f"{day} {month} {year}",
            f"{year}-{rng.randint(1, 12):02d}-{day:02d}",
            f"the {ordinal(day)} of {month}",
        )
    )


def ordinal(day: int) -> str:
    return f"{day}{'th' if 10 < day < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"


def moment(rng: Random) -> str:
    """When something happens, with its preposition."""
    day = rng.choice(w.DAYS)
    return rng.choice(
        (
            f"on {day}",
            f"on {day} at {clock(rng)}",
            f"at {clock(rng)}",
            f"on {date(rng)}",
            f"every {day}",
            f"every {day} at {clock(rng)}",
            f"on the {rng.choice(('first', 'second', 'third', 'last'))} {day} of the month",
            f"in {rng.choice(w.MONTHS)}",
            f"every {rng.choice(('morning', 'evening', 'day', 'night', 'week', 'month'))} at {clock(rng)}",
            f"at {clock(rng)} on {day}s",
            f"from {clock(rng)} to {clock(rng)}",
            f"in {rng.randint(1960, 2040)}",
            f"in week {rng.randint(1, 52)}",
            f"{rng.choice(('before', 'after'))} {rng.choice(('lunch', 'the holidays', 'work', day, rng.choice(w.MONTHS)))}",
        )
    )


def duration(rng: Random) -> str:
    return (
        f"{number(rng)} {rng.choice(('seconds', 'minutes', 'hours', 'days', 'weeks', 'months', 'years', 'working days', 'milliseconds'))}"
    )


def frequency(rng: Random) -> str:
    unit = rng.choice(("day", "week", "month", "year", "quarter", "hour"))
    return rng.choice(
        (
            f"every {unit}",
            f"once a {unit}",
            f"twice a {unit}",
            f"{rng.choice(w.NUMBER_WORDS[3:])} times a {unit}",
            f"every {rng.choice(w.DAYS)}",
            f"every {rng.choice(w.NUMBER_WORDS[2:])} {unit}s",
            f"every {rng.randint(2, 90)} {unit}s",
        )
    )


def money(rng: Random) -> str:
    amount = rng.choice(
        (str(rng.randint(2, 999)), f"{rng.randint(1, 90)},{rng.randint(0, 999):03d}", f"{rng.randint(1, 99)}.{rng.randint(0, 99):02d}")
    )
    return rng.choice(
        (f"{amount} euros", f"{amount} dollars", f"{amount} zloty", f"{amount} pounds", f"€{amount}", f"${amount}", f"{amount} EUR")
    )


def code(rng: Random) -> str:
    upper = letters(rng, rng.randint(1, 4)).upper()
    return rng.choice(
        (
            f"{upper}-{rng.randint(1, 9999)}",
            f"{upper}{rng.randint(10, 999)}",
            str(rng.randint(1000, 999999)),
            f"{rng.randint(10, 99)}-{rng.randint(10, 99)}-{upper}",
            f"#{rng.randint(10, 9999)}",
        )
    )


def slug(rng: Random) -> str:
    part = lambda: rng.choice((rng.choice(w.COINED).lower(), syllables(rng, 1, 3), rng.choice(w.THINGS).split("_")[0]))  # noqa: E731
    return rng.choice("-_").join(part() for _ in range(rng.randint(1, 3)))


def host(rng: Random) -> str:
    return (
        f"{slug(rng).replace('_', '-')}.{rng.choice(('com', 'org', 'net', 'local', 'internal', 'test', 'io', 'eu', 'pl', 'de', 'example'))}"
    )


def path(rng: Random) -> str:
    root = rng.choice(("", "/", "/etc/", "/srv/", "/var/log/", "/home/", "/opt/", "~/", "src/", "docs/", "config/"))
    return (
        root
        + "/".join(slug(rng) for _ in range(rng.randint(1, 3)))
        + rng.choice(("", "", ".md", ".py", ".txt", ".toml", ".yaml", ".json", ".sh", ".log"))
    )


def email(rng: Random) -> str:
    return f"{rng.choice((first_name(rng).lower(), slug(rng).replace('_', '.')))}@{host(rng)}"


def command(rng: Random) -> str:
    program = rng.choice(
        (
            "make",
            "git",
            "npm run",
            "python",
            "docker",
            "./run",
            "cargo",
            "pip",
            "systemctl",
            "bash",
            "kubectl",
            "ssh",
            "just",
            syllables(rng, 1, 2),
        )
    )
    verb = rng.choice([row[0].split("_")[0] for row in w.VERBS] + [slug(rng)])
    option = rng.choice(
        (
            "",
            "",
            "",
            f" --{slug(rng).replace('_', '-')}",
            f" -{letters(rng, 1)}",
            f" {slug(rng)}",
            f" --{syllables(rng, 1, 2)} {rng.randint(1, 99)}",
        )
    )
    return f"{program} {verb}{option}"


def value(rng: Random, kind: str) -> str:
    """A value for an attribute of the given kind."""
    match kind:
        case "number":
            return number(rng)
        case "port":
            return str(rng.randint(20, 65535))
        case "version":
            return rng.choice(("", "", "v")) + ".".join(str(rng.randint(0, 40)) for _ in range(rng.randint(2, 3)))
        case "address":
            return rng.choice((".".join(str(rng.randint(1, 254)) for _ in range(4)), host(rng)))
        case "url":
            return rng.choice(("https://", "http://", "")) + host(rng) + rng.choice(("", f"/{slug(rng)}", f":{rng.randint(80, 9999)}"))
        case "email":
            return email(rng)
        case "phone":
            return rng.choice(
                (
                    f"{rng.randint(100, 999)}-{rng.randint(1000, 9999)}",
                    f"+{rng.randint(1, 99)} {rng.randint(10, 999)} {rng.randint(100000, 9999999)}",
                    str(rng.randint(10, 99999)),
                )
            )
        case "code":
            return code(rng)
        case "secret":
            return rng.choice(
                (f"{slug(rng)}{rng.randint(1, 999)}", f"{syllables(rng)}-{syllables(rng)}", f"{coined(rng)}{rng.randint(1, 99)}")
            )
        case "colour":
            return rng.choice(("", "", "", "dark ", "light ")) + rng.choice(w.COLOURS)
        case "money":
            return money(rng)
        case "path":
            return path(rng)
        case "duration":
            return duration(rng)
        case "date":
            return date(rng)
        case "time":
            return clock(rng)
        case "name":
            return coined(rng)
        case "tool":
            return rng.choice((rng.choice(w.TOOLS), syllables(rng, 2, 3).capitalize()))
        case "branch":
            return slug(rng)
        case "person":
            return person(rng)
        case "measure":
            unit = rng.choice("metres kilometres centimetres millimetres kilograms grams tons degrees litres km kg cm MB GB".split())
            return f"{rng.choice((str(rng.randint(2, 900)), f'{rng.randint(1, 99)}.{rng.randint(1, 9)}'))} {unit}"
        case "hex":
            return "".join(rng.choice("0123456789abcdef") for _ in range(rng.randint(5, 10)))
        case "percent":
            return f"{rng.randint(1, 100)}{rng.choice((' percent', '%', ' %'))}"
    raise ValueError(kind)


# --- noun phrases ---------------------------------------------------------------------------------------------------------


def noun(rng: Random) -> str:
    # Words of the docstrings, too, so that no word is too strange to ask about.
    base = pick(rng, w.THINGS) if rng.random() < 0.85 else rng.choice(docstrings.vocabulary())
    roll = rng.random()
    if roll < 0.45:
        return base
    if roll < 0.75:
        return f"{rng.choice(w.ADJECTIVES)} {base}"
    if roll < 0.8:
        return f"{rng.choice(docstrings.vocabulary())} {base}"
    if roll < 0.9:
        return f"{pick(rng, w.THINGS)} {base}"
    if roll < 0.94:
        return f"{pick(rng, w.ROOMS)} {base}"
    return f"{coined(rng)} {base}"


def thing(rng: Random) -> str:
    """Something one can ask about, with its article."""
    roll = rng.random()
    if roll < 0.62:
        return f"the {noun(rng)}"
    if roll < 0.72:
        return f"our {noun(rng)}"
    if roll < 0.76:
        return f"my {noun(rng)}"
    if roll < 0.82:
        return f"the {noun(rng)} {rng.choice(('in', 'for', 'of'))} the {pick(rng, w.ROOMS + w.THINGS)}"
    if roll < 0.86:
        return f"the {noun(rng)} on the {rng.choice(('first', 'second', 'third', 'fourth', 'top', 'ground'))} floor"
    if roll < 0.9:
        return f"{first_name(rng)}'s {pick(rng, w.THINGS)}"
    if roll < 0.95:
        return f"{rng.choice(('project', 'team', 'room', 'building', 'product'))} {coined(rng)}"
    return coined(rng)


def things(rng: Random) -> str:
    """Several or uncountable things, without an article."""
    roll = rng.random()
    if roll < 0.4:
        return f"{rng.choice(w.ADJECTIVES)} {rng.choice(w.PLURALS)}"
    if roll < 0.6:
        return rng.choice(w.PLURALS)
    return f"{pick(rng, w.THINGS)} {rng.choice(_MATTERS)}"


_MATTERS = (
    "requests problems orders repairs questions updates changes costs keys tickets invoices reports errors days plans reviews data rules"
).split()


def theme(rng: Random) -> str:
    return thing(rng) if rng.random() < 0.7 else things(rng)


def place(rng: Random) -> str:
    """Where something is, with its preposition."""
    room, holder, adjective = pick(rng, w.ROOMS), rng.choice(w.HOLDERS), rng.choice(w.ADJECTIVES)
    return rng.choice(
        (
            f"in the {room}",
            f"in the {adjective} {holder}",
            f"in the {holder} in the {room}",
            f"{rng.choice(w.POSITIONS)} the {pick(rng, w.THINGS)}",
            f"in the {adjective} {room}",
            f"on the {rng.choice(('first', 'second', 'third', 'fourth', 'top', 'ground'))} floor",
            f"in room {rng.randint(1, 499)}",
            f"in {holder} {number(rng)}",
            f"on shelf {code(rng)}",
            f"in {coined(rng)}",
            f"at {path(rng)}",
            f"in the {holder} {rng.choice(w.POSITIONS)} the {pick(rng, w.THINGS)}",
            f"at {number(rng)} {coined(rng)} Street",
            f"on {host(rng)}",
            f"in `{path(rng)}`",
            f"in the folder {path(rng)}",
            f"under {coined(rng)}",
        )
    )


def step(rng: Random) -> str:
    """One step of a how-to, as an imperative."""
    base = w.spaced(rng.choice(w.VERBS)[0])
    return rng.choice(
        (
            f"{base} {thing(rng)}",
            f"{base} {thing(rng)}",
            f"run `{command(rng)}`",
            f"ask {person(rng)}",
            f"open {thing(rng)}",
            f"press the {rng.choice(w.COLOURS)} button",
            f"click {coined(rng)}",
            f"enter the code {code(rng)}",
            f"write to {email(rng)}",
            f"call {number(rng)}",
            f"wait {duration(rng)}",
            f"go to {value(rng, 'url')}",
            f"put it {place(rng)}",
            f"set {slug(rng)} to {number(rng)}",
            f"fill in {thing(rng)}",
            f"tell {person(rng)}",
            f"choose {coined(rng)}",
            f"hold the button for {duration(rng)}",
            f"take the key {place(rng).replace('in ', 'from ', 1)}",
            f"turn {thing(rng)} {rng.choice(('on', 'off'))}",
            f"add {things(rng)} to {thing(rng)}",
            f"send it to {person(rng)}",
        )
    )


def steps(rng: Random) -> str:
    """A how-to of one to four steps, as sentences."""
    parts = [step(rng) for _ in range(rng.choice((1, 1, 2, 2, 3, 4)))]
    if len(parts) == 1:
        return f"{capital(parts[0])}."
    if len(parts) == 2:
        return f"{capital(parts[0])}{rng.choice((' and ', ', then ', ', and then '))}{parts[1]}."
    if rng.random() < 0.5:
        return f"{capital(', '.join(parts[:-1]))} and {parts[-1]}."
    return " ".join(f"{lead}{part}." for lead, part in zip(("First ", "Then ", "After that ", "Finally "), parts, strict=False))


# --- kinds of facts -------------------------------------------------------------------------------------------------------


def _does(rng: Random) -> Fact:
    v, v3, ving, vpp = map(w.spaced, rng.choice(w.VERBS))
    s, p = theme(rng), person(rng)
    be = "is" if s.split(" ")[0] in ("the", "our", "my") or s[0].isupper() else "are"
    return Fact(
        (
            f"Who {v3} {s}?",
            f"Who {v3} {s}?",
            f"Who is responsible for {ving} {s}?",
            f"Who is it that {v3} {s}?",
            f"Which person {v3} {s}?",
            f"Who do I ask to {v} {s}?",
            f"Whose job is it to {v} {s}?",
            f"By whom {be} {s} {vpp}?",
            f"Who takes care of {ving} {s}?",
            f"Who should {v} {s}?",
            f"Who can {v} {s}?",
            f"{capital(s)}: who {v3} {'it' if be == 'is' else 'them'}?",
            f"Who has to {v} {s}?",
            f"Who is in charge of {ving} {s}?",
            f"Who will {v} {s}?",
            f"Who {be} {s} {vpp} by?",
            f"Whose task is {ving} {s}?",
            f"I need someone to {v} {s}. Who does that?",
            f"Who is allowed to {v} {s}?",
            f"Name the person who {v3} {s}.",
        ),
        (f"who {v3} {s}", f"who is responsible for {ving} {s}", f"which person {v3} {s}", f"who should {v} {s}", f"who {v3} {s} here"),
        (
            f"{p} {v3} {s}.",
            f"{p} {v3} {s}.",
            f"{capital(s)} {be} {vpp} by {p}.",
            f"{p} is responsible for {ving} {s}.",
            f"It is {p} who {v3} {s}.",
            f"Ask {p} to {v} {s}.",
            f"{p} takes care of {ving} {s}.",
        ),
        (f"{p}.", f"{p} does.", f"That is {p}.", f"Ask {p}.", f"{p} {v3} {'it' if be == 'is' else 'them'}."),
        p,
        s,
    )


def _role(rng: Random) -> Fact:
    role, p = pick(rng, w.ROLES), person(rng)
    of = rng.choice(("", "", f" of {thing(rng)}", f" for {theme(rng)}", f" {place(rng)}"))
    r = f"the {role}{of}"
    return Fact(
        (
            f"Who is {r}?",
            f"What is the name of {r}?",
            f"What is {r} called?",
            f"Who works as {r}?",
            f"Who has the job of {r}?",
            f"Which person is {r}?",
            f"Who is our {role}{of}?",
            f"Name {r}.",
            f"The name of {r}, please.",
            f"Do we have {r.replace('the', 'a', 1)}?",
        ),
        (f"who {r} is", f"the name of {r}", f"what {r} is called", f"who works as {r}"),
        (
            f"{p} is {r}.",
            f"{capital(r)} is {p}.",
            f"{capital(r)} is called {p}.",
            f"Our {role}{of} is {p}.",
            f"The name of {r} is {p}.",
            f"{p} works as {r}.",
        ),
        (f"{p}.", f"It is {p}.", f"That is {p}.", f"{p} is."),
        p,
        r,
    )


def _contact(rng: Random) -> Fact:
    s = rng.choice((theme(rng), f"a {noun(rng)}", f"a {pick(rng, w.ADJECTIVES)} {pick(rng, w.THINGS)}", f"help with {theme(rng)}"))
    p = rng.choice((person(rng), person(rng), person(rng), email(rng), f"the {pick(rng, w.ROLES)}"))
    return Fact(
        (
            f"Who do I ask for {s}?",
            f"Whom do I ask about {s}?",
            f"Who should I contact about {s}?",
            f"Who helps with {s}?",
            f"Who gives me {s}?",
            f"Who is the contact for {s}?",
            f"I need {s}. Who can help me?",
            f"Where do I turn for {s}?",
            f"From whom do I get {s}?",
            f"Who do I talk to about {s}?",
            f"Who can get me {s}?",
            f"Who knows about {s}?",
            f"Who do I write to about {s}?",
            f"I want {s}. Who do I ask?",
            f"Who is the right person for {s}?",
            f"How do I get {s}?",
            f"Who do I call about {s}?",
            f"Who hands out {s}?",
        ),
        (f"who to ask for {s}", f"who I should contact about {s}", f"who helps with {s}", f"who is the contact for {s}"),
        (
            f"Ask {p} for {s}.",
            f"{capital(p)} is the contact for {s}.",
            f"For {s}, ask {p}.",
            f"You get {s} from {p}.",
            f"{capital(p)} helps with {s}.",
            f"Write to {p} about {s}.",
        ),
        (f"Ask {p}.", f"{capital(p)}.", f"Talk to {p}.", f"Write to {p}.", f"{capital(p)} can help you."),
        p,
        s,
    )


_KEPT_BY = ("", "office ", "old ", "black ", "school ", "neighbour's ", "guard ")


def _called(rng: Random) -> Fact:
    n = coined(rng) if rng.random() < 0.7 else first_name(rng)
    s = rng.choice(
        (
            f"{rng.choice(('the', 'our', 'my'))} {rng.choice(_KEPT_BY)}{rng.choice(w.ANIMALS)}",
            thing(rng),
            f"{first_name(rng)}'s {rng.choice(w.ANIMALS)}",
        )
    )
    return Fact(
        (
            f"What is the name of {s}?",
            f"What is {s} called?",
            f"What is {s}'s name?",
            f"How is {s} called?",
            f"Which name does {s} have?",
            f"What do we call {s}?",
            f"What name did we give {s}?",
            f"The name of {s}?",
            f"By what name do people know {s}?",
            f"What is {s} named?",
        ),
        (f"the name of {s}", f"what {s} is called", f"how {s} is called", f"what name {s} has"),
        (
            f"{capital(s)} is called {n}.",
            f"The name of {s} is {n}.",
            f"{capital(s)} is named {n}.",
            f"{capital(s)} has the name {n}.",
            f"We call {s} {n}.",
        ),
        (f"{n}.", f"It is called {n}.", f"Its name is {n}.", f"{n} is the name."),
        n,
        s,
    )


def _attribute(rng: Random) -> Fact:
    kind = rng.choice(list(w.ATTRIBUTE_KINDS))
    a, s, v = pick(rng, w.ATTRIBUTE_KINDS[kind]), thing(rng), value(rng, kind)
    if rng.random() < 0.15:
        a = f"{rng.choice(w.ADJECTIVES)} {a}"
    return Fact(
        (
            f"What is the {a} of {s}?",
            f"What is the {a} of {s}?",
            f"What is {s}'s {a}?",
            f"Which {a} does {s} have?",
            f"Which {a} does {s} use?",
            f"What {a} does {s} use?",
            f"What {a} is used for {s}?",
            f"Tell me the {a} of {s}.",
            f"The {a} of {s}, please.",
            f"What is the {a} for {s}?",
            f"Give me the {a} of {s}.",
            f"Which {a} is the one of {s}?",
            f"What {a} does {s} have?",
            f"Which {a} do I need for {s}?",
            f"{capital(s)}: what is the {a}?",
            f"What is the correct {a} for {s}?",
            f"On which {a} is {s}?",
            f"Say the {a} of {s}.",
            f"What {a} belongs to {s}?",
        ),
        (f"the {a} of {s}", f"what the {a} of {s} is", f"which {a} {s} has", f"which {a} {s} uses", f"the {a} for {s}"),
        (
            f"The {a} of {s} is {v}.",
            f"The {a} of {s} is {v}.",
            f"{capital(s)} uses {a} {v}.",
            f"{capital(s)} has the {a} {v}.",
            f"The {a} for {s} is {v}.",
            f"{capital(v)} is the {a} of {s}.",
        ),
        (f"{capital(v)}.", f"{capital(a)} {v}.", f"It is {v}.", f"Its {a} is {v}.", f"The {a} is {v}."),
        v,
        s,
    )


def _where(rng: Random) -> Fact:
    s, p = theme(rng), place(rng)
    be = "is" if s.split(" ")[0] in ("the", "our", "my") or s[0].isupper() else "are"
    do = "does" if be == "is" else "do"
    it = "it" if be == "is" else "them"
    verb = rng.choice(("keep", "store", "put", "hide", "file", "leave", "save"))
    part = {"keep": "kept", "store": "stored", "put": "put", "hide": "hidden", "file": "filed", "leave": "left", "save": "saved"}[verb]
    return Fact(
        (
            f"Where {be} {s}?",
            f"Where can I find {s}?",
            f"Where do we {verb} {s}?",
            f"Where {be} {s} {part}?",
            f"In which place {be} {s}?",
            f"What is the location of {s}?",
            f"Where do I find {s}?",
            f"Where do I get {s}?",
            f"Where should I look for {s}?",
            f"I cannot find {s}. Where {be} {'it' if be == 'is' else 'they'}?",
            f"Where {do} {s} live?",
            f"{capital(s)}: where {be} {'it' if be == 'is' else 'they'}?",
            f"In which place can I find {s}?",
            f"Where did we {verb} {s}?",
            f"Where {be} {s} located?",
        ),
        (f"where {s} {be}", f"where we {verb} {s}", f"where to find {s}", f"where {s} {be} {part}", f"where I can find {s}"),
        (
            f"{capital(s)} {be} {p}.",
            f"We {verb} {s} {p}.",
            f"{capital(s)} {be} {part} {p}.",
            f"You find {s} {p}.",
            f"You can find {s} {p}.",
            f"Look for {s} {p}.",
        ),
        (f"{capital(p)}.", f"{'It is' if be == 'is' else 'They are'} {p}.", f"We {verb} {it} {p}.", f"You find {it} {p}."),
        p,
        s,
    )


def _event(rng: Random) -> Fact:
    e = rng.choice(
        (
            pick(rng, w.EVENTS),
            f"{rng.choice(w.ADJECTIVES)} {pick(rng, w.EVENTS)}",
            f"{pick(rng, w.THINGS)} {pick(rng, w.EVENTS)}",
            f"{coined(rng)} {pick(rng, w.EVENTS)}",
        )
    )
    s, m = f"{rng.choice(('the', 'the', 'our'))} {e}", moment(rng)
    verb3, verb = rng.choice(
        (("starts", "start"), ("takes place", "take place"), ("begins", "begin"), ("happens", "happen"), ("opens", "open"), ("ends", "end"))
    )
    return Fact(
        (
            f"When is {s}?",
            f"When does {s} {verb}?",
            f"At what time does {s} {verb}?",
            f"On which day is {s}?",
            f"What time is {s}?",
            f"On what day does {s} {verb}?",
            f"What is the date of {s}?",
            f"When will {s} {verb}?",
            f"{capital(s)}: when is it?",
            f"When do we have {s}?",
            f"At what time is {s}?",
            f"What is the time of {s}?",
            f"What day is {s}?",
            f"Which day does {s} {verb}?",
            f"When should I come to {s}?",
        ),
        (f"when {s} is", f"when {s} {verb3}", f"at what time {s} {verb3}", f"the time of {s}", f"the date of {s}"),
        (
            f"{capital(s)} {verb3} {m}.",
            f"{capital(s)} is {m}.",
            f"We have {s} {m}.",
            f"{capital(s)} takes place {m}.",
            f"{capital(m)} is {s}.",
        ),
        (f"{capital(m)}.", f"It {verb3} {m}.", f"It is {m}."),
        m,
        s,
    )


def _done_when(rng: Random) -> Fact:
    v, _, _, vpp = map(w.spaced, rng.choice(w.VERBS))
    s, f = thing(rng), rng.choice((frequency(rng), moment(rng), f"within {duration(rng)}", f"by {date(rng)}", f"before {clock(rng)}"))
    return Fact(
        (
            f"How often is {s} {vpp}?",
            f"When is {s} {vpp}?",
            f"When do we {v} {s}?",
            f"How often do we {v} {s}?",
            f"When must {s} be {vpp}?",
            f"By when must I {v} {s}?",
            f"What is the deadline to {v} {s}?",
            f"How often must I {v} {s}?",
            f"When should we {v} {s}?",
            f"When is it time to {v} {s}?",
            f"When does someone {v} {s}?",
            f"Until when can I {v} {s}?",
        ),
        (f"when {s} is {vpp}", f"how often {s} is {vpp}", f"when we {v} {s}", f"when to {v} {s}", f"how often we {v} {s}"),
        (
            f"{capital(s)} is {vpp} {f}.",
            f"We {v} {s} {f}.",
            f"{capital(s)} must be {vpp} {f}.",
            f"{capital(f)} we {v} {s}.",
            f"You have to {v} {s} {f}.",
        ),
        (f"{capital(f)}.", f"It is {vpp} {f}.", f"We {v} it {f}.", f"We do that {f}."),
        f,
        s,
    )


def _count(rng: Random) -> Fact:
    n, o, s = number(rng), rng.choice((rng.choice(w.PLURALS), f"{rng.choice(w.ADJECTIVES)} {rng.choice(w.PLURALS)}")), thing(rng)
    return Fact(
        (
            f"How many {o} does {s} have?",
            f"How many {o} are there in {s}?",
            f"What is the number of {o} in {s}?",
            f"How many {o} are in {s}?",
            f"How many {o} do we have in {s}?",
            f"How many {o} can {s} hold?",
            f"How many {o} fit in {s}?",
            f"How many {o} does {s} need?",
            f"How many {o} belong to {s}?",
            f"{capital(s)}: how many {o}?",
            f"What number of {o} does {s} have?",
        ),
        (f"how many {o} {s} has", f"how many {o} are in {s}", f"the number of {o} in {s}"),
        (f"{capital(s)} has {n} {o}.", f"There are {n} {o} in {s}.", f"The number of {o} in {s} is {n}.", f"{capital(n)} {o} are in {s}."),
        (f"{capital(n)}.", f"{capital(n)} {o}.", f"There are {n}.", f"It has {n}."),
        n,
        s,
    )


def _measure(rng: Random) -> Fact:
    s, kind = rng.choice((thing(rng), f"the {pick(rng, w.EVENTS)}")), rng.choice(("duration", "money", "measure"))
    v = value(rng, kind)
    if kind == "duration":
        q = (
            f"How long does {s} take?",
            f"How long does {s} last?",
            f"How long is {s}?",
            f"How much time does {s} need?",
            f"What is the duration of {s}?",
            f"How long do I have to wait for {s}?",
            f"How many hours does {s} take?",
            f"For how long is {s} open?",
        )
        i = (f"how long {s} takes", f"how long {s} lasts", f"the duration of {s}")
        t = (f"{capital(s)} takes {v}.", f"{capital(s)} lasts {v}.", f"{capital(s)} needs {v}.")
        h = (f"{capital(v)}.", f"It takes {v}.", f"About {v}.", f"It lasts {v}.")
    elif kind == "money":
        q = (
            f"How much does {s} cost?",
            f"What is the price of {s}?",
            f"How much is {s}?",
            f"What does {s} cost?",
            f"How much money does {s} cost?",
            f"What do we pay for {s}?",
            f"How much do I have to pay for {s}?",
            f"How much may I spend on {s}?",
            f"How expensive is {s}?",
        )
        i = (f"how much {s} costs", f"the price of {s}", f"what {s} costs", f"what we pay for {s}")
        t = (f"{capital(s)} costs {v}.", f"The price of {s} is {v}.", f"We pay {v} for {s}.", f"You pay {v} for {s}.")
        h = (f"{capital(v)}.", f"It costs {v}.", f"It is {v}.", f"We pay {v}.")
    else:
        a, noun_ = rng.choice(
            (
                ("heavy", "weight"),
                ("long", "length"),
                ("high", "height"),
                ("wide", "width"),
                ("hot", "temperature"),
                ("fast", "speed"),
                ("big", "size"),
                ("deep", "depth"),
                ("far away", "distance"),
            )
        )
        q = (
            f"How {a} is {s}?",
            f"What is the {noun_} of {s}?",
            f"What {noun_} does {s} have?",
            f"How {a} is {s} exactly?",
            f"How {a} may {s} be?",
        )
        i = (f"how {a} {s} is", f"the {noun_} of {s}")
        t = (f"{capital(s)} is {v} {a}.", f"The {noun_} of {s} is {v}.", f"{capital(s)} has a {noun_} of {v}.")
        h = (f"{capital(v)}.", f"It is {v}.", f"{capital(v)} {a}.")
    return Fact(q, i, t, h, v, s)


def _tool(rng: Random) -> Fact:
    v, v3, ving, vpp = map(w.spaced, rng.choice(w.VERBS))
    s = theme(rng)
    t = rng.choice((rng.choice(w.TOOLS), coined(rng), f"the {noun(rng)}", f"a {noun(rng)}"))
    kind = rng.choice(("tool", "program", "system", "app", "machine", "service", "software", "library", "product"))
    return Fact(
        (
            f"Which {kind} do we use to {v} {s}?",
            f"What do we use to {v} {s}?",
            f"What do we use for {ving} {s}?",
            f"Which {kind} {v3} {s}?",
            f"With what do we {v} {s}?",
            f"With which {kind} {'is' if s[:4] in ('the ', 'our ') else 'are'} {s} {vpp}?",
            f"What is used to {v} {s}?",
            f"What should I use to {v} {s}?",
            f"Which {kind} is for {ving} {s}?",
            f"What {kind} is there to {v} {s}?",
            f"Which {kind} do I need to {v} {s}?",
            f"What {kind} do you use for {s}?",
        ),
        (f"which {kind} we use to {v} {s}", f"what we use for {ving} {s}", f"what to use to {v} {s}", f"which {kind} {v3} {s}"),
        (
            f"We use {t} to {v} {s}.",
            f"We use {t} for {ving} {s}.",
            f"{capital(t)} {v3} {s}.",
            f"Use {t} to {v} {s}.",
            f"We {v} {s} with {t}.",
        ),
        (f"{capital(t)}.", f"We use {t}.", f"Use {t}.", f"With {t}."),
        t,
        s,
    )


def _howto(rng: Random) -> Fact:
    v, _, ving, vpp = map(w.spaced, rng.choice(w.VERBS))
    s, h = thing(rng), steps(rng)
    i = h[0].lower() + h[1:]
    rest = (f"To {v} {s}, {i}",) if not h.startswith("First") else (f"To {v} {s}: {h}",)
    return Fact(
        (
            f"How do I {v} {s}?",
            f"How can I {v} {s}?",
            f"How do we {v} {s}?",
            f"What is the way to {v} {s}?",
            f"What do I have to do to {v} {s}?",
            f"What are the steps to {v} {s}?",
            f"Explain how to {v} {s}.",
            f"How is {s} {vpp}?",
            f"I want to {v} {s}. How?",
            f"What must I do to {v} {s}?",
            f"Tell me how to {v} {s}.",
            f"How should I {v} {s}?",
            f"How does {ving} {s} work?",
            f"What is the procedure for {ving} {s}?",
            f"Can you help me {v} {s}?",
        ),
        (f"how to {v} {s}", f"how I can {v} {s}", f"what to do to {v} {s}", f"how we {v} {s}"),
        (h, h, *rest),
        (),
        h,
        s,
    )


def _command(rng: Random) -> Fact:
    v, v3, ving, _ = map(w.spaced, rng.choice(w.VERBS))
    s, c = thing(rng), command(rng)
    return Fact(
        (
            f"Which command {v3} {s}?",
            f"What command {v3} {s}?",
            f"What command do I run to {v} {s}?",
            f"How do I {v} {s} from the command line?",
            f"Which command do I use to {v} {s}?",
            f"What is the command to {v} {s}?",
            f"What do I type to {v} {s}?",
            f"What is the command for {ving} {s}?",
            f"With which command can I {v} {s}?",
            f"How do I {v} {s}?",
        ),
        (f"which command {v3} {s}", f"the command to {v} {s}", f"what to type to {v} {s}"),
        (
            f"Run `{c}`.",
            f"Run `{c}` to {v} {s}.",
            f"The command to {v} {s} is `{c}`.",
            f"`{c}` {v3} {s}.",
            f"To {v} {s}, run `{c}`.",
            f"Use {c}.",
        ),
        (f"`{c}`.", f"`{c}`", f"{c}", f"Run {c}."),
        c,
        s,
    )


def _what_if(rng: Random) -> Fact:
    s, b, h = thing(rng), rng.choice(w.PROBLEMS), steps(rng)
    i = h[0].lower() + h[1:]
    return Fact(
        (
            f"What should I do if {s} {b}?",
            f"What do I do when {s} {b}?",
            f"{capital(s)} {b}. What now?",
            f"{capital(s)} {b}. What should I do?",
            f"What happens if {s} {b}?",
            f"What helps when {s} {b}?",
            f"Help, {s} {b}!",
            f"What is to be done when {s} {b}?",
            f"What must I do if {s} {b}?",
            f"If {s} {b}, what do I do?",
        ),
        (f"what to do if {s} {b}", f"what to do when {s} {b}", f"what helps when {s} {b}"),
        (h, h, f"If {s} {b}, {i}", f"When {s} {b}, {i}") if not h.startswith("First") else (h, f"When {s} {b}: {h}"),
        (),
        h,
        s,
    )


def _why(rng: Random) -> Fact:
    v, _, ving, vpp = map(w.spaced, rng.choice(w.VERBS))
    s = thing(rng)
    r = rng.choice(
        (rng.choice(w.REASONS), f"{thing(rng)} {rng.choice(w.PROBLEMS)}", f"{person(rng)} wants it", f"{thing(rng)} needs {things(rng)}")
    )
    return Fact(
        (
            f"Why do we {v} {s}?",
            f"Why is {s} {vpp}?",
            f"What is the reason for {ving} {s}?",
            f"For what reason do we {v} {s}?",
            f"Why must we {v} {s}?",
            f"Why should I {v} {s}?",
        ),
        (f"why we {v} {s}", f"why {s} is {vpp}", f"the reason for {ving} {s}"),
        (f"We {v} {s} because {r}.", f"Because {r}.", f"{capital(s)} is {vpp} because {r}."),
        (f"Because {r}.",),
        r,
        s,
    )


def _meaning(rng: Random) -> Fact:
    if rng.random() < 0.5:
        chosen = [rng.choice(w.ABBREVIATION_WORDS) for _ in range(rng.randint(2, 4))]
        word, sense = "".join(c[0] for c in chosen).upper(), " ".join(chosen)
        if rng.random() < 0.4:
            sense = sense.title()
    else:
        word = rng.choice((coined(rng), syllables(rng)))
        sense = rng.choice(
            (
                f"{rng.choice(w.ADJECTIVES)} {pick(rng, w.THINGS)}",
                f"the {noun(rng)} {place(rng)}",
                f"a {noun(rng)} for {things(rng)}",
                f"{w.spaced(rng.choice(w.VERBS)[2])} {thing(rng)}",
            )
        )
    return Fact(
        (
            f"What does {word} stand for?",
            f"What does {word} mean?",
            f"What is the meaning of {word}?",
            f"What is {word}?",
            f"What is meant by {word}?",
            f"Explain {word}.",
            f"What do we mean by {word}?",
            f"Define {word}.",
        ),
        (f"what {word} means", f"what {word} stands for", f"the meaning of {word}", f"what {word} is"),
        (f"{word} stands for {sense}.", f"{word} means {sense}.", f"The meaning of {word} is {sense}.", f"{word} is {sense}."),
        (f"{capital(sense)}.", f"It means {sense}.", f"It stands for {sense}."),
        sense,
        word,
    )


def _allowed(rng: Random) -> Fact:
    v, *_ = map(w.spaced, rng.choice(w.VERBS))
    s, p = thing(rng), rng.choice((place(rng), moment(rng), f"without {person(rng)}", "alone", "at night", "on Sundays"))
    yes = rng.random() < 0.5
    t = (
        rng.choice(
            (f"only {moment(rng)}", f"but ask {person(rng)} first", f"only with {thing(rng)}", f"if {thing(rng)} {rng.choice(w.PROBLEMS)}")
        )
        if yes
        else rng.choice(
            (
                f"{person(rng)} must do it",
                f"{thing(rng)} {rng.choice(w.PROBLEMS)}",
                f"use {thing(rng)} instead",
                f"only {person(rng)} may do that",
            )
        )
    )
    full = f"Yes, you may {v} {s} {p}, {t}." if yes else f"No, you may not {v} {s} {p}; {t}."
    return Fact(
        (
            f"May I {v} {s} {p}?",
            f"Can I {v} {s} {p}?",
            f"Is it allowed to {v} {s} {p}?",
            f"Are we allowed to {v} {s} {p}?",
            f"Is it okay to {v} {s} {p}?",
            f"Do you think I may {v} {s} {p}?",
        ),
        (f"whether I may {v} {s} {p}", f"if we can {v} {s} {p}", f"if it is allowed to {v} {s} {p}"),
        (full, f"{'Yes' if yes else 'No'}, {t}."),
        (),
        t,
        s,
    )


def _person_fact(rng: Random) -> Fact:
    p = person(rng)
    first = p.split(" ")[0] if p.split(" ")[0] not in ("Mr", "Ms", "Mrs", "Dr", "Professor") else p
    match rng.choice(("job", "lives", "likes", "birthday", "sits", "from", "speaks")):
        case "job":
            v = f"{rng.choice(('a', 'our', 'the'))} {pick(rng, w.ROLES)}"
            return Fact(
                (
                    f"What does {p} do?",
                    f"What is {p}'s job?",
                    f"What is the job of {p}?",
                    f"What is {p}'s role?",
                    f"Who is {p}?",
                    f"As what does {p} work?",
                ),
                (f"what {p} does", f"what {p}'s job is", f"who {p} is"),
                (f"{p} is {v}.", f"{p} works as {v}."),
                (f"{first} is {v}.", f"{capital(v)}."),
                v,
                p,
            )
        case "lives" | "from" as which:
            v = coined(rng) if rng.random() < 0.5 else rng.choice(list(w.CAPITALS.values())).replace("_", " ")
            if which == "lives":
                return Fact(
                    (f"Where does {p} live?", f"In which town does {p} live?", f"What city is {p} living in?", f"Where is {p}'s home?"),
                    (f"where {p} lives", f"in which town {p} lives"),
                    (f"{p} lives in {v}.",),
                    (f"In {v}.", f"{first} lives in {v}."),
                    v,
                    p,
                )
            return Fact(
                (f"Where does {p} come from?", f"Where is {p} from?", f"From which town is {p}?"),
                (f"where {p} comes from", f"where {p} is from"),
                (f"{p} comes from {v}.", f"{p} is from {v}."),
                (f"From {v}.", f"{first} is from {v}."),
                v,
                p,
            )
        case "likes":
            v = rng.choice((pick(rng, w.THINGS), rng.choice(w.PLURALS), f"{rng.choice(w.COLOURS)} {rng.choice(w.PLURALS)}"))
            return Fact(
                (
                    f"What does {p} like?",
                    f"What is {p}'s favourite thing?",
                    f"What does {p} like most?",
                    f"What do we know that {p} likes?",
                ),
                (f"what {p} likes", f"what {p}'s favourite thing is"),
                (f"{p} likes {v}.", f"{p} likes {v} most."),
                (f"{capital(v)}.", f"{first} likes {v}."),
                v,
                p,
            )
        case "birthday":
            v = date(rng)
            return Fact(
                (f"When is {p}'s birthday?", f"On which day was {p} born?", f"What is the birthday of {p}?", f"When was {p} born?"),
                (f"when {p}'s birthday is", f"when {p} was born"),
                (f"{p}'s birthday is on {v}.", f"{p} was born on {v}."),
                (f"On {v}.", f"{capital(v)}."),
                v,
                p,
            )
        case "sits":
            v = place(rng)
            return Fact(
                (f"Where does {p} sit?", f"Where is {p}'s desk?", f"Where can I find {p}?", f"Where does {p} work?", f"Where is {p}?"),
                (f"where {p} sits", f"where {p}'s desk is", f"where to find {p}"),
                (f"{p} sits {v}.", f"{p}'s desk is {v}.", f"You find {p} {v}."),
                (f"{capital(v)}.", f"{first} sits {v}."),
                v,
                p,
            )
    v = rng.choice(
        ("Polish", "German", "Spanish", "French", "Turkish", "Danish", "Japanese", "Italian", "Portuguese", "Arabic", "Hindi", "Swahili")
    )
    return Fact(
        (f"Which language does {p} speak?", f"What language does {p} speak?", f"What does {p} speak?"),
        (f"which language {p} speaks",),
        (f"{p} speaks {v}.",),
        (f"{v}.", f"{first} speaks {v}."),
        v,
        p,
    )


def _which(rng: Random) -> Fact:
    kind = rng.choice(
        (
            "room",
            "team",
            "branch",
            "folder",
            "channel",
            "building",
            "server",
            "door",
            "bus",
            "train",
            "company",
            "shop",
            "form",
            "list",
            "day",
            "colour",
            "file",
            "group",
            "queue",
            "floor",
            "key",
            "model",
            "bank",
            "hotel",
            "department",
            "website",
        )
    )
    v3 = rng.choice(
        (
            "is used for",
            "belongs to",
            "is for",
            "is reserved for",
            "contains",
            "is assigned to",
            "is the best for",
            "goes to",
            "has",
            "holds",
            "supplies",
            "is closest to",
            "comes with",
            "handles",
        )
    )
    s = theme(rng)
    v = (
        rng.choice(w.DAYS)
        if kind == "day"
        else rng.choice(w.COLOURS)
        if kind == "colour"
        else rng.choice((coined(rng), coined(rng), code(rng), f"{kind} {number(rng)}", slug(rng)))
    )
    return Fact(
        (
            f"Which {kind} {v3} {s}?",
            f"What {kind} {v3} {s}?",
            f"What is the {kind} that {v3} {s}?",
            f"Which is the {kind} that {v3} {s}?",
            f"Name the {kind} that {v3} {s}.",
        ),
        (f"which {kind} {v3} {s}", f"what {kind} {v3} {s}"),
        (f"{capital(v)} {v3} {s}.", f"The {kind} that {v3} {s} is {v}.", f"It is {v} that {v3} {s}."),
        (f"{capital(v)}.", f"It is {v}.", f"{capital(v)} does."),
        v,
        s,
    )


def _about(rng: Random) -> Fact:
    name = coined(rng)
    d = rng.choice(
        (
            f"a {noun(rng)} for {w.spaced(rng.choice(w.VERBS)[2])} {things(rng)}",
            f"the {noun(rng)} of {thing(rng)}",
            f"our {noun(rng)}",
            f"a {pick(rng, w.ROLES)} from {coined(rng)}",
            f"the {rng.choice(w.ANIMALS)} of {person(rng)}",
        )
    )
    return Fact(
        (
            f"What is {name}?",
            f"What do we mean by {name}?",
            f"Tell me about {name}.",
            f"Explain what {name} is.",
            f"What can you tell me about {name}?",
            f"{name}: what is that?",
        ),
        (f"what {name} is", f"something about {name}"),
        (f"{name} is {d}.",),
        (f"It is {d}.", f"{capital(d)}."),
        d,
        name,
    )


_KINDS: list[Callable[[Random], Fact]] = [
    _does,
    _role,
    _contact,
    _called,
    _attribute,
    _where,
    _event,
    _done_when,
    _count,
    _measure,
    _tool,
    _howto,
    _command,
    _what_if,
    _why,
    _meaning,
    _allowed,
    _person_fact,
    _which,
    _about,
]
_WEIGHTS = [10, 5, 6, 6, 16, 9, 7, 5, 4, 5, 5, 6, 4, 4, 2, 3, 2, 5, 5, 2]
