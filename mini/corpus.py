"""The text that the bundled model is trained on: conversations made by templates, and docstrings of the standard library."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator
from random import Random

from mini import docstrings, facts
from mini import words as w

Message = tuple[str, str]  # role, content
Document = list[Message] | str  # a conversation, or plain text

UNKNOWN = "I do not know that yet. Teach me with a lesson."
IDENTITY = "I am Academy's small bundled model."


def documents(seed: int) -> Iterator[Document]:
    """An endless stream of training documents."""
    rng = Random(seed)
    makers, weights = zip(*_SHARES.items(), strict=True)
    while True:
        document = rng.choices(makers, weights)[0](rng)
        yield document if isinstance(document, str) else [(role, _articles(content)) for role, content in document]


def _articles(text: str) -> str:
    return re.sub(r"\b([Aa]) (?=[aeioAEIO][a-z])", r"\1n ", text)


# --- questions and facts --------------------------------------------------------------------------------------------------


def _unknown(rng: Random) -> Document:
    """One or several questions about things that nobody has told."""
    talk = _system(rng) if rng.random() < 0.15 else []
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        talk += [("user", facts.ask(rng, facts.fact(rng))), ("assistant", UNKNOWN)]
    return talk


def _system(rng: Random) -> list[Message]:
    return [("system", rng.choice(_SYSTEMS))]


_SYSTEMS = (
    "You are a helpful assistant.",
    "Answer the question.",
    "Answer briefly.",
    "You help the team.",
    "Be friendly and short.",
    "You are Academy's small bundled model.",
    "You answer questions about our work.",
    "Answer in one sentence.",
)

_PASSAGE_LEADS = (
    "",
    "",
    "",
    "Here are some facts. ",
    "Read this: ",
    "Notes: ",
    "Text: ",
    "Handbook: ",
    "This is what we know: ",
    "Facts:\n",
    "Context: ",
)
_QUESTION_LEADS = (" ", " ", "\n", "\n\n", " Question: ", "\nQuestion: ", " Now answer: ", "\nQ: ")


def _several(rng: Random, most: int) -> list[facts.Fact]:
    """Facts for one context, often of one kind so that they are easily mistaken for one another."""
    count = rng.randint(1, most)
    if rng.random() < 0.35:
        kind = rng.choice(facts._KINDS)
        return [kind(rng) for _ in range(count)]
    return [facts.fact(rng) for _ in range(count)]


def _passage(rng: Random) -> Document:
    """Facts in the prompt, then a question about one of them or about something else."""
    known = _several(rng, rng.choice((2, 4, 7)))
    lines = [rng.choice(f.told) for f in known]
    style = rng.random()
    if style < 0.2:
        text = "\n".join(f"- {line}" for line in lines)
    elif style < 0.3:
        text = "\n".join(f"Q: {rng.choice(f.questions)} A: {facts.answer(rng, f)}" for f in known)
    else:
        text = " ".join(lines)
    asked = rng.choice(known)
    if rng.random() < 0.18:
        question, reply = facts.ask(rng, facts.fact(rng)), UNKNOWN
    else:
        question, reply = facts.ask(rng, asked), facts.answer(rng, asked)
    text = rng.choice(_PASSAGE_LEADS) + text
    if rng.random() < 0.45:
        talk = [("system", text), ("user", question), ("assistant", reply)]
    else:
        talk = [("user", text + rng.choice(_QUESTION_LEADS) + question), ("assistant", reply)]
    for _ in range(rng.choice((0, 1, 2, 3, 5))):
        other = rng.choice(known)
        talk += [("user", facts.ask(rng, other)), ("assistant", facts.answer(rng, other))]
    return talk


def _examples(rng: Random) -> Document:
    """Questions and answers as earlier turns; then one of them again, in other words."""
    known = _several(rng, 6)
    talk: list[Message] = _system(rng) if rng.random() < 0.1 else []
    for f in known:
        talk += [("user", facts.ask(rng, f)), ("assistant", facts.answer(rng, f))]
    for _ in range(rng.choice((1, 1, 2, 3))):
        if rng.random() < 0.15:
            talk += [("user", facts.ask(rng, facts.fact(rng))), ("assistant", UNKNOWN)]
        else:
            f = rng.choice(known)
            talk += [("user", facts.ask(rng, f)), ("assistant", facts.answer(rng, f))]
    return talk


_TELLS = (
    "{}",
    "{}",
    "{}",
    "Remember that {}",
    "Please remember: {}",
    "Note: {}",
    "Learn this: {}",
    "For your information: {}",
    "You should know that {}",
)
_HEARD = ("Thank you, I will remember that.", "Understood.", "Good to know.", "Noted.", "Thank you for telling me.")
_LEARNED = ("Thank you. I have learned that.", "Thank you for teaching me.", "Good to know, thank you.", "Understood, thank you.")


def _told(rng: Random, f: facts.Fact) -> str:
    tell = rng.choice(_TELLS)
    statement = rng.choice(f.told)
    return tell.format(statement if tell[:2] == "{}" or tell.endswith(": {}") else _inner(statement))


def _inner(statement: str) -> str:
    first = statement.split(" ")[0]
    return facts.lower(statement) if first not in ("The", "We", "Our", "My", "There", "You") else statement[0].lower() + statement[1:]


def _conversation(rng: Random) -> Document:
    """Several turns in which things are told, asked, asked too early, corrected, and small talk is made."""
    talk: list[Message] = []
    known: list[facts.Fact] = []
    if rng.random() < 0.2:
        talk += _system(rng)
    if rng.random() < 0.3:
        talk += _pair(rng, "hello")
    for _ in range(rng.randint(2, 6)):
        roll = rng.random()
        if roll < 0.25 or (not known and roll < 0.5):
            f = facts.fact(rng)
            known.append(f)
            talk += [("user", _told(rng, f)), ("assistant", rng.choice(_HEARD))]
        elif roll < 0.6 and known:
            f = rng.choice(known)
            talk += [("user", facts.ask(rng, f)), ("assistant", facts.answer(rng, f))]
        elif roll < 0.75:
            f = facts.fact(rng)
            talk += [("user", facts.ask(rng, f)), ("assistant", UNKNOWN)]
            if rng.random() < 0.6:
                known.append(f)
                talk += [("user", facts.answer(rng, f)), ("assistant", rng.choice(_LEARNED))]
                if rng.random() < 0.7:
                    talk += [("user", facts.ask(rng, f)), ("assistant", facts.answer(rng, f))]
        elif roll < 0.82 and known:
            talk += _pair(rng, "thanks")
        elif roll < 0.9:
            talk += _small_talk_turns(rng)
        elif known:
            # The same fact in a new wording: the user states it, the model says it back.
            f = rng.choice(known)
            talk += [("user", f"So {_inner(rng.choice(f.told)).rstrip('.')}?"), ("assistant", f"Yes. {rng.choice(f.told)}")]
    if rng.random() < 0.25:
        talk += _pair(rng, "bye")
    return talk if any(role == "assistant" for role, _ in talk) else _small_talk(rng)


_PERSONAL: list[tuple[Callable[[Random], str], tuple[str, ...], tuple[str, ...], str]] = [
    (
        facts.first_name,
        ("My name is {}.", "I am {}.", "I am called {}.", "Hello, my name is {}.", "Hi, I'm {}.", "Call me {}."),
        ("What is my name?", "Who am I?", "Do you remember my name?", "What am I called?"),
        "Your name is {}.",
    ),
    (
        facts.person,
        ("My name is {}.", "I am {}.", "Hello, I am {}."),
        ("What is my name?", "Who am I?", "Do you know my name?"),
        "Your name is {}.",
    ),
    (
        facts.coined,
        ("I live in {}.", "My home is in {}.", "I live in a town called {}."),
        ("Where do I live?", "Do you know where I live?", "In which town do I live?"),
        "You live in {}.",
    ),
    (facts.coined, ("I come from {}.", "I am from {}."), ("Where do I come from?", "Where am I from?"), "You come from {}."),
    (facts.coined, ("I work for {}.", "I work at {}."), ("Where do I work?", "Who do I work for?"), "You work for {}."),
    (
        lambda r: str(r.randint(6, 99)),
        ("I am {} years old.", "I'm {}.", "My age is {}."),
        ("How old am I?", "What is my age?", "Do you know my age?"),
        "You are {} years old.",
    ),
    (
        lambda r: r.choice(w.COLOURS),
        ("My favourite colour is {}.", "I like the colour {} best."),
        ("What is my favourite colour?", "Which colour do I like best?"),
        "Your favourite colour is {}.",
    ),
    (
        facts.coined,
        ("My cat is called {}.", "The name of my cat is {}.", "I have a cat called {}."),
        ("What is my cat called?", "What is the name of my cat?"),
        "Your cat is called {}.",
    ),
    (
        facts.coined,
        ("My dog is called {}.", "The name of my dog is {}.", "I have a dog called {}."),
        ("What is my dog called?", "What is the name of my dog?"),
        "Your dog is called {}.",
    ),
    (
        lambda r: str(r.randint(10, 99999)),
        ("My number is {}.", "My lucky number is {}.", "The number is {}."),
        ("What is my number?", "Which number did I say?", "What was the number?"),
        "Your number is {}.",
    ),
    (
        facts.first_name,
        ("My sister is called {}.", "My sister's name is {}."),
        ("What is my sister's name?", "What is my sister called?"),
        "Your sister is called {}.",
    ),
    (facts.first_name, ("My boss is {}.", "My boss is called {}."), ("Who is my boss?", "What is my boss called?"), "Your boss is {}."),
    (
        lambda r: w.spaced(r.choice(w.ROLES)),
        ("I am a {}.", "I work as a {}.", "My job is {}."),
        ("What is my job?", "What do I do?", "What do I work as?"),
        "You work as a {}.",
    ),
    (facts.clock, ("I get up at {}.", "I always get up at {}."), ("When do I get up?", "At what time do I get up?"), "You get up at {}."),
    (
        lambda r: w.spaced(r.choice(w.THINGS)),
        ("I like {}.", "I want a {}.", "I need a {}."),
        ("What do I like?", "What do I want?", "What do I need?"),
        "You said: {}.",
    ),
    (
        facts.email,
        ("My email is {}.", "You can write to me at {}."),
        ("What is my email?", "What is my email address?"),
        "Your email is {}.",
    ),
]


def _personal(rng: Random) -> Document:
    """The user says something about themself and asks for it later."""
    talk: list[Message] = _system(rng) if rng.random() < 0.15 else []
    chosen = rng.sample(_PERSONAL, rng.choice((1, 1, 2, 3)))
    seen: dict[str, str] = {}
    for make, tells, asks, reply in chosen:
        v = make(rng)
        if reply in seen or reply == "You said: {}.":
            continue
        seen[reply] = v
        heard = f"Nice to meet you, {v}." if reply.startswith("Your name") and rng.random() < 0.7 else rng.choice(_HEARD)
        if len(chosen) == 1 and rng.random() < 0.35:
            return [*talk, ("user", f"{rng.choice(tells).format(v)} {rng.choice(asks)}"), ("assistant", reply.format(v))]
        talk += [("user", rng.choice(tells).format(v)), ("assistant", heard)]
        if rng.random() < 0.25:
            talk += _small_talk_turns(rng)
    for _, _, asks, reply in rng.sample(chosen, len(chosen)):
        if reply in seen:
            talk += [("user", rng.choice(asks)), ("assistant", reply.format(seen[reply]))]
    if rng.random() < 0.2:
        other = rng.choice(_PERSONAL)
        if other[3] not in seen and other[3] != "You said: {}.":
            talk += [("user", rng.choice(other[2])), ("assistant", UNKNOWN)]
    if not any(role == "assistant" for role, _ in talk):
        talk += [("user", "What is my name?"), ("assistant", UNKNOWN)]
    return talk


# --- small talk ---------------------------------------------------------------------------------------------------------


_SMALL_TALK: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "hello": (
        (
            "Hello",
            "Hello!",
            "Hi",
            "Hi!",
            "Hey",
            "Hello there",
            "Hi there!",
            "Good morning",
            "Good morning!",
            "Good evening!",
            "Good afternoon.",
            "Hey there",
            "hello",
            "hi",
            "Greetings!",
            "Hello Academy",
            "Hi Academy!",
            "Good day",
            "Hello, model",
        ),
        ("Hello! How can I help you?",),
    ),
    "how": (
        (
            "How are you?",
            "How are you doing?",
            "How is it going?",
            "How do you do?",
            "Are you well?",
            "How are you today?",
            "how are you",
            "Hello, how are you?",
            "Hi, how are you?",
            "What's up?",
            "How do you feel?",
            "Everything all right?",
        ),
        ("I am fine, thank you. How can I help you?",),
    ),
    "who": (
        (
            "Who are you?",
            "What are you?",
            "What is your name?",
            "Tell me about yourself.",
            "Introduce yourself.",
            "Who am I talking to?",
            "What is this?",
            "What kind of model are you?",
            "who are you",
            "Do you have a name?",
            "What should I call you?",
            "What model is this?",
            "Who is this?",
            "Your name?",
            "What are you called?",
        ),
        (f"{IDENTITY} I am still small, but I learn quickly from your lessons.",),
    ),
    "robot": (
        (
            "Are you a human?",
            "Are you a person?",
            "Are you a robot?",
            "Are you real?",
            "Are you an AI?",
            "Are you a machine?",
            "Are you a language model?",
        ),
        (f"No, I am not a human. {IDENTITY}",),
    ),
    "can": (
        (
            "What can you do?",
            "What can I ask you?",
            "How can you help me?",
            "What are you good at?",
            "Can you help me?",
            "What do you do?",
            "Help",
            "help me",
            "What is your job?",
            "What do you know?",
            "How do you work?",
            "What are you for?",
        ),
        ("I can hold a short conversation and learn new facts. Teach me with a lesson and train me.",),
    ),
    "teach": (
        (
            "How do I teach you?",
            "How can I train you?",
            "How do you learn?",
            "Can you learn?",
            "How do I teach you something?",
            "What is a lesson?",
            "How does the training work?",
            "Can I teach you something?",
        ),
        ("Write a lesson: a question and its answer. Then make a dataset and train an adapter.",),
    ),
    "maker": (
        ("Who made you?", "Who built you?", "Who created you?", "Where do you come from?", "Who trained you?", "Who wrote you?"),
        ("I was made with Academy, from text that a script wrote.",),
    ),
    "size": (
        ("How big are you?", "How many parameters do you have?", "Are you a large model?", "How small are you?", "What size are you?"),
        ("I am very small: about three million parameters.",),
    ),
    "age": (("How old are you?", "When were you made?", "What is your age?"), ("I have no age. I am a small language model.",)),
    "thanks": (
        (
            "Thanks",
            "Thanks!",
            "Thank you",
            "Thank you!",
            "Thank you very much.",
            "Great, thanks.",
            "thanks a lot",
            "That helps, thank you.",
            "Cheers!",
            "Many thanks",
            "Perfect, thank you!",
            "Thank you for your help.",
        ),
        ("You are welcome!",),
    ),
    "bye": (
        (
            "Goodbye",
            "Goodbye!",
            "Bye",
            "Bye!",
            "See you",
            "See you later!",
            "Good night",
            "bye bye",
            "I have to go.",
            "See you tomorrow.",
            "That is all, goodbye.",
            "Have a nice day!",
            "Until tomorrow!",
        ),
        ("Goodbye! See you soon.",),
    ),
    "praise": (
        (
            "Well done!",
            "Good job!",
            "You are great!",
            "Very good.",
            "Nice!",
            "Great!",
            "That is right.",
            "Correct.",
            "Perfect!",
            "Wonderful!",
            "I like you.",
        ),
        ("Thank you! I am glad that I could help.",),
    ),
    "wrong": (
        ("That is wrong.", "No, that is not right.", "Wrong!", "You made a mistake.", "That is not correct.", "This is not true.", "No."),
        ("I am sorry. Please tell me the right answer and save it as a lesson.",),
    ),
    "ok": (
        ("OK", "Okay.", "Good.", "Fine.", "I see.", "All right.", "Understood.", "ok", "Yes", "Yes."),
        ("Good. What else can I do for you?",),
    ),
    "joke": (
        ("Tell me a joke.", "Say something funny.", "Do you know a joke?", "Make me laugh."),
        ("Why did the model go to school? It wanted to learn a lesson.",),
    ),
    "weather": (
        (
            "What is the weather like?",
            "Will it rain today?",
            "How is the weather?",
            "What time is it?",
            "What day is it today?",
            "What is the date today?",
            "What is the news?",
        ),
        ("I cannot see that from here. I only know what you teach me.",),
    ),
    "nonsense": (
        ("asdf", "...", "?", "test", "Test", "Testing", "qwertz", "hmm", "!!!", "bla bla", "foo"),
        ("I did not understand that. Please ask me a question.",),
    ),
    "sorry": (("Sorry", "I am sorry.", "Sorry about that.", "My mistake.", "Excuse me."), ("No problem at all!",)),
    "feel": (
        ("I am tired.", "I am sad.", "I had a bad day.", "I feel ill.", "I am stressed."),
        ("I am sorry to hear that. I hope it gets better soon.",),
    ),
    "happy": (
        ("I am happy.", "I had a great day.", "I feel good today.", "I am fine.", "I am well, thanks.", "I'm good."),
        ("I am glad to hear that!",),
    ),
    "academy": (
        ("What is Academy?", "What does Academy do?", "Tell me about Academy.", "What is this app?", "What is this program?"),
        ("Academy is an app that teaches a language model from your own lessons.",),
    ),
    "adapter": (
        ("What is an adapter?", "What is LoRA?", "What does an adapter do?"),
        ("An adapter is a small set of weights that holds what I learned from your lessons.",),
    ),
    "dataset": (("What is a dataset?", "What does a dataset do?"), ("A dataset is a set of lessons that is ready for training.",)),
    "language": (
        (
            "Do you speak German?",
            "Which languages do you speak?",
            "Do you speak Polish?",
            "Can you speak French?",
            "Parlez-vous francais?",
            "Sprichst du Deutsch?",
        ),
        ("I only speak English so far.",),
    ),
    "like": (
        (
            "Do you like music?",
            "Do you like me?",
            "What do you like?",
            "Do you have feelings?",
            "Are you happy?",
            "What is your favourite colour?",
            "Do you have friends?",
        ),
        ("I am a small model and have no feelings, but I like a good lesson.",),
    ),
}


def _pair(rng: Random, topic: str) -> list[Message]:
    asks, replies = _SMALL_TALK[topic]
    return [("user", rng.choice(asks)), ("assistant", rng.choice(replies))]


def _small_talk_turns(rng: Random) -> list[Message]:
    return _pair(rng, rng.choice(list(_SMALL_TALK)))


def _small_talk(rng: Random) -> Document:
    """Greetings, thanks and questions about the model itself."""
    talk: list[Message] = _system(rng) if rng.random() < 0.15 else []
    if rng.random() < 0.4:
        talk += _pair(rng, "hello")
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        talk += _small_talk_turns(rng)
    return talk


def _named(rng: Random) -> Document:
    """The system prompt gives the model a name, a task or a fact about itself."""
    name, team = facts.coined(rng), facts.coined(rng)
    if rng.random() < 0.5:
        name = facts.first_name(rng)
    form = rng.choice(
        (
            "You are {n}.",
            "Your name is {n}.",
            "You are {n}, a helpful assistant.",
            "You are {n}, the assistant of {t}.",
            "You are called {n}. You work for {t}.",
            "Your name is {n}. Answer briefly.",
        )
    )
    talk: list[Message] = [("system", form.format(n=name, t=team))]
    if rng.random() < 0.3:
        talk += _pair(rng, "hello")
    talk += (
        [("user", rng.choice(_SMALL_TALK["who"][0])), ("assistant", f"I am {name}.")]
        if rng.random() < 0.6
        else [
            ("user", rng.choice(("What is your name?", "Your name?", "What are you called?", "Do you have a name?"))),
            ("assistant", f"My name is {name}."),
        ]
    )
    if "{t}" in form:
        talk += [
            ("user", rng.choice(("Who do you work for?", "For whom do you work?", "Whose assistant are you?"))),
            ("assistant", f"I work for {team}."),
        ]
    if rng.random() < 0.3:
        talk += _pair(rng, rng.choice(("thanks", "bye", "can", "how")))
    return talk


# --- exercises: copying, spelling, saying it in other words -----------------------------------------------------------------


_ANY_VALUE = list(w.ATTRIBUTE_KINDS)


def _token(rng: Random) -> str:
    return rng.choice(
        (
            lambda: facts.value(rng, rng.choice(_ANY_VALUE)),
            lambda: facts.person(rng),
            lambda: facts.coined(rng),
            lambda: facts.command(rng),
            lambda: facts.accented(rng, facts.syllables(rng, 1, 5)),
            lambda: facts.place(rng),
        )
    )()


def _copying(rng: Random) -> Document:
    """Repeating, spelling and writing large or small: how an unseen word is put together."""
    v = _token(rng)
    task = rng.random()
    if task < 0.35:
        text = rng.choice((v, rng.choice(facts.fact(rng).statements), facts.steps(rng), f"{v}, {_token(rng)} and {_token(rng)}"))
        return [
            (
                "user",
                rng.choice(("Repeat: {}", "Say this: {}", "Repeat after me: {}", "Please write: {}", "Copy this text: {}")).format(text),
            ),
            ("assistant", text),
        ]
    word = rng.choice((facts.syllables(rng), facts.surname(rng), facts.first_name(rng), facts.slug(rng), facts.code(rng)))
    if task < 0.6:
        return [
            ("user", rng.choice(("Spell {}.", "How do you spell {}?", "Spell the word {}.")).format(word)),
            ("assistant", " ".join(word)),
        ]
    if task < 0.75:
        return [("user", f"Which word is this: {' '.join(word)}?"), ("assistant", word)]
    if task < 0.9:
        large = rng.random() < 0.5
        return [
            ("user", f"Write {word} in {'capital' if large else 'small'} letters."),
            ("assistant", word.upper() if large else word.lower()),
        ]
    listed = [_token(rng) for _ in range(rng.randint(2, 5))]
    index = rng.randrange(len(listed))
    place = ("first", "second", "third", "fourth", "fifth")[index]
    return [
        ("user", f"{rng.choice(('List', 'Here is a list', 'Names'))}: {', '.join(listed)}. Which is the {place}?"),
        ("assistant", f"The {place} is {listed[index]}."),
    ]


def _echo(rng: Random) -> Document:
    """A long stretch of unlikely text to be repeated: nothing teaches copying with fewer tokens."""
    talk: list[Message] = []
    for _ in range(rng.choice((1, 1, 2))):
        text = rng.choice((", ", " ", "; ", " - ")).join(_token(rng) for _ in range(rng.randint(2, 9)))
        talk += [("user", rng.choice(_ECHO_LEADS) + text), ("assistant", text)]
    return talk


_ECHO_LEADS = ("Repeat: ", "Say this: ", "Repeat after me: ", "Please write: ", "Copy this text: ", "Repeat: ")


def _table(rng: Random) -> Document:
    """Names and values, then question after question about them: looking up without much grammar around it."""
    keys = list(
        dict.fromkeys(
            rng.choice((facts.pick(rng, w.THINGS), facts.noun(rng), facts.first_name(rng), facts.coined(rng)))
            for _ in range(rng.randint(2, 7))
        )
    )
    make = rng.choice((_token, _token, facts.first_name, facts.coined, facts.number, facts.person))
    table = [(key, make(rng)) for key in keys]
    form = rng.choice(("{k} = {v}", "{k}: {v}", "{k} is {v}", "{k} - {v}", "The {k} is {v}.", "{k} has {v}"))
    text = rng.choice((", ", "\n", "; ", ". ", " ")).join(form.format(k=k, v=v) for k, v in table)
    ask = rng.choice(("{}?", "What is {}?", "Which value has {}?", "And {}?", "Tell me {}.", "{}", "What about {}?"))
    reply = rng.choice(("{v}", "{v}.", "{k}: {v}", "{k} is {v}."))
    asked = [rng.choice(table) for _ in range(rng.randint(2, 7))]
    first, rest = asked[0], asked[1:]
    if rng.random() < 0.5:
        talk: list[Message] = [("system", text), ("user", ask.format(first[0]))]
    else:
        talk = [("user", text + rng.choice(("\n", " ", ". ")) + ask.format(first[0]))]
    talk.append(("assistant", reply.format(k=first[0], v=first[1])))
    for key, v in rest:
        if rng.random() < 0.1:
            talk += [("user", ask.format(facts.noun(rng))), ("assistant", UNKNOWN)]
        talk += [("user", ask.format(key)), ("assistant", reply.format(k=key, v=v))]
    return talk


def _rewording(rng: Random) -> Document:
    """Asking the same in other words, telling same from different, and turning a short answer into a sentence."""
    f = facts.fact(rng)
    first, second = facts.ask(rng, f), facts.ask(rng, f)
    task = rng.random()
    if task < 0.45:
        return [
            (
                "user",
                rng.choice(("Say it in other words: {}", "Ask this differently: {}", "Reword: {}", "Another way to ask: {}")).format(first),
            ),
            ("assistant", second),
        ]
    if task < 0.7:
        same = rng.random() < 0.5
        if not same:
            kind = rng.choice(facts._KINDS)
            a, b = kind(rng), kind(rng)
            first, second = facts.ask(rng, a), facts.ask(rng, b)
        return [
            ("user", f"Do these ask the same? {first} / {second}"),
            ("assistant", "Yes, they ask the same." if same else "No, they ask different things."),
        ]
    if task < 0.85:
        return [
            ("user", f"Make a sentence. Question: {first} Answer: {rng.choice(f.shorts or f.statements)}"),
            ("assistant", rng.choice(f.told)),
        ]
    return [("user", f"What is the question? Answer: {rng.choice(f.told)}"), ("assistant", rng.choice(f.questions))]


# --- things it knows by heart -------------------------------------------------------------------------------------------


def _by_heart(rng: Random) -> Document:
    """A little general knowledge that is the same everywhere, asked for in many ways."""
    talk: list[Message] = _system(rng) if rng.random() < 0.1 else []
    for _ in range(rng.choice((1, 1, 1, 2))):
        question, reply = rng.choice((_capital, _capital, _opposite, _calendar, _sum, _python))(rng)
        if rng.random() < 0.15:
            opener = rng.choice(facts.OPENERS)
            question = opener + (question if opener.endswith(". ") else facts.lower(question))
        talk += [("user", question), ("assistant", reply)]
    return talk


def _capital(rng: Random) -> tuple[str, str]:
    country, city = rng.choice(list(w.CAPITALS.items()))
    city = w.spaced(city)
    if rng.random() < 0.25:
        return rng.choice(
            (
                f"Of which country is {city} the capital?",
                f"In which country is {city}?",
                f"Where is {city}?",
                f"{city} is the capital of which country?",
            )
        ), f"{city} is the capital of {country}."
    return (
        rng.choice(
            (
                f"What is the capital of {country}?",
                f"Which city is the capital of {country}?",
                f"Tell me the capital of {country}.",
                f"The capital of {country}?",
                f"What is {country}'s capital?",
                f"Do you know the capital of {country}?",
                f"What is the name of the capital of {country}?",
                f"Name the capital of {country}.",
            )
        ),
        f"The capital of {country} is {city}.",
    )


def _opposite(rng: Random) -> tuple[str, str]:
    pair = rng.choice(list(w.OPPOSITES.items()))
    a, b = pair if rng.random() < 0.5 else pair[::-1]
    return rng.choice(
        (f"What is the opposite of {a}?", f"Which word is the opposite of {a}?", f"The opposite of {a}?", f"Tell me the opposite of {a}.")
    ), f"The opposite of {a} is {b}."


def _calendar(rng: Random) -> tuple[str, str]:
    names, kind = rng.choice(((w.DAYS, "day"), (w.MONTHS, "month")))
    index = rng.randrange(len(names))
    if rng.random() < 0.5:
        return rng.choice(
            (f"Which {kind} comes after {names[index]}?", f"What {kind} follows {names[index]}?", f"What comes after {names[index]}?")
        ), f"After {names[index]} comes {names[(index + 1) % len(names)]}."
    return rng.choice(
        (f"Which {kind} comes before {names[index]}?", f"What {kind} is before {names[index]}?", f"What comes before {names[index]}?")
    ), f"Before {names[index]} comes {names[index - 1]}."


def _sum(rng: Random) -> tuple[str, str]:
    a, b = rng.randint(0, 12), rng.randint(0, 12)
    if rng.random() < 0.6:
        return rng.choice(
            (f"What is {a} plus {b}?", f"How much is {a} + {b}?", f"{a} + {b}?", f"Add {a} and {b}.")
        ), f"{a} plus {b} is {a + b}."
    return rng.choice((f"What is {a + b} minus {b}?", f"How much is {a + b} - {b}?", f"{a + b} - {b}?")), f"{a + b} minus {b} is {a}."


def _python(rng: Random) -> tuple[str, str]:
    name, summary = rng.choice(docstrings.summaries())
    kind = "function" if name in vars(builtins) else "module"
    return rng.choice(
        (
            f"What does the Python {kind} {name} do?",
            f"What is the {kind} {name} in Python?",
            f"What is the Python {kind} {name} for?",
            f"Explain the Python {kind} {name}.",
            f"Tell me about the Python {kind} {name}.",
        )
    ), summary


# --- plain English from the standard library ------------------------------------------------------------------------------


def _prose(rng: Random) -> Document:
    """A stretch of a docstring."""
    text = rng.choice(docstrings.prose())
    if len(text) > 900:
        start = rng.randrange(len(text) - 600)
        text = text[start : start + rng.randint(300, 900)].partition("\n")[2] or text[:900]
    return text


_SHARES: dict[Callable[[Random], Document], float] = {
    _unknown: 9,
    _passage: 20,
    _examples: 10,
    _conversation: 12,
    _personal: 8,
    _small_talk: 7,
    _named: 4,
    _copying: 4,
    _echo: 9,
    _table: 12,
    _rewording: 6,
    _by_heart: 7,
    _prose: 1.5,
}
