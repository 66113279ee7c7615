// The page in the browser: keeps live regions current, sends acts to the server, shows toasts and dialogs, keeps its state in the address.
// Texts from the server arrive either escaped (fragments of html/elements.py) or as plain strings that are only ever set as textContent.
(() => {
  "use strict";
  if (window.academy) return;
  document.head.append(...document.querySelectorAll("style[data-components]")); // ui/ahead.py: they come after ours, as if Gradio had fetched them
  // In a frame of another site the browser may deny its storage, and Gradio's chat would not load: a storage that lasts as long as the page replaces it.
  for (const name of ["localStorage", "sessionStorage"]) {
    try { void window[name].length; } catch {
      const values = new Map();
      const getItem = (key) => values.get(String(key)) ?? null, setItem = (key, value) => { values.set(String(key), String(value)); };
      const removeItem = (key) => { values.delete(String(key)); }, clear = () => values.clear(), key = (index) => [...values.keys()][index] ?? null;
      Object.defineProperty(window, name, { value: { getItem, setItem, removeItem, clear, key, get length() { return values.size; } } });
    }
  }
  const TABS = ["overview", "dataset", "training", "adapters", "chat"];
  const texts = __TEXTS__, language = __LANGUAGE__;
  document.documentElement.lang = language;
  const A = (window.academy = { texts, language, state: {}, server: null, trigger: null, connected: true, paused: false });
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const visible = (el) => el.offsetParent !== null || el.getClientRects().length > 0;
  const motion = A.motion = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  // ------------------------------------------------------------------ the state: in the address and the session

  const stored = () => { try { return JSON.parse(sessionStorage.getItem("academy") || "{}"); } catch { return {}; } };
  const fromAddress = () => {
    const query = new URLSearchParams(location.search), state = {};
    for (const key of ["tab", "job", "dataset", "chat"]) if (query.get(key)) state[key] = query.get(key);
    return state;
  };
  A.state = { viewer: Math.random().toString(36).slice(2), ...stored(), job: null, dataset: null, base: stored().train_base || null, tab: "overview", ...fromAddress() };

  // What is searched for in one dataset would hide the rows of another.
  const ROWS = { ds_page: 0, ds_query: "", ds_sort: "file", ds_source: "", ds_only: "", dropped_reason: "", secret_kind: "" };
  // What was just imported is shown alone while a person looks at it, not after another tab or a reload.
  const IMPORTED = { lesson_imports: [] };
  Object.assign(A.state, IMPORTED);
  const rowsOf = (next) => ({
    ...("dataset" in next && next.dataset !== A.state.dataset ? ROWS : {}),
    ...(next.tab && next.tab !== "dataset" ? IMPORTED : {}),
    ...next,
  });
  // The list of a button that adds itself to it or leaves it: read at the click, since a second click may come before the first is drawn.
  // It begins empty where it was chosen for something else, unless it is pinned; `to`: it only adds itself (true), or only leaves (false).
  function toggled(el) {
    if (!el.dataset.toggle) return {};
    const { list, item, of = {}, pin, to } = JSON.parse(el.dataset.toggle);
    const old = A.state[pin] || Object.entries(of).every(([key, value]) => A.state[key] === value) ? A.state[list] || [] : [];
    const has = old.includes(item);
    return { [list]: has === to ? old : has ? old.filter((other) => other !== item) : [...old, item] };
  }
  function setState(patch, { push = true } = {}) {
    const before = address();
    patch = rowsOf(patch);
    Object.assign(A.state, patch);
    try { sessionStorage.setItem("academy", JSON.stringify(A.state)); } catch { /* private mode: it lasts as long as the page */ }
    if (push && address() !== before) history[push === "replace" ? "replaceState" : "pushState"](null, "", address());
    if (patch.tab) showTab(patch.tab);
    const panel = patch.job && document.getElementById("training-live");
    if (panel && visible(panel) && panel.getBoundingClientRect().top < 0) panel.scrollIntoView({ behavior: motion() });
    document.documentElement.dataset.view = ["lessons", "documents"].includes(A.state.dataset_view) ? A.state.dataset_view : "make";
    mirror();
    A.chat?.opened();
    return poll();
  }
  function address() {
    const query = new URLSearchParams(location.search);
    const rooms = { job: "training", dataset: "dataset", chat: "chat" };
    for (const key of ["tab", "job", "dataset", "chat"]) {
      const applies = key === "tab" || A.state.tab === rooms[key];
      if (applies && A.state[key]) query.set(key, A.state[key]); else query.delete(key);
    }
    return location.pathname + (query.toString() ? "?" + query : "");
  }
  function showTab(name) {
    if (!TABS.includes(name)) return;
    const button = document.getElementById(`tab-${name}-button`);
    if (button && button.getAttribute("aria-selected") !== "true") A.movingTo(button);
  }
  // Inputs outside the live regions follow the state (after a reload, after "clear").
  function mirror() {
    for (const el of all("[data-bind]")) {
      if (el === document.activeElement || !(el.dataset.bind in A.state)) continue;
      const value = A.state[el.dataset.bind];
      if (el.type === "checkbox") el.checked = !!value; else if (el.value !== String(value ?? "")) el.value = value ?? "";
    }
  }
  addEventListener("popstate", () => {
    Object.assign(A.state, rowsOf({ job: null, dataset: null, tab: "overview", ...fromAddress() }));
    if (A.state.tab === "chat") A.state.chat = fromAddress().chat || "";
    showTab(A.state.tab);
    A.chat?.opened();
    poll();
  });

  // ------------------------------------------------------------------ live regions

  // What the Overview shows is asked for while Gradio still loads its own parts, so that the first poll has its answer.
  let ahead = A.state.tab === "overview" && !document.hidden ? askAhead(window.gradio_config) : null;
  function askAhead(config) {
    const top = config?.components?.find(({ props }) => props.elem_id === "ac-top");
    if (!top) return null;
    const regions = Object.fromEntries(__FIRST__.map((name) => [name, ""]));
    const body = JSON.stringify({ data: { state: A.state, regions, log: null }, component_id: top.id, fn_name: "live", session_hash: A.state.viewer });
    const answer = fetch("gradio_api/component_server/", { method: "POST", body, headers: { "Content-Type": "application/json" } }).then((response) => (response.ok ? response.json() : null), () => null);
    return () => { ahead = null; return A.state.tab === "overview" ? Promise.race([answer, wait(15000)]) : null; };
  }

  const WHOLE_MS = 700;
  let polling = null, again = false, timer = 0, failures = 0, whole = 0;

  // One request polls all visible regions; the server sends those whose version differs.
  function poll() {
    if (polling) { again = true; return polling; }
    clearTimeout(timer);
    polling = ask(false).finally(() => {
      polling = null;
      if (again) { again = false; poll(); } else schedule();
    });
    return polling;
  }
  async function ask(quick) {
    if (!A.server || (document.hidden && !A.open?.length)) return;
    const regions = {}, begin = performance.now();
    if (!quick) whole = begin;
    if (!quick && !document.hidden) for (const el of all("[data-live]")) if (visible(el) && !A.chat?.holds(el.dataset.live)) regions[el.dataset.live] = el.dataset.version || "";
    const pane = !document.hidden && all("[data-log]").find(visible);
    const request = { state: A.state, regions, log: pane && !A.paused ? logRequest(pane) : null };
    const answer = (await ahead?.()) || await Promise.race([A.server.live(request).catch(() => null), wait(15000)]);
    if (!answer || typeof answer !== "object" || !answer.regions) { lost(); return; }
    connected();
    A.latency = performance.now() - begin;
    for (const [name, fresh] of Object.entries(answer.regions)) {
      if (A.chat?.holds(name)) continue;
      for (const el of all(`[data-live="${CSS.escape(name)}"]`)) { A.keepingFocus(el, () => morph(el, fresh.html)); el.dataset.version = fresh.version; localTimes(el); }
      A.chat?.drawn(name);
    }
    // A tab appears with its first content, as one; until then nothing stands where something else will be.
    if (!quick) for (const el of all('#ac-tabs > [role="tabpanel"]')) if (visible(el) && $("[data-version]", el)) el.dataset.filled = "1";
    if (answer.log && pane) addLog(pane, answer.log);
    A.busy = answer.busy;
    A.hear?.(answer);
  }
  // While a job runs, its log is polled often (a few bytes), and everything once a second, by the clock: counted in polls, the numbers
  // of a slow server would fall behind its log. A slow server is polled less.
  function schedule() {
    clearTimeout(timer);
    // A hidden page only waits for the end of a job.
    if (document.hidden && !A.open?.length) return;
    const live = A.busy && A.state.tab === "training" && A.connected && !document.hidden;
    const pause = document.hidden ? 10000 : A.connected ? (live ? 110 : A.busy ? 1000 : 2500) : Math.min(5000, 500 * 2 ** Math.min(4, failures));
    timer = setTimeout(async () => {
      if (live && performance.now() - whole < WHOLE_MS) { await ask(true); schedule(); } else poll();
    }, Math.max(pause, 6 * (A.latency || 0)));
  }
  function lost() {
    failures += 1;
    if (failures > 1 && A.connected) A.announce($(".ac-offline-chip")?.textContent);
    if (failures > 1) { A.connected = false; document.documentElement.classList.add("ac-offline"); }
  }
  function connected() {
    if (!A.connected) toast({ kind: "good", text: texts.reconnected });
    failures = 0; A.connected = true;
    document.documentElement.classList.remove("ac-offline");
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); else schedule(); });
  addEventListener("online", () => poll());

  // Makes an element's content equal to new HTML and keeps every node that is the same (rows by their id): focus, scrolling and clicks survive.
  const morph = (el, html) => Idiomorph.morph(el, html, { morphStyle: "innerHTML", callbacks: { beforeNodeMorphed, beforeAttributeUpdated } });
  function beforeNodeMorphed(mine, theirs) {
    if (mine.nodeType !== Node.ELEMENT_NODE) return true;
    return !mine.classList.contains("ac-busy") && !(mine.hasAttribute("data-live") && theirs.hasAttribute("data-live"));
  }
  // What a person has opened stays open, and what they are typing or choosing stays theirs.
  function beforeAttributeUpdated(name, el, change) {
    if (name === "open") return !(change === "remove" && el.nodeName === "DETAILS");
    return !["value", "checked", "selected"].includes(name) || ((el.closest("select") || el) !== document.activeElement && !("own" in el.dataset));
  }
  function localTimes(root) {
    for (const el of all("time[datetime]", root)) {
      const moment = new Date(el.getAttribute("datetime"));
      if (!isNaN(moment)) { el.title = moment.toLocaleString(language); el.dataset.local = "1"; }
    }
  }

  // ------------------------------------------------------------------ the log

  const logRequest = (pane) => ({ job: pane.dataset.job || "", next: Number(pane.dataset.next || -1), size: Number(pane.dataset.size || -1) });
  function addLog(pane, news) {
    const rows = $(".ac-log-lines", pane);
    if (pane.dataset.job !== news.job || news.reset) { rows.replaceChildren(); pane.dataset.job = news.job; follow(pane, true); }
    const stick = pane.dataset.follow !== "0";
    const parts = document.createDocumentFragment();
    for (const [line, time, message] of news.lines) {
      const row = document.createElement("div"), n = document.createElement("i"), at = document.createElement("time"), text = document.createElement("span");
      n.textContent = line + 1;
      const moment = new Date(time);
      at.textContent = time && !isNaN(moment) ? moment.toLocaleTimeString(language, { hour12: false }) : "";
      at.title = time || "";
      text.textContent = message;
      if (/\b\w*(Error|Exception)\b:|^Traceback|^(failed|error|fatal|critical)\b|out of memory/i.test(message)) row.className = "bad";
      else if (/\b\w*Warning:|^warn/i.test(message)) row.className = "warn";
      row.append(n, at, text);
      parts.append(row);
    }
    rows.append(parts);
    while (rows.childElementCount > 500) rows.firstElementChild.remove();
    pane.dataset.next = news.next;
    pane.dataset.size = news.size;
    pane.classList.toggle("is-empty", !rows.childElementCount);
    if (stick) { pane.dataset.auto = "1"; rows.scrollTop = rows.scrollHeight; }
  }
  function follow(pane, on) {
    pane.dataset.follow = on ? "1" : "0";
    const rows = $(".ac-log-lines", pane);
    if (on) rows.scrollTop = rows.scrollHeight;
    logState(pane);
  }
  function logState(pane) {
    const words = $(".ac-log-state", pane);
    if (words) words.textContent = A.paused ? texts.log_paused : pane.dataset.follow === "0" ? texts.log_released : texts.log_following;
    pane.classList.toggle("is-released", pane.dataset.follow === "0");
  }
  document.addEventListener("scroll", (event) => {
    const rows = event.target;
    if (!rows.classList?.contains("ac-log-lines")) return;
    const pane = rows.closest("[data-log]"), atEnd = rows.scrollHeight - rows.scrollTop - rows.clientHeight < 24;
    // Another size of the window moves the lines too; only a person stops following.
    const size = `${rows.clientWidth} ${rows.clientHeight}`;
    if (pane.dataset.seen !== size) {
      pane.dataset.seen = size;
      if (pane.dataset.follow !== "0") { rows.scrollTop = rows.scrollHeight; return; }
    }
    if ((pane.dataset.follow !== "0") !== atEnd) { pane.dataset.follow = atEnd ? "1" : "0"; logState(pane); }
  }, true);

  // ------------------------------------------------------------------ acts

  async function act(name, data = {}, source = null) {
    if (!A.server) return null;
    // Not `disabled`: a disabled button loses the focus, and a dialog then has no opener to return to.
    source?.classList.add("ac-busy");
    source?.setAttribute("aria-disabled", "true");
    let drawn = null;
    try {
      const answer = await A.server.act({ act: name, data, state: A.state }).catch(() => null);
      if (!answer) { toast({ kind: "bad", text: texts.unreachable }); return null; }
      // A poll that came between left the busy button as it was: its region is drawn again, and only then it can be pressed again.
      const region = source?.closest("[data-live]");
      if (region) region.dataset.version = "";
      source?.classList.remove("ac-busy");
      drawn = result(answer);
      return answer;
    } finally {
      source?.classList.remove("ac-busy");
      Promise.resolve(drawn).finally(() => source?.removeAttribute("aria-disabled"));
    }
  }
  // An answer says what the page does next; Gradio handlers answer in the same form through the hidden "out" component.
  function result(answer) {
    if (!answer || typeof answer !== "object") return;
    document.dispatchEvent(new CustomEvent("academy:answer", { detail: answer }));
    if (answer.chat && !A.chat?.draw(answer.chat)) return; // a reply in progress changes nothing else
    if (answer.toast) toast(answer.toast);
    if (answer.announce) A.announce(answer.announce);
    if ("dialog" in answer) answer.dialog ? openDialog(answer.dialog) : closeDialog();
    for (const [id, html] of Object.entries(answer.fill || {})) { const el = document.getElementById(id); if (el) el.innerHTML = html; }
    if (answer.toast && answer.state?.job) A.expect?.(answer.state.job);
    if (answer.repair) A.does.repair();
    if (answer.ended) A.ended?.(answer.ended);
    if (answer.reveal) A.reveal(document.getElementById(answer.reveal));
    if (answer.event && A.trigger) A.trigger(answer.event, answer.data || {});
    if (answer.click) document.getElementById(answer.click)?.click();
    const drawn = answer.state ? setState(answer.state) : poll();
    if (answer.focus) drawn?.then(() => $(answer.focus)?.focus({ preventScroll: true }));
    if (answer.top) scrollTo({ top: 0, behavior: motion() });
    return drawn;
  }
  const fire = (event, data) => (event === "ask" ? A.chat.ask(data) : A.trigger?.(event, data));
  Object.assign(A, { result, act, setState, poll, texts });

  document.addEventListener("click", async (event) => {
    const el = event.target.closest("[data-act], [data-set], [data-copy], [data-do], [data-event], [data-close]");
    if (!event.target.closest(".ac-menu")) A.closeMenus();
    const tab = event.target.closest('[role="tab"]');
    if (tab && /^tab-.*-button$/.test(tab.id)) {
      const name = tab.id.slice(4, -7);
      if (A.state.tab !== name) setTimeout(() => setState({ tab: name }), 0); else setTimeout(poll, 0);
    }
    if (!el || el.nodeName === "FORM" || el.matches(".ac-busy, [aria-disabled=true]")) return;
    if (el.matches("[data-close]")) { closeDialog(); return; }
    if (el.dataset.copy) { await copy(el); return; }
    if (el.dataset.event) { fire(el.dataset.event, { ...el.dataset }); return; }
    if (el.dataset.do) { does[el.dataset.do]?.(el); return; }
    if (el.dataset.set) {
      if (event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      setState({ ...JSON.parse(el.dataset.set), ...toggled(el) });
      return;
    }
    if (!el.dataset.act) return;
    event.preventDefault();
    // Read before the question: while it is open, another button may take this position.
    const { act: name, confirm: question, yes, ...data } = el.dataset;
    A.closeMenus();
    if (question && !(await confirmed(question, yes || el.textContent))) return;
    await act(name, data, el.dataset.act === name ? el : null);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-event]");
    if (!form) return;
    event.preventDefault();
    fire(form.dataset.event, { ...form.dataset, ...Object.fromEntries(new FormData(form)) });
    closeDialog();
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-act]");
    if (!form) return;
    event.preventDefault();
    if ($(".ac-busy", form)) return;
    const { act: name, ...data } = form.dataset;
    for (const [key, value] of new FormData(form, event.submitter)) data[key] = value;
    for (const box of all("input[type=checkbox]", form)) data[box.name] = box.checked;
    await act(name, data, event.submitter || $("[type=submit]", form));
  });
  let typing = 0;
  document.addEventListener("input", (event) => {
    const el = event.target.closest("[data-bind]");
    if (!el) return;
    const value = el.type === "checkbox" ? el.checked : el.value;
    const patch = { [el.dataset.bind]: value };
    if (el.dataset.reset) patch[el.dataset.reset] = 0;
    if (el.dataset.clears) patch[el.dataset.clears] = [];
    Object.assign(A.state, patch);
    clearTimeout(typing);
    // What an answer has changed since stays changed.
    const typed = () => Object.fromEntries(Object.keys(patch).map((key) => [key, A.state[key]]));
    typing = setTimeout(() => setState(typed()), el.type === "search" || el.type === "text" ? 220 : 0);
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-language]")) return;
    document.cookie = `academy_language=${event.target.value}; Path=${new URL(document.baseURI).pathname}; Max-Age=31536000; SameSite=Lax`;
    location.reload();
  });
  const does = {
    theme() {
      const dark = document.body.classList.toggle("dark");
      document.documentElement.classList.toggle("dark", dark);
      try { localStorage.setItem("academy.theme", dark ? "dark" : "light"); } catch { /* it lasts as long as the page */ }
    },
    pause(el) {
      A.paused = !A.paused;
      el.textContent = A.paused ? texts.log_go_on : texts.log_pause;
      el.setAttribute("aria-pressed", A.paused);
      all("[data-log]").forEach(logState);
      if (!A.paused) poll();
    },
    follow(el) { follow(el.closest("[data-log]"), true); },
    focus(el) { document.getElementById(el.dataset.target)?.querySelector("textarea, input")?.focus(); },
    press(el) { document.getElementById(el.dataset.target)?.click(); },
  };
  A.does = does; A.morph = morph;
  async function copy(el) {
    try { await navigator.clipboard.writeText(el.dataset.copy); toast({ kind: "good", text: texts.copied }); }
    catch { toast({ kind: "bad", text: texts.not_copied }); }
  }

  // ------------------------------------------------------------------ toasts and dialogs

  function holder(id, name = "div") {
    let el = document.getElementById(id);
    if (!el) { el = document.createElement(name); el.id = id; document.body.append(el); }
    return el;
  }
  function toast({ kind = "good", text = "", hint = "", action = null, job = "" }) {
    const box = holder("ac-toasts"), el = document.createElement("div"), words = document.createElement("div"), more = document.createElement("small"), close = document.createElement("button");
    ($("dialog[open]") || document.body).append(box); // behind an open dialog it could be neither heard nor closed
    A.announce(`${text} ${hint}`, { urgent: kind === "bad" });
    el.className = `ac-toast ac-toast-${kind}`;
    const says = job ? document.createElement("a") : words;
    says.textContent = text;
    if (job) { says.href = `?tab=training&job=${encodeURIComponent(job)}`; says.dataset.set = JSON.stringify({ tab: "training", job }); words.append(says); }
    more.textContent = hint;
    close.textContent = "×";
    close.type = "button";
    close.setAttribute("aria-label", texts.close);
    const body = document.createElement("div");
    body.append(words);
    if (hint) body.append(more);
    el.append(body);
    if (action) { // what was done can be undone
      const undo = document.createElement("button");
      undo.type = "button"; undo.className = "ac-btn ac-btn-small"; undo.textContent = action.label;
      undo.onclick = () => { el.remove(); act(action.act, action.data); };
      el.append(undo);
    }
    el.append(close);
    const same = all(".ac-toast", box).find((other) => other.firstChild.textContent === body.textContent);
    same?.remove();
    box.append(el);
    const gone = () => { el.classList.add("leaving"); setTimeout(() => { el.remove(); A.returnFocus(null); }, 200); };
    const fade = () => { if (el.matches(":hover, :focus-within")) setTimeout(fade, 2000); else gone(); }; // it waits for who reads it
    close.onclick = gone;
    setTimeout(fade, action ? 30000 : kind === "bad" || job ? 12000 : 5000);
  }
  A.toast = toast; A.closeDialog = closeDialog;
  function openDialog(html) {
    const dialog = holder("ac-dialog", "dialog"), opener = document.activeElement;
    document.body.append(holder("ac-toasts"));
    dialog.innerHTML = html;
    localTimes(dialog);
    if (!dialog.open) dialog.onclose = () => { left(opener); document.dispatchEvent(new CustomEvent("academy:closed", { detail: dialog })); };
    dialog.onclick = (event) => { if (event.target === dialog) closeDialog(); };
    const title = named(dialog, $("h2, h3", dialog));
    if (!dialog.open) dialog.showModal();
    document.dispatchEvent(new CustomEvent("academy:opened", { detail: dialog }));
    const first = $("[autofocus]", dialog) || $("input:not([type=hidden]), textarea", dialog);
    if (first) first.focus(); else A.focusOn(title);
  }
  function named(dialog, title) {
    if (!title) return null;
    title.id = `${dialog.id}-title`;
    dialog.setAttribute("aria-labelledby", title.id);
    return title;
  }
  function left(opener) {
    document.body.append(holder("ac-toasts"));
    A.returnFocus(opener);
  }
  function closeDialog() { const dialog = document.getElementById("ac-dialog"); if (dialog?.open) dialog.close(); }
  function confirmed(question, label) {
    return new Promise((done) => {
      const opener = document.activeElement;
      const dialog = holder("ac-confirm", "dialog"), text = document.createElement("p"), row = document.createElement("div"), no = document.createElement("button"), yes = document.createElement("button");
      text.textContent = question;
      no.textContent = texts.no; yes.textContent = label.trim();
      no.className = "ac-btn"; yes.className = "ac-btn ac-btn-danger";
      row.className = "ac-row ac-row-end";
      row.append(no, yes);
      dialog.replaceChildren(text, row);
      dialog.setAttribute("role", "alertdialog");
      named(dialog, text);
      let answer = false;
      yes.onclick = () => { answer = true; dialog.close(); };
      no.onclick = () => dialog.close();
      dialog.onclick = (event) => { if (event.target === dialog) dialog.close(); };
      dialog.onclose = () => { left(opener); done(answer); };
      dialog.showModal();
      no.focus();
    });
  }

  // ------------------------------------------------------------------ start

  A.attach = (server) => {
    A.server = server;
    // The first poll waits for the regions of the tab, which Gradio draws some time after the line at the top, so that it is the only one.
    const begin = async () => {
      while (!$('#ac-tabs [role="tablist"]')) await wait(10);
      history.replaceState(null, "", address());
      A.tabs();
      showTab(A.state.tab);
      while (!$('#ac-tabs > [role="tabpanel"] [data-live]')) await wait(10);
      setState({}, { push: false });
    };
    begin();
  };
  // A refusal may be below the visible part.
  A.reveal = (el) => setTimeout(() => { if ($(".ac-notice-bad", el)) el.scrollIntoView({ behavior: motion(), block: "nearest" }); }, 60);
  const theme = (() => { try { return localStorage.getItem("academy.theme"); } catch { return null; } })();
  if (theme) {
    const apply = () => { document.body.classList.toggle("dark", theme === "dark"); document.documentElement.classList.toggle("dark", theme === "dark"); };
    for (const moment of [0, 100, 400, 1000]) setTimeout(apply, moment);
  }
})();
