"""The texts of the page, a file for each language; a new language is one new file here, named after its code (`pl.py`).

It has `TEXTS`, the page's own texts as in en.py, whose counted texts have the forms of the language (`one`, `few`, `many`), and
optionally `MESSAGES`, the sentences of errors and jobs by their English template (academy/messages.py). What it lacks is shown in English.
"""
