"""Asks axe about a part of a page: every rule as the page is, and the contrast in dark as well, since the structure is the same."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

_AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
_DRAWN = "async () => { await academy.poll(); await academy.poll(); }"
_ASKED = """async (part) => {
  const seen = (el) => el.getClientRects().length > 0;
  const tab = [...document.querySelectorAll("[role=tabpanel]")].find((el) => el.id !== "tab-overview" && seen(el));
  const front = part ? [...document.querySelectorAll(part)].filter(seen) : [document.querySelector("dialog[open]") || tab || document];
  if (!front.length) return [`nothing matches ${part}`];
  const found = [];
  // A colour that fades in has no contrast yet.
  const fading = () => document.getAnimations().filter((item) => item instanceof CSSTransition);
  const still = async () => { for (let left = 50; left && fading().length; left -= 1) await new Promise((done) => setTimeout(done, 20)); };
  const ask = async (scheme, options) => {
    await still();
    const { violations } = await axe.run({ include: front }, { resultTypes: ["violations"], preload: false, ...options });
    for (const rule of violations) if (["serious", "critical"].includes(rule.impact))
      for (const node of rule.nodes) found.push(`${scheme}: ${rule.id}: ${node.html.slice(0, 120)}: ${node.failureSummary.slice(0, 200)}`);
  };
  // Who scrolls sees what a sticky bar covers, and who waits what a toast covers.
  const uncovered = document.head.appendChild(document.createElement("style"));
  uncovered.textContent = ".ac-sticky { position: static !important; }";
  const toasts = document.getElementById("ac-toasts");
  if (toasts && !front.some((el) => el.contains(toasts))) toasts.style.visibility = "hidden";
  const before = document.body.classList.contains("dark");
  const dark = (on) => [document.body, document.documentElement].forEach((el) => el.classList.toggle("dark", on));
  await ask(before ? "dark" : "light", { rules: { "target-size": { enabled: true } } });
  dark(!before);
  await ask(before ? "light" : "dark", { runOnly: ["color-contrast"] });
  dark(before);
  if (toasts) toasts.style.visibility = "";
  uncovered.remove();
  return found;
}"""


def prepare(page: Page) -> None:
    """Loads axe, once for each page."""
    page.evaluate(_AXE)


def drawn(page: Page) -> None:
    """Waits for two polls: what was pressed last has been drawn by the second."""
    page.evaluate(_DRAWN)


def serious(page: Page, where: str, part: str = "") -> list[str]:
    """What keeps people out, in a part, else in what is in front: the open dialog, the tab, or with the Overview everything."""
    drawn(page)
    return [f"{where}: {problem}" for problem in page.evaluate(_ASKED, part)]
