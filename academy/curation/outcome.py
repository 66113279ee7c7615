"""Whether a result tells success or failure, in the words of several languages."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

_YES = {"1", "y", "yes", "true", "tak", "prawda", "ja", "wahr", "oui", "vrai", "sí", "si", "sì", "sim", "ano", "да", "так", "はい", "是"}
_NO = {"0", "-1", "n", "no", "false", "nie", "fałsz", "nein", "falsch", "non", "faux", "não", "ne", "нет", "ні", "いいえ", "否"}

_SUCCESS = r"""
    success\w* | succeed\w* | ok | okay | pass | passed | passes | passing | works | worked | fixed | solved | resolved
  | completed? | accepted | approved | correct | good | done | green | sukces\w* | uda[łl]o | udan[aey] | powodzeni\w*
  | zaliczon\w* | dzia[łl]a | gotowe | poprawnie | erfolg\w* | bestanden | gelungen | geklappt | funktioniert | fertig | gelöst
  | richtig | réussi\w* | succès | terminé | [ée]xito\w* | exitos\w* | correcto | funciona | riuscit\w* | successo | sucesso
  | concluído | gelukt | geslaagd | úspě\w* | hotovo | успе[хш]\w* | успіх\w* | успішн\w* | готово
"""
_FAILURE = r"""
    fail\w* | errors? | error\w* | err | broken | wrong | bad | crash\w* | exceptions? | traceback | abort\w* | reject\w* | denied
  | time[d]?[ -]?out | incorrect | invalid | unsuccessful\w* | unresolved | unsolved | incomplete | b[łl][ęeąa]d\w* | pora[żz]k\w*
  | niepowodzeni\w* | nieudan\w* | niepoprawn\w* | fehler\w* | fehlgeschlagen | misserfolg\w* | erfolglos\w* | gescheitert
  | misslungen | kaputt | échec\w* | échou\w* | erreurs? | fallo\w* | falló | fallid\w* | fracas\w* | errore | errori | fallit\w*
  | falha\w* | falhou | erro | erros | mislukt | fout\w* | selhal\w* | chyb\w* | neúspě\w* | ошибк\w* | провал\w* | неудач\w*
  | неуспе\w* | помилк\w* | невдач\w*
"""
_NONE_OF = (
    r"(?:no|not? any|without|zero|0|bez|brak|żadnych|keine?n?|ohne|null|sans|aucune?|sin|ning[úu]n|senza|nessun|sem|nenhum|zonder|geen"
    r"|žádn\w+|без|нет)"
)
_NOT = (
    r"(?:not|never|isn['’]?t|wasn['’]?t|doesn['’]?t|didn['’]?t|don['’]?t|did\s+not|does\s+not|could\s+not|couldn['’]?t|nie|nicht|kein\w*|ne\s+\w+\s+pas|pas"
    r"|no\s+fue|no|non|n[ãa]o|niet|не|ne)"
)

_TELLS = re.compile(
    rf"""
    (?P<counted>\b[1-9]\d*\s+(?:tests?\s+)?(?:failed|failures?|failing|errors?)\b)
  | (?P<no_failure>\b{_NONE_OF}\s+(?:\w+\s+)?(?:{_FAILURE})\b
      | \b(?:errors?|failures?|failed)\s*[:=]\s*0\b | \bnot\s+(?:failed|broken|wrong|bad)\b)
  | (?P<no_success>\b(?:{_NOT}|{_NONE_OF})\s+(?:\w+\s+)?(?:{_SUCCESS}|work)\b)
  | (?P<failure>\b(?:{_FAILURE})\b | [❌✗✘✖👎🔴⛔💥🚫] | 失败 | 失敗 | 错误 | 錯誤 | エラー | 실패 | 오류 | \bne\s+fonctionne\s+pas\b)
  | (?P<success>\b(?:{_SUCCESS})\b | [✅✔✓👍🎉🟢☑💚] | 成功 | 完了 | 完成 | 성공 | 완료)
    """,
    re.IGNORECASE | re.VERBOSE,
)


@lru_cache(maxsize=4096)
def outcome(result: str) -> Literal["success", "failure", ""]:
    """What a result tells: the first word that tells anything counts, unless failures are counted later ("2 passed, 1 failed")."""
    text = result.strip()[:4000]
    plain = text.casefold().strip(" .!")
    if plain in _YES:
        return "success"
    if plain in _NO:
        return "failure"
    if match := re.fullmatch(r"(?:exit(?:ed)?(?: with)?(?: code| status)?|return code|rc)\s*[:=]?\s*(-?\d+)", plain):
        return "success" if int(match[1]) == 0 else "failure"
    first: Literal["success", "failure", ""] = ""
    for match in _TELLS.finditer(text):
        if match["counted"]:
            return "failure"
        if not first:
            first = "success" if match["no_failure"] or match["success"] else "failure"
    return first
