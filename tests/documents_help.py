"""Small documents, made without any program that makes documents."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from academy.curation.documents.passages import Passage
from academy.jobs.store import Job, JobStore

HANDBOOK = [
    ["Green Tank Handbook", "1 Pump", "The pump of the green tank starts at four degrees. It was re-", "paired by Lena Ohm in March.", "1"],
    ["Green Tank Handbook", "The pump needs 12 litres of oil.", "Part 10 20 30 40", "Valve 11 22 33 44", "2"],
    ["Green Tank Handbook", "2 Filter", "Clean the filter every six weeks. Use cold water only,", "and never soap.", "3"],
    ["Green Tank Handbook", "Spare filters lie in the red cupboard beside the door.", "4"],
]
"""Four pages with a header, page numbers, numbered headings, a divided word and two lines of a table."""


def pdf(pages: Sequence[Sequence[str]], outline: Sequence[tuple[str, int]] = ()) -> bytes:
    """A PDF with these lines on its pages, and an outline of titles and pages (from 0)."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in pages:
        shown = " ".join(f"({line.replace(chr(92), '').replace('(', '').replace(')', '')}) Tj T*" for line in lines)
        content = f"BT /F1 11 Tf 14 TL 50 750 Td {shown} ET"
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {len(objects)} 0 R "
        objects.append(page + "/Resources << /Font << /F1 3 0 R >> >> >>")
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    tail = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n"
    out += f"{tail}startxref\n{len(out)}\n%%EOF\n".encode("latin-1")
    if not outline:
        return out
    from pypdf import PdfWriter

    writer = PdfWriter(clone_from=io.BytesIO(out))
    for title, page in outline:
        writer.add_outline_item(title, page)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def encrypted(raw: bytes) -> bytes:
    """The same PDF with a password."""
    from pypdf import PdfWriter

    writer = PdfWriter(clone_from=io.BytesIO(raw))
    writer.encrypt("secret", algorithm="RC4-128")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def docx() -> bytes:
    """A Word file with headings, a list and a table."""
    import docx as library

    document = library.Document()
    document.add_heading("Green Tank", 0)
    document.add_heading("Pump", 1)
    document.add_paragraph("The pump of the green tank starts at four degrees.")
    document.add_paragraph("Check the oil.", style="List Bullet")
    document.add_paragraph("Close the lid.", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).text = "a cell that is left out"
    document.add_heading("Filter", 1)
    document.add_paragraph("Clean the filter of the green tank every six weeks with cold water.")
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def pptx() -> bytes:
    """Two slides with titles, and the speaker's notes on the first."""
    import pptx as library

    deck = library.Presentation()
    for title, text in (("Pump", "The pump starts at four degrees."), ("Filter", "Clean the filter every six weeks.")):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        places: list[Any] = list(slide.placeholders)
        for place, words in zip(places, (title, text), strict=True):
            place.text = words
    notes = deck.slides[0].notes_slide.notes_text_frame
    assert notes is not None
    notes.text = "Lena Ohm repaired it in March of last year."
    made = io.BytesIO()
    deck.save(made)
    return made.getvalue()


def bomb() -> bytes:
    """A Word file of a few kilobytes that unpacks to five megabytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            with archive.open(f"word/part{number}.xml", "w") as file:
                file.write(bytes(1 << 20))
    return made.getvalue()


PASSAGE = Passage(number=1, text="The pump of the green tank starts at four degrees. It was repaired by Lena Ohm in March.", page=3)


PAIRS = [
    {"passage": 1, "question": "Who repaired the pump of the green tank?", "answer": "Lena Ohm", "start": 66, "end": 74},
    {"passage": 1, "question": "When does the pump start?", "answer": "at four degrees", "start": 34, "end": 49},
    {"passage": 1, "question": "who repaired the PUMP of the green tank", "answer": "Lena", "start": 66, "end": 70},
]


def written(store: JobStore, models: Path, document_id: str, right: int = 6, job_id: str = "questions_1", **changes: Any) -> Job:
    """A job that has ended and wrote the pairs on a document; `right`: its usable pairs on the probe."""
    (models / job_id).mkdir(parents=True)
    passed = right >= 4
    result = {"probe": {"right": right, "of": 8, "needed": 4}, "asked": [1] if passed else [], "pairs": PAIRS if passed else []}
    (models / job_id / "written.json").write_text(json.dumps(result | {"thrown": {"not_in_passage": 2} if passed else {}}))
    values: dict[str, Any] = {"status": "finished", "finished_at": "2026-11-28T12:05:00Z", "seconds": 60.0} | changes
    return store.add(
        Job(
            job_id=job_id, name="book.md", created_at="2026-11-28T11:59:00Z", dataset_path="", base_model="academy-mini", kind="question",
            backend="subprocess", output_dir=str(models / job_id), **values,
            parameters={"document_id": document_id, "passages": [1], "per_passage": 2, "training": {}},
        )
    )  # fmt: skip
