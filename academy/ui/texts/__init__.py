"""The texts of the page, a file for each language; a new language is one new file here, named after its code (`pl.py`).

It has `TEXTS`, the page's own texts as in en.py, whose counted texts have the forms of the language (`one`, `few`, `many`), and
`MESSAGES`, the sentences of errors and jobs by their English template (academy/messages.py): a text, or one for each form of a counted
sentence (`{"one": …, "other": …}`). `python tests/translating.py pl` prints what it lacks, which until then is shown in English.
"""
