// The chat in the browser: sends questions, draws replies as they come, holds the reader's position, keeps the choices, attaches a file.
(() => {
  "use strict";
  const A = window.academy;
  if (!A || A.chat) return;
  const $ = (id) => document.getElementById(id);
  const HELD_MS = 3000; // a stream that says nothing for so long has ended
  const MOST_CHARS = 100000, MOST_BYTES = 1000000;
  const KEY = "academy.choices";
  let stream = { chat: null, at: 0 }, atEnd = true, position = 0, file = null, sent = null, ready = false;

  const open = () => A.state.chat || "";
  const stored = () => { try { return JSON.parse(localStorage.getItem(KEY) || "{}") || {}; } catch { return {}; } };
  const store = (values) => { try { localStorage.setItem(KEY, JSON.stringify({ ...stored(), ...values })); } catch { /* it lasts as long as the page */ } };
  const answering = () => `${A.state.active || ""}/${A.state.who || ""}`;
  // What is half typed outlives a reload, in this tab.
  const DRAFT = "academy.question";
  const typed = (text) => { try { sessionStorage.setItem(DRAFT, text); } catch { /* it lasts as long as the page */ } };
  const draft = () => { try { return sessionStorage.getItem(DRAFT) || ""; } catch { return ""; } };
  document.addEventListener("input", (event) => { if (event.target.closest("#chat-question")) typed(event.target.value); });
  function put(text) {
    const box = $("chat-question")?.querySelector("textarea");
    if (!box) return;
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
  function goOn(tries = 100) { // Gradio draws the box some time after it asks for what is kept
    if (!draft()) return;
    if ($("chat-question")?.querySelector("textarea")) put(draft()); else if (tries) setTimeout(goOn, 50, tries - 1);
  }
  const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((n) => n.toString(16).padStart(2, "0")).join("");

  A.chat = {
    // ---------------------------------------------------------------- questions and replies
    send() {
      const box = $("chat-question")?.querySelector("textarea");
      if (!box?.value.trim()) return;
      if (!open()) A.setState({ chat: newId() }, { push: "replace" });
      sent = file; setFile(null);
      typed("");
      atEnd = true;
      A.chat.ask({ how: "send", file: sent });
    },
    ask(data) {
      const { who = "", beside = "" } = A.state;
      A.trigger?.("ask", { chat: open(), ...data, who, beside, compare: !!A.state.compare, blind: !!A.state.blind, think: document.querySelector("#chat-think input")?.checked ?? null });
    },
    // A part of a reply; true with the last one, after which the page goes on as usual.
    draw(part) {
      stream = { chat: part.id, at: part.done ? 0 : performance.now() };
      if (part.done && part.failed && sent && !file) setFile(sent);
      if (part.done) sent = null;
      if (open() === part.id) {
        const past = document.querySelector('[data-live="chat_turns"]'), now = $("chat-stream");
        if (past && "turns" in part) { A.keepingFocus(past, () => A.morph(past, part.turns)); past.dataset.version = ""; }
        if (now && "now" in part) { A.morph(now, part.now); now.dataset.chat = part.id; }
        follow();
      }
      return !!part.done;
    },
    // While a reply comes, the turns above it are those that the stream drew.
    holds: (region) => region === "chat_turns" && stream.chat === open() && performance.now() - stream.at < HELD_MS && stream.at > 0,
    drawn(region) {
      if (region === "chat_turns") follow();
      if (region === "chips") compareAnswerers(document.querySelector("#ac-top [data-active]")?.dataset ?? {});
    },
    opened() {
      const { compare, preset } = A.state; // undefined: the page has not read yet what is stored
      if (compare !== undefined) store({ compare });
      if (preset !== undefined) store({ preset });
      $("chat-grid")?.classList.toggle("is-compared", !!A.state.compare);
      back();
      const now = $("chat-stream"), list = $("chat-list");
      if (now && (now.dataset.chat || "") !== open()) { now.replaceChildren(); now.dataset.chat = open(); atEnd = true; list?.classList.remove("is-open"); }
    },

    // ---------------------------------------------------------------- who answers and how
    choose(change) {
      A.setState(change, { push: false });
      if ("who" in change) answerers(false);
    },
    preset(name) {
      if ((name || "") === (A.state.preset || "")) return;
      A.setState({ preset: name || "" }, { push: false });
      A.trigger?.("presets", { preset: A.state.preset, apply: true });
    },
    // The fields say that they changed as soon as they are drawn, before what is stored was read.
    keep(at, value) {
      if (!ready) return;
      const how = Object.assign([], stored().how, { [at]: value });
      store(at ? { how } : { how, of: answering() });
    },
    kept() {
      const { who = "", beside = "" } = A.state, { how = null, of = "", compare = false, preset = "" } = stored();
      if (how && of !== answering()) how[0] = null; // whether to remember follows who answers
      ready = true;
      goOn();
      A.state.preset = preset;
      A.state.compare = compare;
      return [JSON.stringify({ who, beside, how, compare, preset })];
    },
  };
  // Another adapter is active, wherever it was activated: the chat moves to it. Others were made, renamed or deleted: the choices name them.
  function compareAnswerers({ active = "", known = "" }) {
    const before = { active: A.state.active, known: A.known };
    const moved = before.active !== undefined && before.active !== active;
    A.known = known;
    if (before.active !== active) A.setState(moved ? { active, who: "" } : { active }, { push: false });
    if (moved || (before.known !== undefined && before.known !== known)) answerers(moved);
  }
  function answerers(set) {
    const { who = "", beside = "base", compare = false } = A.state;
    A.trigger?.("answerers", { who, beside, compare, set });
  }

  // ------------------------------------------------------------------ the reader's position

  function follow() {
    const log = $("chat-log");
    if (log && atEnd) log.scrollTop = log.scrollHeight;
    showJump();
  }
  function showJump() {
    const jump = $("chat-jump"), log = $("chat-log");
    if (jump && log) jump.hidden = atEnd || log.scrollHeight <= log.clientHeight;
  }
  document.addEventListener("scroll", (event) => {
    const log = event.target;
    if (log.id !== "chat-log" || !log.clientHeight) return;
    atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 8;
    position = log.scrollTop;
    showJump();
  }, true);
  // A hidden tab forgets its position, and a narrower page has longer texts.
  const back = () => requestAnimationFrame(() => {
    const log = $("chat-log");
    if (!log?.clientHeight) return;
    if (!atEnd) log.scrollTop = position;
    follow();
  });
  addEventListener("resize", () => { if (atEnd) requestAnimationFrame(() => { atEnd = true; follow(); }); });

  // ------------------------------------------------------------------ a text file

  function setFile(next) {
    file = next;
    const place = $("chat-file");
    if (!place) return;
    place.replaceChildren();
    if (!file) return;
    const chip = document.createElement("span"), name = document.createElement("span"), away = document.createElement("button");
    chip.className = "ac-file-chip";
    name.className = "ac-cut";
    name.textContent = `${file.name} · ${A.texts.characters.replace("{n}", file.text.length.toLocaleString(A.language))}`;
    away.type = "button"; away.textContent = "×";
    away.setAttribute("aria-label", A.texts.detach.replace("{name}", file.name));
    away.onclick = () => setFile(null);
    chip.append(name, away);
    place.append(chip);
  }
  async function attach(chosen) {
    const refuse = (text) => A.toast({ kind: "bad", text: text.replace("{name}", chosen.name).replace("{n}", MOST_CHARS.toLocaleString(A.language)) });
    if (chosen.size > MOST_BYTES) { refuse(A.texts.file_long); return; }
    const bytes = await chosen.arrayBuffer();
    let text;
    try { text = new TextDecoder("utf-8", { fatal: true }).decode(bytes); } catch { text = new TextDecoder("windows-1252").decode(bytes); }
    if (/[\0-\x08\x0e-\x1a]/.test(text)) { refuse(A.texts.file_binary); return; }
    if (!text.trim()) { refuse(A.texts.file_empty); return; }
    if (text.length > MOST_CHARS) { refuse(A.texts.file_long); return; }
    setFile({ name: chosen.name.slice(0, 200), text });
    $("chat-question")?.querySelector("textarea")?.focus();
  }
  document.addEventListener("change", (event) => {
    if (event.target.id !== "chat-chooser" || !event.target.files.length) return;
    attach(event.target.files[0]);
    event.target.value = "";
  });
  document.addEventListener("drop", (event) => {
    if (event.target.closest?.("#chat-main") && event.dataTransfer?.files.length) attach(event.dataTransfer.files[0]);
  });

  Object.assign(A.does, {
    suggested(el) { put(el.dataset.text); requestAnimationFrame(() => A.chat.send()); },
    attach() { $("chat-chooser")?.click(); },
    chat_end() { atEnd = true; follow(); },
    chats(el) { el.setAttribute("aria-expanded", $("chat-list")?.classList.toggle("is-open") ?? false); },
    unpin() { A.setState({ who: "" }, { push: false }); answerers(true); },
  });
})();
