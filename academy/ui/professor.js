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
