"""English questions and requests in other words."""

# ruff: noqa: SIM905 (a long list of words reads better as a text)

from __future__ import annotations

import re

from academy.text.rewordings.rules import Rules, filled, inner, lowered

STARTS = frozenset(
    """what what's where where's who who's whose whom when when's how how's why which is are was were am do does did can could
    should must may might will would have has had""".split()
)
SYNONYMS = {
    "approves": "signs off on",
    "approve": "sign off on",
    "start": "begin",
    "starts": "begins",
    "begin": "start",
    "begins": "starts",
    "need": "require",
    "needs": "requires",
    "require": "need",
    "requires": "needs",
    "buy": "purchase",
    "buys": "purchases",
    "get": "obtain",
    "gets": "obtains",
    "find": "locate",
    "contact": "get in touch with",
    "call": "phone",
    "fix": "repair",
    "fixes": "repairs",
    "repair": "fix",
    "repairs": "fixes",
    "build": "make",
    "builds": "makes",
    "make": "produce",
    "makes": "produces",
    "help": "assist",
    "helps": "assists",
    "choose": "pick",
    "delete": "remove",
    "allowed": "permitted",
    "permitted": "allowed",
    "stored": "kept",
    "kept": "stored",
    "located": "situated",
    "responsible for": "in charge of",
    "in charge of": "responsible for",
    "create": "set up",
    "finish": "end",
    "finishes": "ends",
    "close": "shut",
    "closes": "shuts",
    "live": "reside",
    "lives": "resides",
    "use": "work with",
    "uses": "works with",
    "show": "display",
    "shows": "displays",
    "leads": "heads",
    "runs": "manages",
    "manages": "runs",
    "teaches": "gives lessons in",
    "wrote": "is the author of",
    "invented": "came up with",
    "founded": "started",
}
ARTICLES = re.compile(r"(?i)\b(?:the|a|an|this|that|my|our|your|his|her|their|no|of|next|first|last) $")


def reworded(sentence: str) -> list[str]:
    """The sentence, without its final mark, in other words."""
    for short, whole in _CONTRACTIONS:
        sentence = short.sub(whole, sentence)
    return _RULES.reworded(sentence)


def on_topic(sentence: str) -> list[str]:
    """A few words without a verb in other words."""
    if not _TOPIC.fullmatch(sentence):
        return []
    if " " in sentence:
        return [f"What can you say about {inner(sentence)}?", f"I would like to know more about {inner(sentence)}."]
    return [
        f"What do I need to know about this topic: {inner(sentence)}?",
        f"I have a few things to ask about one topic: {inner(sentence)}.",
    ]


def _third(verb: str) -> str:
    """The verb after he or she."""
    if verb in ("have", "do", "go"):
        return {"have": "has", "do": "does", "go": "goes"}[verb]
    if re.search(r"(?:s|x|z|ch|sh)$", verb):
        return verb + "es"
    return verb[:-1] + "ies" if re.search(r"[^aeiou]y$", verb) else verb + "s"


def _own_aux(aux: str) -> str:
    return "" if aux.lower() == "do" else aux.lower() + " "


def _indirect(match: re.Match[str]) -> list[str]:
    """Makes "Where can I park?" into "I wonder where I can park."; did and does would bend the verb."""
    w, aux, pronoun, rest = match["w"].lower(), match["aux"].lower(), match["pron"], match["rest"]
    made = [] if aux in ("does", "did") else [f"I wonder {w} {pronoun} {_own_aux(aux)}{rest}."]
    if w == "how" and aux in ("do", "can", "should") and pronoun.lower() in ("i", "we", "you"):
        made += [f"What is the way to {rest}?", f"I wonder how to {rest}."]
    if w == "what":
        made += [] if aux in ("does", "did") else [f"What is it that {pronoun} {_own_aux(aux)}{rest}?"]
    else:
        made.append(f"{_LONG[w]} {aux} {pronoun} {rest}?")
    return made


def _indirect_does(match: re.Match[str]) -> list[str]:
    """Makes "What does Anna do on Mondays?" into "I wonder what Anna does on Mondays."."""
    w, rest = match["w"].lower(), match["rest"] or ""
    made = [f"I wonder {w} {match['x']} {_third(match['verb'])}{rest}."]
    if w == "what":
        return [*made, f"What is it that {match['x']} {_third(match['verb'])}{rest}?"]
    return [*made, f"{_LONG[w]} does {match['x']} {match['verb']}{rest}?"]


