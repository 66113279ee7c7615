// Tells a new proposal: on the page as a toast, in a hidden window as a notification of the browser.
(() => {
  "use strict";
  const A = window.academy;
  if (!A || A.proposals) return;
  A.proposals = true;
  const KEY = "academy.proposal";
  const seen = () => { try { return localStorage.getItem(KEY) || ""; } catch { return ""; } };
  document.addEventListener("academy:answer", ({ detail }) => {
    if (detail.proposal) { try { localStorage.setItem(KEY, detail.proposal); } catch { /* it is told once more after a reload */ } }
    // The gate looks at a report after the end of its job.
    else if (detail.ended) setTimeout(() => A.act("proposal.news", { seen: seen() }), 2000);
  });
})();
// Brings an adapter: the form goes to REST, where files belong; the answer is told by the act of the form.
(() => {
  "use strict";
  const A = window.academy;
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-import]");
    if (!form) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const go = form.querySelector("[type=submit]"), body = new FormData();
    if (go.classList.contains("ac-busy")) return;
    for (const [key, value] of new FormData(form)) if (value instanceof File ? value.size : value) body.append(key, value);
    go.classList.add("ac-busy");
    try {
      const reply = await fetch(form.dataset.import, { method: "POST", body }), answer = await reply.json();
      if (reply.ok) await A.act(form.dataset.act, { id: answer.adapter_id });
      else A.toast({ kind: "bad", text: typeof answer.detail === "string" ? answer.detail : A.texts.unreachable });
    } catch {
      A.toast({ kind: "bad", text: A.texts.unreachable });
    } finally {
      go.classList.remove("ac-busy");
    }
  }, true);
})();
