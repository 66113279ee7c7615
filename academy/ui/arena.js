// The arena in the browser: votes by key, and the answers of a duel as soon as they are there.
(() => {
  "use strict";
  const A = window.academy;
  if (!A || A.arena) return;
  A.arena = true;
  const WAIT_MS = 400;
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((el) => el.getClientRects().length > 0);
  const CONTROLS = "input, textarea, select, [contenteditable=true]";

  // 1, 2 and 0 vote, 3 skips, Enter goes on; never while a person types, has a dialog open, or, for Enter, has the focus on a control.
  document.addEventListener("keydown", (event) => {
    const at = document.activeElement;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || document.querySelector("dialog[open]")) return;
    if (!["0", "1", "2", "3", "Enter"].includes(event.key) || at?.matches(CONTROLS)) return;
    if (event.key === "Enter" && at?.matches("button, a, summary, [role=tab]")) return;
    const button = shown(`[data-key="${event.key}"]`).at(-1);
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  let waiting = false;
  setInterval(() => {
    if (document.hidden) return;
    if (shown(".ac-arena-wait").length) { waiting = true; A.poll(); return; }
    if (waiting && shown("#arena-duel").length) A.announce(A.texts.arena_ready);
    waiting = false;
  }, WAIT_MS);
})();
