// Documents in the browser: the review of questions by keys, while the focus is in it.
(() => {
  "use strict";
  const A = window.academy;
  if (!A || A.documents) return;
  A.documents = true;
  const FIELD = "input, textarea, select";
  const panel = () => document.getElementById("doc-review");

  A.does["pair.edit"] = (el) => {
    const field = el.closest("form").querySelector("textarea");
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  };
  document.addEventListener("keydown", (event) => {
    const el = panel(), at = document.activeElement;
    if (!el?.contains(at) || event.altKey || document.querySelector("dialog[open]")) return;
    if (at.matches(FIELD)) {
      if (event.key === "Escape") { event.preventDefault(); el.focus(); }
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); el.querySelector("[data-key=a]")?.click(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.repeat) return;
    const button = el.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
})();