def _name_of(match: re.Match[str]) -> list[str]:
    """Makes "What is the capital of Peru?" into "Peru's capital?"."""
    n, y, be = match["n"], match["y"], match["be"].lower()
    made = [f"Please state the {n} of {y}.", f"I wonder what the {n} of {y} {be}."]
    is_short = len(y.split()) <= 3 and not re.search(r" (?:in|of|for|at|on) ", y) and re.search(r"[^\Ws_]$", y) and be == "is"
    return [*made, f"{y}'s {n}?"] if is_short else made


def _who_is(match: re.Match[str]) -> list[str]:
    be, x = match["be"].lower(), match["x"]
    first = f"Which {'person' if be in ('is', 'was') else 'people'} {be} {x}?"
    is_noun = _NOUN_PHRASE.match(x) and len(x.split()) <= 5
    return [first, f"I wonder who {x} {be}." if is_noun else f"I wonder who {be} {x}."]


def _what_is(match: re.Match[str]) -> list[str]:
    be, x = match["be"].lower(), match["x"]
    if re.match(r"[\d(√-]", x):
        return [f"How much {be} {x}?", f"Calculate {x}.", f"I wonder what {x} {be}."]
    if re.match(r"(?i)an? ", x) or (x[0].isupper() and len(x.split()) <= 3):
        return [f"How would you describe {x}?", f"I wonder what {x} {be}."]
    if _NOUN_PHRASE.match(x):
        embedded = f"I wonder what {x} {be}." if len(x.split()) <= 8 else f"I wonder what {be} {x}."
        return [embedded, f"Please name {x}."]
    return [f"I wonder what {be} {x}."]


def _asked(match: re.Match[str]) -> list[str]:
    return [f"Would you {lowered(match['rest'])}?", f"I need you to {lowered(match['rest'])}."]


def _yes_or_no(match: re.Match[str]) -> list[str]:
    sentence = match[0]
    made = [] if " or " in sentence else [f"{sentence}, yes or no?", f"{sentence} or not?"]
    if whole := _RULE_DOES.fullmatch(sentence):
        made.insert(0, f"I wonder whether {whole['x']} {_third(whole['verb'])}{whole['rest'] or ''}.")
    if state := _RULE_STATE.fullmatch(sentence):
        made.insert(0, f"I wonder whether {state['x']} {state['be'].lower()} {state['v']}{state['rest'] or ''}.")
    pronoun = re.fullmatch(r"(?i)(?!does|did)(?P<aux>\w+) (?P<pron>i|we|you|they|he|she|it|there) (?P<rest>.+)", sentence)
    if pronoun:
        made.insert(0, f"I wonder whether {pronoun['pron']} {_own_aux(pronoun['aux'])}{pronoun['rest']}.")
    return made


