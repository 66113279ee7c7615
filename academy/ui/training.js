// The Training tab in the browser: values under the pointer, the plot as a picture, refused settings at their field, and the ends of jobs.
(() => {
  "use strict";
  const A = window.academy;
  if (!A || A.hear) return;
  const texts = A.texts;
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // ------------------------------------------------------------------ the plot: values under the pointer

  const FULL = 100000;
  const clock = (seconds) => {
    const s = Math.round(seconds), two = (n) => String(n).padStart(2, "0");
    return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  };
  const words = (value, kind) => {
    if (kind === "loss" || kind === "eval_loss") return value < 0.001 ? value.toPrecision(2) : value.toFixed(3);
    if (kind === "learning_rate") return String(Number(value.toPrecision(2)));
    return value >= 100 ? Math.round(value).toLocaleString(A.language) : String(Number(value.toPrecision(3)));
  };
  // The points of a path, read once for each drawing.
  const read = new WeakMap();
  function points(path) {
    const drawn = path.getAttribute("d");
    let known = read.get(path);
    if (known?.drawn !== drawn) {
      known = { drawn, points: [...drawn.matchAll(/[ML](\d+) (\d+)/g)].map((found) => [Number(found[1]), Number(found[2])]) };
      read.set(path, known);
    }
    return known.points;
  }
  function nearest(area, selector, at, most = FULL) {
    const path = $(selector, area);
    let best = null;
    for (const point of path ? points(path) : []) if (!best || Math.abs(point[0] - at) < Math.abs(best[0] - at)) best = point;
    return best && Math.abs(best[0] - at) <= most ? best : null;
  }
  function tip(area, at) {
    const { right, low, high, scale, x: over, y: kind } = area.dataset;
    const value = (y) => { const place = Number(high) - (y / FULL) * (high - low); return scale === "log" ? 10 ** place : place; };
    const names = all(".ac-legend .key", area.closest(".ac-plot")).map((el) => el.textContent);
    let where = null;
    const rows = [];
    for (let index = 0; index < 6; index += 1) {
      const strong = nearest(area, `.smooth.c${index}`, at, index ? FULL / 50 : FULL);
      const raw = nearest(area, `.raw.c${index}`, at, FULL / 50), held = nearest(area, `.dot.c${index}`, at, FULL / 40);
      if (!strong && !held) continue;
      where ??= (strong || held)[0];
      const parts = strong ? [words(value(strong[1]), kind)] : [];
      if (raw && strong) parts.push(`${texts.raw} ${words(value(raw[1]), kind)}`);
      if (held) parts.push(`${texts.eval} ${words(value(held[1]), kind)}`);
      const row = document.createElement("div"), name = document.createElement("span");
      row.className = `key c${index}`;
      name.textContent = names[index] && names.length > 1 ? names[index] : area.dataset.label;
      row.append(name, document.createTextNode(` ${parts.join(" · ")}`));
      rows.push(row);
    }
    if (where === null) return;
    const head = document.createElement("div"), step = (where / FULL) * Number(right);
    head.textContent = over === "time" ? clock(step) : `${over === "step" ? texts.step : over} ${Math.round(step).toLocaleString(A.language)}`;
    const box = $(".tip", area);
    if (!box) return; // the plot is just being drawn again
    box.replaceChildren(head, ...rows);
    $(".cross", area).style.left = `${where / (FULL / 100)}%`;
    box.classList.toggle("is-left", where > FULL / 2);
    box.style.left = `${where / (FULL / 100)}%`;
    area.classList.add("is-over");
  }
  document.addEventListener("pointermove", (event) => {
    const area = event.target.closest?.(".ac-plot-area[data-right]");
    if (!area) { all(".ac-plot-area.is-over").forEach((el) => el.classList.remove("is-over")); return; }
    const box = area.getBoundingClientRect();
    tip(area, Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * FULL);
  });
  document.addEventListener("click", (event) => {
    for (const el of all(".ac-picker[open]")) if (!el.contains(event.target)) el.removeAttribute("open");
  });
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && $(".ac-picker[open]");
    if (open) { open.removeAttribute("open"); $("summary", open).focus(); }
  });

  // ------------------------------------------------------------------ the plot as a picture

  // Draws what is visible once more on a canvas: the paths with their computed colours, then the labels and the legend.
  function picture(plot) {
    const scale = 2, box = plot.getBoundingClientRect(), canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
    const edge = 24, head = 28, width = box.width + 2 * edge, height = box.height + head + 40;
    canvas.width = width * scale; canvas.height = height * scale;
    pen.scale(scale, scale);
    pen.fillStyle = getComputedStyle(plot.closest(".ac-card")).backgroundColor;
    pen.fillRect(0, 0, width, height);
    const base = getComputedStyle(plot), { label = "", x: over = "" } = $("[data-right]", plot)?.dataset || {};
    const title = $("#training-live h2")?.textContent || "";
    pen.fillStyle = base.color; pen.textBaseline = "middle";
    pen.font = `600 14px ${base.fontFamily}`; pen.fillText(title, edge, 20);
    // What is drawn, beside the title; over what, below.
    pen.font = `12px ${base.fontFamily}`; pen.textAlign = "right"; pen.fillText(label, width - edge, 20);
    pen.textAlign = "center"; pen.fillText(over, width / 2, height - 14); pen.textAlign = "left";
    pen.translate(edge, head);
    const svg = $("svg", plot), frame = svg.getBoundingClientRect();
    const fit = new DOMMatrix([frame.width / FULL, 0, 0, frame.height / FULL, frame.left - box.left, frame.top - box.top + 6]);
    for (const el of all("path", svg)) {
      const style = getComputedStyle(el), path = new Path2D();
      path.addPath(new Path2D(el.getAttribute("d")), fit);
      pen.strokeStyle = style.stroke; pen.lineWidth = parseFloat(style.strokeWidth); pen.globalAlpha = parseFloat(style.opacity);
      pen.lineCap = "round"; pen.lineJoin = "round";
      pen.setLineDash(style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(",").map(parseFloat));
      pen.stroke(path);
    }
    pen.globalAlpha = 1; pen.setLineDash([]); pen.textBaseline = "middle";
    for (const el of [...all(".x, .y", plot), ...all(".ac-legend > span", plot)]) {
      const at = el.getBoundingClientRect(), style = getComputedStyle(el), mark = getComputedStyle(el, "::before");
      const y = at.top - box.top + at.height / 2 + 6, key = el.closest(".ac-legend");
      if (key) { pen.fillStyle = mark.backgroundColor === "rgba(0, 0, 0, 0)" ? style.color : mark.backgroundColor; pen.fillRect(at.left - box.left, y - 2, 12, 3); }
      pen.fillStyle = style.color; pen.font = `${style.fontSize} ${style.fontFamily}`; pen.textAlign = el.matches(".y") ? "right" : "left";
      pen.fillText(el.textContent, el.matches(".y") ? at.right - box.left - 8 : at.left - box.left + (key ? 20 : 0), y + (el.matches(".x") ? 2 : 0));
    }
    return canvas;
  }
  A.does.png = (el) => {
    const plot = $(".ac-plot", el.closest(".ac-card"));
    if (!$("svg", plot)) return;
    const link = document.createElement("a");
    link.href = picture(plot).toDataURL("image/png");
    link.download = `${el.dataset.name}.png`;
    link.click();
  };

  // ------------------------------------------------------------------ refused settings, each at its field

  const resolved = (field) => {
    for (const el of all(".ac-field-problem", field)) el.remove();
    for (const el of all("[aria-invalid]", field)) { el.removeAttribute("aria-invalid"); el.removeAttribute("aria-describedby"); }
  };
  const fieldOf = (el) => el?.closest?.('#training-form :is([id^="set-"], [id^="train-"])');
  document.addEventListener("input", (event) => { const field = fieldOf(event.target); if (field) resolved(field); });
  // While a plan is on its way, the advice says so, and what stood against the changed field is gone.
  A.planning = (on) => {
    const advice = document.getElementById("train-advice");
    advice?.classList.toggle("is-working", on);
    advice?.setAttribute("aria-busy", on);
    if (on) resolved(fieldOf(document.activeElement) || document.getElementById("training-form") || document.body);
    else setTimeout(() => A.problems(advice), 0); // the same answer as before is not drawn again
  };
  // The advice names them; here they are shown where they can be repaired. They go when the advice no longer names them.
  A.problems = (element) => {
    const named = JSON.parse($("[data-problems]", element)?.dataset.problems || "{}");
    resolved(document.getElementById("training-form") || document.body);
    for (const [id, sentence] of Object.entries(named)) {
      const field = document.getElementById(id), words = document.createElement("div"), input = $("input, textarea", field || document.body);
      if (!field) continue;
      words.className = "ac-field-problem"; words.id = `${id}-problem`; words.textContent = sentence;
      field.append(words);
      input?.setAttribute("aria-invalid", "true");
      input?.setAttribute("aria-describedby", words.id);
    }
  };
  // Leads to the first thing that stands against a training: a field, in opened settings, or a notice. A plan on its way draws them again.
  const lead = (waits) => {
    if (waits && $("#train-advice.is-working")) { setTimeout(() => lead(waits - 1), 100); return; }
    const all_settings = document.getElementById("all-settings"), found = () => $("#training-form .ac-field-problem");
    const folded = found() && all_settings?.contains(found()) && !found().offsetParent;
    if (folded) $("button", all_settings)?.click();
    setTimeout(() => {
      const problem = found(), at = problem || $("#training-form .ac-notice-bad, #training-form .ac-notice-warn");
      at?.scrollIntoView({ behavior: A.motion(), block: "center" });
      if (problem) $("input, textarea", problem.parentElement)?.focus({ preventScroll: true });
    }, folded ? 350 : 50);
  };
  A.does.repair = () => lead(100);

  // ------------------------------------------------------------------ the ends of jobs

  const KEY = "academy.open";
  const remembered = () => { try { return JSON.parse(sessionStorage.getItem(KEY) || "[]"); } catch { return []; } };
  let before = remembered(), news = "";
  A.open = before;
  A.hear = ({ open = [], title = "" }) => {
    const gone = before.filter((job) => !open.includes(job));
    if (open.join() !== before.join()) { try { sessionStorage.setItem(KEY, JSON.stringify(open)); } catch { /* it lasts as long as the page */ } }
    A.open = before = open;
    document.title = news && !open.length ? news : title || document.title;
    for (const job of gone) A.act("job.ended", { job });
  };
  // What was begun here is told even if it ends before the next poll.
  A.expect = (job) => { if (!before.includes(job)) A.open = before = [...before, job]; };
  A.ended = ({ mark, name, text, hint }) => {
    news = `${mark} ${name} · ${texts.app}`;
    document.title = news;
    if (document.hidden && document.documentElement.dataset.notify === "granted") {
      const told = new Notification(`${mark} ${text}`, { body: hint, tag: name });
      told.onclick = () => { window.focus(); told.close(); };
    }
  };
  // The news stays in the title until the person is here.
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => { if (!document.hidden) news = ""; }, true);
  const SILENT = "academy.silent";
  const silent = () => { try { return localStorage.getItem(SILENT) === "1"; } catch { return false; } };
  const mayNotify = () => {
    const allowed = window.Notification?.permission || "none";
    document.documentElement.dataset.notify = allowed === "granted" && silent() ? "off" : allowed;
  };
  mayNotify();
  const setSilent = (on) => { try { localStorage.setItem(SILENT, on ? "1" : ""); } catch { /* the browser keeps nothing */ } mayNotify(); };
  A.does.unnotify = () => { setSilent(true); A.toast({ kind: "good", text: texts.unnotified }); };
  A.does.notify = async () => {
    const allowed = window.Notification ? await Notification.requestPermission() : "denied";
    setSilent(false);
    A.toast(allowed === "granted" ? { kind: "good", text: texts.notified } : { kind: "bad", text: texts.not_notified });
  };
})();
