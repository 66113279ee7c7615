// The page for those who use the keyboard or listen to it: where the focus goes, menus and tabs by arrows, and what is spoken.
(() => {
  "use strict";
  const A = window.academy;
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const visible = (el) => el.getClientRects().length > 0;

  // ------------------------------------------------------------------ speaking

  // Speaks a sentence to a screen reader and shows nothing: polite, or at once where it is urgent. An open dialog silences the rest of
  // the page, so there the sentence belongs to the dialog. A region is spoken only if it was there before its words.
  // Gradio brings the last answer of a stream twice.
  let last = "", at = -Infinity;
  A.announce = (text, { urgent = false } = {}) => {
    const words = String(text ?? "").trim(), now = performance.now(), again = words === last && now - at < 1500;
    [last, at] = [words, now];
    if (!words || again) return;
    const root = $("dialog[open]") || document.body, kind = urgent ? "alert" : "status";
    let region = $(`:scope > .ac-spoken[role=${kind}]`, root);
    const pause = region ? 0 : 150;
    if (!region) {
      region = document.createElement("div");
      region.className = "ac-spoken ac-hidden";
      region.setAttribute("role", kind);
      region.setAttribute("aria-atomic", "false");
      root.append(region);
    }
    setTimeout(() => {
      const line = document.createElement("p");
      line.textContent = words;
      region.append(line);
      setTimeout(() => line.remove(), 15000);
    }, pause);
  };

  // ------------------------------------------------------------------ the focus

  const lost = () => document.activeElement === document.body || !document.activeElement || !visible(document.activeElement);
  // Puts the focus on what is no control, to go on from there.
  A.focusOn = (el) => {
    if (!el) return;
    if (!el.hasAttribute("tabindex")) el.tabIndex = -1;
    el.focus({ preventScroll: true });
  };
  const panel = () => all('#ac-tabs > [role="tabpanel"]').find(visible);
  // A redraw may have put an equal button in the place of the one that had the focus.
  function alike(el) {
    if (!el || el === document.body) return null;
    if (el.isConnected && visible(el)) return el;
    const marks = [...el.attributes].filter(({ name }) => name === "id" || (name.startsWith("data-") && name !== "data-version"));
    if (!marks.length) return null;
    return all(el.nodeName + marks.map(({ name, value }) => `[${name}="${CSS.escape(value)}"]`).join("")).find(visible) || null;
  }
  // After a dialog has closed, its opener has the focus again, or else the tab.
  A.returnFocus = (opener) => {
    if (!lost() || $("dialog[open]")) return;
    const el = alike(opener);
    if (el) el.focus(); else A.focusOn(panel());
  };
  // Runs what changes a region; if the control with the focus goes with it, its equal or the region has the focus.
  A.keepingFocus = (region, change) => {
    const held = region.contains(document.activeElement) ? document.activeElement : null;
    change();
    if (held && held !== region && lost()) (alike(held) || { focus: () => A.focusOn(region) }).focus();
  };
  // Shows another tab; who comes from a link or a button goes on in its panel.
  A.movingTo = (button) => {
    const from = document.activeElement;
    button.click();
    if (from && from !== document.body && from.getAttribute("role") !== "tab") setTimeout(() => A.focusOn(panel()), 0);
  };
  document.addEventListener("click", (event) => { if (event.target.closest(".ac-skip")) A.focusOn(panel()); });

  // ------------------------------------------------------------------ tabs: one stop, arrows move

  A.tabs = () => {
    const list = $('#ac-tabs [role="tablist"]'), tabs = () => all('[role="tab"]', list);
    const rove = () => {
      for (const tab of tabs()) {
        tab.tabIndex = tab.getAttribute("aria-selected") === "true" ? 0 : -1;
        document.getElementById(tab.getAttribute("aria-controls"))?.setAttribute("aria-labelledby", tab.id);
      }
    };
    rove();
    // Once more after Gradio has drawn the panel.
    new MutationObserver(() => { rove(); setTimeout(rove, 100); }).observe(list, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-selected"] });
    list.addEventListener("keydown", (event) => {
      const row = tabs(), at = row.indexOf(event.target), to = step(event.key, at, row.length, "ArrowRight", "ArrowLeft");
      if (at < 0 || to === null) return;
      event.preventDefault();
      row[to].click();
      row[to].focus();
    });
  };
  function step(key, at, count, next, back) {
    if (key === next) return (at + 1) % count;
    if (key === back) return (at - 1 + count) % count;
    return key === "Home" ? 0 : key === "End" ? count - 1 : null;
  }

  // ------------------------------------------------------------------ fields with a longest text

  // At the limit a field says so: what is typed further does not appear.
  document.addEventListener("input", ({ target: field }) => {
    if (!(field.maxLength > 0) || field.type === "hidden") return;
    const full = field.value.length >= field.maxLength, shown = field.nextElementSibling?.matches(".ac-limit") ? field.nextElementSibling : null;
    if (!full) { shown?.remove(); return; }
    if (shown) return;
    const words = document.createElement("span");
    words.className = "ac-help ac-limit";
    words.textContent = A.texts.longest.replace("{n}", field.maxLength);
    field.after(words);
    A.announce(words.textContent);
  });

  // ------------------------------------------------------------------ ⋯ menus

  A.closeMenus = () => {
    for (const menu of all(".ac-menu[open]")) {
      const inside = menu.contains(document.activeElement);
      menu.open = false;
      if (inside) menu.firstElementChild.focus();
    }
  };
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.(".ac-menu");
    if (!menu) return;
    if (event.key === "Escape" && menu.open) { event.preventDefault(); A.closeMenus(); return; }
    if (!["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    menu.open = true;
    const items = all(".ac-menu-items :is(a, button)", menu).filter(visible), at = items.indexOf(event.target);
    const first = event.key === "ArrowUp" ? items.length - 1 : 0;
    items[at < 0 ? first : step(event.key, at, items.length, "ArrowDown", "ArrowUp")]?.focus();
  });
  document.addEventListener("focusout", (event) => {
    const menu = event.target.closest?.(".ac-menu[open]");
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
})();