_LONG = {
    "where": "In which place",
    "when": "At what time or on what date",
    "why": "For what reason",
    "how": "In what way",
    "who": "Which person",
}
_NOUN_PHRASE = re.compile(r"(?:(?:the|an?|my|our|your|his|her|its|their|this|that|these|those) |[A-ZÀ-Þ`\"“'])")
_CONTRACTIONS = [(re.compile(rf"(?i)^({word})['’]s "), r"\1 is ") for word in ("what", "where", "who", "when", "how", "why")]
_PARTS = {
    "BE": "is|are|was|were",
    "AUX": "do|does|did|can|could|should|must|may|might|will|would|have|has|had",
    "PRON": "i|we|you|they|he|she|it",
    "OUR": "the|our|my|your|his|her|their",
    "PREP": "in|on|at|for|with|to|from|when|if|during|after|before|by|about",
    "DONE": (
        r"\w{2,}ed|kept|held|found|stored|made|built|sold|written|sent|hidden|put|born|done|spelled|spelt|taken|given"
        "|paid|due|open|available|ready|over|free|so|necessary|possible"
    ),
    "VERB": (
        "write|explain|describe|list(?! of)|name(?! of)|give|summari[sz]e|translate|show|fix|create|make|draft|reply"
        "|rewrite|convert|calculate|compare|find|correct|put|continue|complete|suggest|repeat|spell|answer(?! to)|prepare"
        "|generate|add|remove|sort(?! of)|turn|define|tell me"
    ),
}
_RULE_DOES = filled(r"(?i:does) (?P<x>(?:OUR) [\w-]+|[A-ZÀ-Þ][\w-]*) (?P<verb>[a-z]+)(?P<rest> (?:PREP) .+)?", _PARTS)
_RULE_STATE = filled(r"(?i)(?P<be>BE) (?P<x>.+?) (?P<v>DONE)(?P<rest> .+)?", _PARTS)
_RULES = Rules(
    (
        r"(?i)(?:can|could|would|will) you (?:please )?(?P<rest>VERB .+)",
        lambda m: [f"I need you to {m['rest']}.", f"Your task is to {m['rest']}."],
    ),
    (r"(?i)(?:please )?(?P<rest>VERB .+)", _asked),
    (r"(?i)(?P<w>where|when|why|how|what|who) (?P<aux>AUX) (?P<pron>PRON) (?P<rest>.+)", _indirect),
    (r"(?i:(?P<w>where|when|why|how|what) does) (?P<x>(?:OUR) [\w-]+|[A-ZÀ-Þ][\w-]*) (?P<verb>[a-z]+)(?P<rest> PREP .+)?", _indirect_does),
    (
        r"(?i)where (?P<be>BE) (?P<x>.+?) (?P<v>DONE)(?P<rest> .+)?",
        ("In which place {be} {x} {v}{rest}?", "I wonder where {x} {be} {v}{rest}."),
    ),
    (
        r"(?i)where (?P<be>is|are) (?P<x>.+)",
        ("In which place {be} {x}?", "Where can {x} be found?", "What is the location of {x}?", "I wonder where {x} {be}."),
    ),
    (r"(?i)where (?P<rest>(?:BE|AUX) .+)", "In which place {rest}?"),
    (r"(?i)who (?P<be>BE) (?P<x>.+)", _who_is),
    (r"(?i)who (?P<rest>AUX .+)", "Which person {rest}?"),
    (r"(?i)who (?P<rest>\w+ .+)", ("Which person {rest}?", "I wonder who {rest}.", "Please name the person who {rest}.")),
    (r"(?i)what (?P<be>BE) the (?P<n>[a-z-]+(?: [a-z-]+)?) of (?P<y>.+)", _name_of),
    (r"(?i)what (?P<be>BE) (?P<x>.+) (?P<v>called|named)", ("What name does {x} have?", "I wonder what {x} {be} {v}.")),
    (r"(?i)what (?P<be>BE) (?P<x>OUR .+?) (?P<v>DONE)(?P<rest> .+)?", "I wonder what {x} {be} {v}{rest}."),
    (r"(?i)what (?P<be>BE) (?P<x>.+?) like(?P<rest>(?: .+)?)", "I wonder what {x} {be} like{rest}."),
    (r"(?i)what (?P<be>BE) (?P<x>.+)", _what_is),
    (r"(?i)what (?P<aux>do|does) (?P<x>.+) cost", ("How much {aux} {x} cost?", "What is the price of {x}?")),
    (r"(?i)what (?P<rest>AUX .+)", "What exactly {rest}?"),
    (r"(?i)what (?P<rest>[a-z]+s (?!BE\b|AUX\b).+)", ("I wonder what {rest}.", "What exactly {rest}?")),
    (r"(?i)what (?P<n>[a-z]+) (?P<be>BE) (?P<x>OUR [^ ]+)", ("Which {n} {be} {x}?", "I wonder what {n} {x} {be}.")),
    (r"(?i)what (?P<rest>[a-z]+ .+)", "Which {rest}?"),
    (r"(?i)which (?P<n>[a-z]+) (?P<be>BE) (?P<x>OUR [^ ]+)", ("What {n} {be} {x}?", "I wonder which {n} {x} {be}.")),
    (r"(?i)which (?P<rest>[a-z]+ (?:has|(?!does|is|was)[a-z]+s) .+)", ("What {rest}?", "I wonder which {rest}.")),
    (r"(?i)which (?P<rest>.+)", "What {rest}?"),
    (r"(?i)(?P<p>in|on|at|from|by|to|with|for|under|until) what (?P<rest>.+)", "{p} which {rest}?"),
    (r"(?i)(?P<p>in|on|at|from|by|to|with|for|under|until) which (?P<rest>.+)", "{p} what {rest}?"),
    (
        r"(?i)when (?P<be>BE) (?P<x>.+?) (?P<v>DONE)(?P<rest> .+)?",
        ("At what time or on what date {be} {x} {v}{rest}?", "I wonder when {x} {be} {v}{rest}."),
    ),
    (
        r"(?i)when (?P<be>is|was) (?P<x>.+)",
        ("What {be} the date of {x}?", "I wonder when {x} {be}.", "At what time or on what date {be} {x}?"),
    ),
    (r"(?i)when (?P<rest>(?:BE|AUX) .+)", "At what time or on what date {rest}?"),
    (
        r"(?i)how many (?P<x>.+?) (?P<be>are|were) there(?P<rest>(?: .+)?)",
        ("What number of {x} {be} there{rest}?", "I wonder how many {x} there {be}{rest}."),
    ),
    (
        r"(?i)how many (?P<x>.+?) (?P<aux>can|could|should|must|may|will|have) (?P<pron>PRON) (?P<rest>.+)",
        ("What number of {x} {aux} {pron} {rest}?", "I wonder how many {x} {pron} {aux} {rest}."),
    ),
    (
        r"(?i)how many (?P<x>.+?) do (?P<pron>PRON) (?P<rest>.+)",
        ("What number of {x} do {pron} {rest}?", "I wonder how many {x} {pron} {rest}."),
    ),
    (r"(?i)how many (?P<rest>(?!.*\b(?:BE|AUX)\b).+)", ("What number of {rest}?", "I wonder how many {rest}.")),
    (r"(?i)how many (?P<rest>.+)", "What number of {rest}?"),
    (r"(?i)how much does (?P<x>.+) cost", ("What is the price of {x}?", "I wonder how much {x} costs.")),
    (r"(?i)how much do (?P<x>.+) cost", ("What is the price of {x}?", "I wonder how much {x} cost.")),
    (r"(?i)how much is (?P<x>\d.*)", ("What is the result of {x}?", "Please calculate {x}.")),
    (r"(?i)how much is (?P<x>.+)", ("What is the amount of {x}?", "I wonder how much {x} is.")),
    (r"(?i)how much (?P<rest>.+)", "What amount of {rest}?"),
    (r"(?i)how long (?P<rest>do(?:es)? .+ take)", "What length of time {rest}?"),
    (r"(?i)how long (?P<be>is|was) (?P<x>.+)", ("What {be} the length of {x}?", "I wonder how long {x} {be}.")),
    (r"(?i)how long (?P<rest>(?:BE|AUX) .+)", "For what length of time {rest}?"),
    (r"(?i)how often (?P<rest>.+)", "How many times {rest}?"),
    (r"(?i)how old (?P<be>is|was) (?P<x>.+)", ("What {be} the age of {x}?", "I wonder how old {x} {be}.")),
    (r"(?i)how (?:tall|high) (?P<be>is|was) (?P<x>.+)", ("What {be} the height of {x}?", "What height {be} {x}?")),
    (r"(?i)how (?:big|large) (?P<be>is|was) (?P<x>.+)", ("What {be} the size of {x}?", "What size {be} {x}?")),
    (r"(?i)how far (?P<be>is|was) (?P<x>.+)", "What distance away {be} {x}?"),
    (r"(?i)how (?P<be>BE) (?P<x>.+?) (?P<v>DONE)(?P<rest> .+)?", ("In what way {be} {x} {v}{rest}?", "I wonder how {x} {be} {v}{rest}.")),
    (r"(?i)how (?P<rest>AUX .+)", "In what way {rest}?"),
    (r"(?i)how (?P<adj>[a-z]+) (?P<be>is|are) (?P<x>.+)", "I wonder how {adj} {x} {be}."),
    (
        r"(?i)how (?P<adj>[a-z]+) (?P<aux>can|could|should|must|may|will|have|do) (?P<pron>PRON) (?P<rest>.+)",
        lambda m: [f"I wonder how {m['adj']} {m['pron']} {_own_aux(m['aux'])}{m['rest']}."],
    ),
    (
        r"(?i)why (?P<be>BE) (?P<x>.+?) (?P<v>DONE)(?P<rest> .+)?",
        ("For what reason {be} {x} {v}{rest}?", "I wonder why {x} {be} {v}{rest}."),
    ),
    (r"(?i)why (?P<rest>.+)", "For what reason {rest}?"),
    (r"(?i)(?:BE|AUX) .+", _yes_or_no),
    **_PARTS,
)
_TOPIC = re.compile(
    r"(?i)(?!(?:i|we|you|he|she|they|it|hello|hi|hey|thanks?|good(?:bye)?|bye|yes|no|ok|okay|please|th(?:is|at|ere))\b)\S+(?: \S+){0,4}"
)
