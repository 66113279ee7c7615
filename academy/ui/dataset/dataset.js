// The Dataset tab in the browser: files that are brought, rows that are picked, tags that are chosen, and the draft of a lesson.
(() => {
  "use strict";
  const A = window.academy;
  if (!A || A.dataset) return;
  A.dataset = true;
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // ------------------------------------------------------------------ files: to the REST endpoints, ten at a time

  const send = (path, files, fields, progress) => new Promise((done) => {
    const form = new FormData(), request = new XMLHttpRequest();
    for (const [key, value] of Object.entries(fields)) form.append(key, value);
    for (const file of files) form.append("files", file, file.name);
    request.open("POST", path);
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onloadend = () => {
      let answer = null;
      try { answer = JSON.parse(request.responseText); } catch { /* reported below */ }
      if (request.status === 200 && answer) { done(answer); return; }
      const detail = answer && typeof answer.detail === "string" ? answer.detail : A.texts.unreachable;
      A.toast({ kind: "bad", text: detail });
      done(null);
    };
    request.send(form);
  });
  const targets = { lessons: ["api/v1/academy/lessons/import", "files.imported"], sources: ["api/v1/academy/dataset/upload", "files.uploaded"], documents: ["api/v1/academy/documents", "documents.taken"] };
  // `brought` waits for the choice between lessons and source; `sent` are the files of the last import, to read one again with other columns.
  // The columns of files that are not recognised are requested one by one, after the other files; one report covers all of them.
  let brought = [], sent = [], unmapped = [], mapping = null;
  async function bring(files) {
    brought = files;
    await A.act("files.choose", { names: JSON.stringify(files.map((file) => file.name)) });
  }
  async function mapNext() {
    mapping = unmapped.shift() || null;
    if (mapping) await A.act("files.map", { entry: JSON.stringify(mapping.done[mapping.index]) });
  }
  async function take(kind, files) {
    const zone = $("[data-drop-zone]"), label = $(".ac-drop-label", zone), words = label.textContent;
    const progress = (fraction) => { label.textContent = `${A.texts.sending} ${Math.round(100 * fraction)} %`; };
    zone.classList.add("is-taking");
    sent = files;
    try {
      const [path, report] = targets[kind], done = [];
      for (let i = 0; i < files.length; i += 10) {
        const answer = await send(path, files.slice(i, i + 10), {}, progress);
        answer?.files.forEach((entry, k) => {
          if (entry.unclear) unmapped.push({ kind, file: files[i + k], done, index: done.length });
          done.push(entry);
        });
      }
      if (done.length) await A.act(report, { files: JSON.stringify(done) });
      await mapNext();
    } finally {
      label.textContent = words;
      zone.classList.remove("is-taking");
    }
  }
  A.does.bring = async (el) => {
    const files = brought;
    brought = [];
    A.closeDialog();
    if (files.length) await take(el.dataset.kind, files);
  };
  A.does.clear = (el) => document.getElementById(el.dataset.target)?.replaceChildren();
  // The file is read again with one column as the tags: what the first reading added is taken away before.
  A.does.retag = async (el) => {
    const file = sent.find((item) => item.name === el.dataset.file);
    if (!file) return;
    el.disabled = true;
    if (!(await A.act("import.undo", { ids: JSON.stringify([el.dataset.import]) }))) return;
    const columns = { ...JSON.parse(el.dataset.mapping), tags: el.dataset.column };
    const answer = await send(targets.lessons[0], [file], { mapping: JSON.stringify(columns) }, () => {});
    if (answer) await A.act("files.imported", { files: JSON.stringify(answer.files) });
  };
  document.addEventListener("change", (event) => {
    const chooser = event.target.closest("input[data-drop]");
    if (!chooser) return;
    const files = [...chooser.files];
    chooser.value = "";
    if (files.length) bring(files);
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const zone = event.target.closest?.("[data-drop-zone]");
      all(".ac-drop.is-over").forEach((el) => el.classList.toggle("is-over", el === zone && kind === "dragover"));
      if (kind !== "dragleave" && event.dataTransfer?.types.includes("Files")) event.preventDefault(); // a missed drop must not leave the page
      if (!zone) return;
      zone.classList.toggle("is-over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) bring([...event.dataTransfer.files]);
    });
  }
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-mapping]");
    if (!form) return;
    event.preventDefault();
    const columns = Object.fromEntries([...new FormData(form)].filter(([, column]) => column));
    const mapped = mapping;
    mapping = null;
    A.closeDialog();
    if (!mapped) return;
    const [path, report] = targets[mapped.kind];
    const answer = await send(path, [mapped.file], { mapping: JSON.stringify(columns) }, () => {});
    if (answer) {
      mapped.done[mapped.index] = answer.files[0];
      await A.act(report, { files: JSON.stringify(mapped.done) });
    }
    await mapNext();
  });
  document.addEventListener("academy:closed", () => { if (mapping) mapNext(); }); // not now: on to the next file

  // ------------------------------------------------------------------ picking rows, choosing tags

  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target.closest("[data-pick]");
    if (!box) return;
    const boxes = all("[data-pick=one]"), ids = new Set(A.state.picked || []);
    const put = (el) => (box.checked ? ids.add(el.dataset.id) : ids.delete(el.dataset.id));
    if (box.dataset.pick === "page") boxes.forEach(put);
    else {
      const from = boxes.findIndex((el) => el.dataset.id === last), to = boxes.indexOf(box);
      if (event.shiftKey && from >= 0) boxes.slice(Math.min(from, to), Math.max(from, to) + 1).forEach(put);
      put(box);
      last = box.dataset.id;
    }
    A.setState({ picked: [...ids], picked_all: "" });
  });
  // By its name, not as the list was when the answer was asked for: others may have been picked since.
  document.addEventListener("academy:answer", ({ detail: { unpick } }) => {
    if (unpick) A.state.picked = (A.state.picked || []).filter((id) => id !== unpick);
  });
  document.addEventListener("change", (event) => {
    const el = event.target.closest("select[data-add]");
    if (!el || !el.value) return;
    const key = el.dataset.add, chosen = A.state[key] || [];
    const patch = { [key]: [...new Set([...chosen, el.value])] };
    if (el.dataset.reset) patch[el.dataset.reset] = 0;
    el.value = "";
    A.setState(patch);
  });

  // ------------------------------------------------------------------ making a dataset: what was refused before no longer holds

  const retract = () => document.getElementById("ds-answer")?.replaceChildren();
  document.addEventListener("input", (event) => { if (event.target.closest(".ac-view-make [data-bind]")) retract(); });
  document.addEventListener("click", (event) => { if (event.target.closest('[data-act="dataset.make"], [data-act="dataset.preview"]')) retract(); });

  // ------------------------------------------------------------------ the form of a lesson

  const form = () => $("#ac-dialog form[data-draft]");
  const key = (name) => `academy.draft.${name}`;
  const fieldsOf = (el) => JSON.stringify([...new FormData(el)]);
  const store = {
    get(name) { try { return localStorage.getItem(key(name)); } catch { return null; } },
    set(name, value) { try { localStorage.setItem(key(name), value); } catch { /* it lasts as long as the dialog */ } },
    drop(name) { try { localStorage.removeItem(key(name)); } catch { /* nothing was kept */ } },
  };
  let before = "", saved = false;
  function restore(el, kept) {
    const values = JSON.parse(kept);
    const pairs = values.filter(([name]) => name.startsWith("asked:")).length;
    while (all(".ac-turn-pair", el).length < pairs) addTurn(el);
    const turns = [...new Set(values.map(([name]) => name.split(":")[1]).filter(Boolean))];
    for (const [name, value] of values) {
      const [kind, number] = name.split(":");
      const field = number === undefined ? el.elements.namedItem(name) : $(`[name^="${kind}:"]`, all(".ac-turn-pair", el)[turns.indexOf(number)]);
      if (field && "value" in field) field.value = value;
      if (value && field?.closest("details")) field.closest("details").open = true;
    }
  }
  document.addEventListener("academy:opened", () => {
    const el = form();
    if (!el) return;
    before = fieldsOf(el);
    saved = false;
    const kept = store.get(el.dataset.draft);
    if (!kept || kept === before) return;
    restore(el, kept);
    $(".ac-draft", el).hidden = false;
  });
  document.addEventListener("input", (event) => {
    const el = event.target.closest("#ac-dialog form[data-draft]");
    if (el) store.set(el.dataset.draft, fieldsOf(el));
  });
  document.addEventListener("academy:answer", (event) => {
    if (!event.detail.drop_draft) return;
    store.drop(event.detail.drop_draft);
    saved = true;
  });
  document.addEventListener("academy:closed", (event) => {
    const el = $("form[data-draft]", event.detail);
    if (!el || saved || !store.get(el.dataset.draft) || fieldsOf(el) === before) return;
    const data = el.dataset.id ? { id: el.dataset.id } : {};
    A.toast({ text: A.texts.draft_kept, action: { label: A.texts.draft_go_on, act: "lesson.edit", data } });
  });
  A.does["draft.discard"] = (el) => {
    const name = el.closest("form").dataset.draft, id = el.closest("form").dataset.id;
    store.drop(name);
    A.act("lesson.edit", id ? { id } : {});
  };
  function addTurn(el) {
    const list = $(".ac-turns-edited", el), copied = $("template", el).content.cloneNode(true);
    const number = 1 + Math.max(-1, ...all("[name^='asked:']", list).map((field) => Number(field.name.split(":")[1])));
    for (const field of all("[name]", copied)) field.name = field.name.replace(/\d+$/, number);
    list.append(copied);
    return list.lastElementChild;
  }
  A.does["turn.add"] = (el) => $("textarea", addTurn(el.closest("form"))).focus();
  A.does["turn.remove"] = (el) => {
    const owner = el.closest("form");
    el.closest(".ac-turn-pair").remove();
    store.set(owner.dataset.draft, fieldsOf(owner));
    $("[data-do='turn.add']", owner).focus();
  };
  document.addEventListener("keydown", (event) => {
    const el = event.target.closest?.("#ac-dialog form");
    if (!el || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    el.requestSubmit((event.shiftKey && $("[name=next]", el)) || $(".ac-btn-primary", el));
  });
  // Enter accepts a wording as it was typed; the input of a Chinese or Japanese word ends with Enter too.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches?.(".ac-wording textarea")) return;
    event.preventDefault();
    $("[name=accept]", event.target.closest(".ac-row")).click();
  });
})();
