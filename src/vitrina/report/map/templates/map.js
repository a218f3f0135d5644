"use strict";
// Draws the map on a canvas. Everything it needs is in this page: #works (JSON) and the sheets of thumbnails (img).
(() => {
  const byId = (id) => document.getElementById(id);
  const works = JSON.parse(byId("works").textContent);
  const canvas = byId("map"), stage = byId("stage"), card = byId("card"), lens = byId("lens");
  const query = byId("query"), found = byId("found"), fade = byId("fade"), lines = byId("lines");
  const pen = canvas.getContext("2d"), glass = lens.getContext("2d");
  const sheets = { large: [...document.querySelectorAll("img.large")], small: [...document.querySelectorAll("img.small")] };
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

  const n = works.n;
  const places = new Uint16Array(bytes(works.places).buffer);
  const boxes = bytes(works.boxes), colours = bytes(works.colours), present = bytes(works.present);
  const x = new Float32Array(n), y = new Float32Array(n), wide = new Float32Array(n), tall = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    x[i] = works.low[0] + (places[2 * i] / 65535) * works.extent[0];
    y[i] = works.low[1] + (places[2 * i + 1] / 65535) * works.extent[1];
    wide[i] = boxes[2 * i] / 255;
    tall[i] = boxes[2 * i + 1] / 255;
  }
  const group = works.sets.map((set) => set.role === "group");
  const shown = works.sets.map(() => true);
  const setsOf = new Map(); // work -> numbers of the sets it belongs to
  works.sets.forEach((set, s) => set.works.forEach((i) => setsOf.set(i, [...(setsOf.get(i) || []), s])));

  // --- The view: zoom 1 shows everything; (cx, cy) is the place in the middle.
  const MARGIN = 24, MARKED = 1.3;
  const middle = [works.low[0] + works.extent[0] / 2, works.low[1] + works.extent[1] / 2];
  let zoom = 1, [cx, cy] = middle, width = 1, height = 1, dots = 1, selected = -1, pointed = -1, waiting = false, flight = 0;
  let theme = {};
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const fit = () => Math.min(
    Math.max(width - 2 * MARGIN, 40) / (works.extent[0] + works.side), Math.max(height - 2 * MARGIN, 40) / (works.extent[1] + works.side));
  const scale = () => fit() * zoom;
  const tileSide = () => Math.min(works.side * scale(), works.largest);
  const most = () => Math.max(8, (4 * works.largest) / (works.side * fit()));
  const across = (i) => (x[i] - cx) * scale() + width / 2;
  const down = (i) => (y[i] - cy) * scale() + height / 2;

  const readTheme = () => {
    const style = getComputedStyle(document.documentElement);
    for (const role of ["paper", "wash", "line", "mark", "ink", "accent"]) theme[role] = style.getPropertyValue("--" + role).trim();
    theme.rgb = [1, 3, 5].map((i) => parseInt(theme.paper.slice(i, i + 2), 16));
  };
  const colourOf = (s) => theme[works.sets[s].colour] || works.sets[s].colour;
  const later = () => {
    if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw(); }); }
  };

  // --- Tiles.
  const tile = (to, i, left, top, w, h, pixels) => {
    if (!present[i]) {
      to.fillStyle = theme.wash;
      to.fillRect(left, top, w, h);
      to.strokeStyle = theme.mark;
      to.lineWidth = 1;
      if (w > 4) to.strokeRect(left + 0.5, top + 0.5, w - 1, h - 1);
      return;
    }
    const small = sheets.small.length && Math.max(w, h) * pixels <= works.sides.small * 1.25;
    const side = small ? works.sides.small : works.sides.large, pages = small ? sheets.small : sheets.large;
    const columns = Math.floor(works.sheet / side), each = columns * columns, sheet = pages[Math.floor(i / each)], at = i % each;
    if (sheet && sheet.complete && sheet.naturalWidth) {
      const sw = Math.max(1, Math.round(wide[i] * side)), sh = Math.max(1, Math.round(tall[i] * side));
      to.drawImage(sheet, (at % columns) * side, Math.floor(at / columns) * side, sw, sh, left, top, w, h);
    } else {
      to.fillStyle = `rgb(${colours[3 * i]} ${colours[3 * i + 1]} ${colours[3 * i + 2]})`;
      to.fillRect(left, top, w, h);
    }
  };
  // From very far, a work is a spot of its mean colour: pixels are written directly, 100,000 works in a few milliseconds.
  const spots = (side, strength) => {
    const image = pen.createImageData(canvas.width, canvas.height), data = new Uint32Array(image.data.buffer);
    const little = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
    const k = scale() * dots, ox = (width * dots) / 2 - cx * k, oy = (height * dots) / 2 - cy * k;
    const [pr, pg, pb] = theme.rgb;
    for (let i = 0; i < n; i++) {
      const w = Math.max(1, Math.round(wide[i] * side * dots)), h = Math.max(1, Math.round(tall[i] * side * dots));
      const left = Math.round(x[i] * k + ox - w / 2), top = Math.round(y[i] * k + oy - h / 2);
      if (left + w < 0 || top + h < 0 || left >= canvas.width || top >= canvas.height) continue;
      const own = strength < 1 && emphasised(i) ? 1 : strength;
      const r = pr + (colours[3 * i] - pr) * own, g = pg + (colours[3 * i + 1] - pg) * own, b = pb + (colours[3 * i + 2] - pb) * own;
      const colour = little ? (255 << 24) | (b << 16) | (g << 8) | r : (r << 24) | (g << 16) | (b << 8) | 255;
      for (let row = Math.max(top, 0); row < Math.min(top + h, canvas.height); row++) {
        data.fill(colour, row * canvas.width + Math.max(left, 0), row * canvas.width + Math.min(left + w, canvas.width));
      }
    }
    pen.putImageData(image, 0, 0);
  };
  const activeSets = (i) => (setsOf.get(i) || []).filter((s) => shown[s]);
  const emphasised = (i) => activeSets(i).length > 0;

  // --- Marked works are drawn larger, and moved off each other where they would overlap.
  let parted = { key: "", list: [] };
  const markedSide = () => Math.min(Math.max(tileSide() * MARKED, Math.min(28, 8 + width / 40)), works.largest * MARKED);
  const badge = () => Math.min(5.5, Math.max(3.5, markedSide() * 0.2));
  const marked = () => {
    const key = `${shown} ${scale()} ${width}`;
    if (parted.key === key) return parted.list;
    const side = markedSide(), k = scale(), gap = badge() + 2, list = [];
    for (const [i] of setsOf) {
      const own = activeSets(i).filter((s) => !group[s]);
      if (own.length) list.push({ i, own, dx: 0, dy: 0, w: wide[i] * side, h: tall[i] * side });
    }
    for (let round = 0; round < 40; round++) {
      let moved = false;
      for (let a = 0; a < list.length; a++) {
        for (let b = a + 1; b < list.length; b++) {
          const p = list[a], q = list[b];
          const gx = (x[q.i] - x[p.i]) * k + q.dx - p.dx, gy = (y[q.i] - y[p.i]) * k + q.dy - p.dy;
          const ox = (p.w + q.w) / 2 + gap - Math.abs(gx), oy = (p.h + q.h) / 2 + gap - Math.abs(gy);
          if (ox <= 0.5 || oy <= 0.5) continue;
          moved = true;
          if (ox < oy) { const d = ((gx < 0 ? -1 : 1) * ox) / 2; p.dx -= d; q.dx += d; }
          else { const d = ((gy < 0 ? -1 : 1) * oy) / 2; p.dy -= d; q.dy += d; }
        }
      }
      if (!moved || list.length > 400) break;
    }
    list.sort((p, q) => q.own[0] - p.own[0]); // the history, the first set, comes last: on top
    parted = { key, list };
    return list;
  };
  const shape = (to, s, px, py, radius) => {
    const corners = works.sets[s].corners;
    to.beginPath();
    if (corners.length) corners.forEach(([dx, dy]) => to.lineTo(px + dx * radius, py + dy * radius));
    else to.arc(px, py, radius, 0, 2 * Math.PI);
    to.closePath();
    to.lineJoin = "round";
    to.lineWidth = 0.65 * radius;
    to.strokeStyle = theme.paper;
    to.stroke();
    to.fillStyle = colourOf(s);
    to.fill();
  };
  const frame = (left, top, w, h, colour, thick) => {
    pen.strokeStyle = colour;
    pen.lineWidth = thick;
    pen.strokeRect(left - thick / 2, top - thick / 2, w + thick, h + thick);
  };

  const draw = () => {
    const side = tileSide(), k = scale(), strength = fade && fade.checked ? works.faded : 1;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = theme.paper;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingQuality = "medium";
    if (side * dots < 6) {
      spots(side, strength);
      pen.setTransform(dots, 0, 0, dots, 0, 0);
    } else {
      pen.setTransform(dots, 0, 0, dots, 0, 0);
      const ox = width / 2 - cx * k, oy = height / 2 - cy * k;
      const paint = (wanted) => {
        for (let i = 0; i < n; i++) {
          const px = x[i] * k + ox, py = y[i] * k + oy;
          if (px < -side || py < -side || px > width + side || py > height + side) continue;
          if (wanted !== null && emphasised(i) !== wanted) continue;
          tile(pen, i, px - (wide[i] * side) / 2, py - (tall[i] * side) / 2, wide[i] * side, tall[i] * side, dots);
        }
      };
      if (strength < 1) { // one veil over all that fade: veiled one by one, they would show through each other
        paint(false);
        pen.globalAlpha = 1 - strength;
        pen.fillStyle = theme.paper;
        pen.fillRect(0, 0, width, height);
        pen.globalAlpha = 1;
        paint(true);
      } else paint(null);
    }
    const thin = Math.max(1, Math.min(3, side * 0.07));
    works.sets.forEach((set, s) => {
      if (!group[s] || !shown[s]) return;
      for (const i of set.works) {
        const px = across(i), py = down(i);
        if (px < -side || py < -side || px > width + side || py > height + side) continue;
        frame(px - (wide[i] * side) / 2 + thin, py - (tall[i] * side) / 2 + thin, wide[i] * side - 2 * thin, tall[i] * side - 2 * thin, colourOf(s), thin);
        if (side >= 30) shape(pen, s, px - (wide[i] * side) / 2 + 7, py - (tall[i] * side) / 2 + 7, 4.5);
      }
    });
    const list = marked(), radius = badge(), thick = radius * 0.45;
    if (lines && lines.checked) drawLines(list);
    for (const m of list) {
      const left = across(m.i) + m.dx - m.w / 2, top = down(m.i) + m.dy - m.h / 2;
      if (left > width + 40 || top > height + 40 || left + m.w < -40 || top + m.h < -40) continue;
      tile(pen, m.i, left, top, m.w, m.h, dots);
      const around = (layers, colour, width) =>
        frame(left - thick * layers, top - thick * layers, m.w + 2 * thick * layers, m.h + 2 * thick * layers, colour, width);
      m.own.forEach((s, j) => around(j, colourOf(s), thick));
      around(m.own.length, theme.paper, 1);
      m.own.forEach((s, j) => shape(pen, s, left + j * 2.4 * radius, top, radius));
    }
    if (selected >= 0) drawSelected(list);
    canvas.dataset.zoom = zoom.toFixed(3);
    canvas.dataset.selected = String(selected);
  };
  const drawLines = (list) => {
    const moved = new Map(list.map((m) => [m.i, m]));
    pen.lineWidth = 1.25;
    for (const [pick, liked, s] of works.links) {
      const a = moved.get(pick), b = moved.get(liked);
      if (!a || !b || !shown[s]) continue;
      pen.strokeStyle = colourOf(s);
      pen.beginPath();
      pen.moveTo(across(pick) + a.dx, down(pick) + a.dy);
      pen.lineTo(across(liked) + b.dx, down(liked) + b.dy);
      pen.stroke();
    }
  };
  const drawSelected = (list) => {
    const m = list.find((entry) => entry.i === selected);
    const side = m ? Math.max(m.w / wide[selected], 60) : Math.min(Math.max(tileSide() * 1.2, 60), works.largest * 1.2);
    const w = wide[selected] * side, h = tall[selected] * side;
    const left = across(selected) + (m ? m.dx : 0) - w / 2, top = down(selected) + (m ? m.dy : 0) - h / 2;
    frame(left - 3, top - 3, w + 6, h + 6, theme.paper, 3);
    tile(pen, selected, left, top, w, h, dots);
    frame(left, top, w, h, theme.accent, 3);
    activeSets(selected).forEach((s, j) => shape(pen, s, left + j * 13, top, 5.5));
  };

  // --- Finding the work at a point, or the one nearest to it.
  const workAt = (px, py) => {
    const list = marked();
    for (let j = list.length - 1; j >= 0; j--) {
      const m = list[j];
      if (Math.abs(across(m.i) + m.dx - px) <= m.w / 2 + 4 && Math.abs(down(m.i) + m.dy - py) <= m.h / 2 + 4) return m.i;
    }
    const side = tileSide(), slack = Math.max(0, (12 - side) / 2);
    let best = -1, least = Infinity;
    for (let i = n - 1; i >= 0; i--) {
      const dx = Math.abs(across(i) - px), dy = Math.abs(down(i) - py);
      if (dx > (wide[i] * side) / 2 + slack || dy > (tall[i] * side) / 2 + slack) continue;
      if (side >= 12) return i; // later works are painted over earlier ones
      if (dx + dy < least) { least = dx + dy; best = i; }
    }
    return best;
  };
  const nearest = (px, py) => {
    let best = -1, least = Infinity;
    for (let i = 0; i < n; i++) {
      const d = (across(i) - px) ** 2 + (down(i) - py) ** 2;
      if (d < least) { least = d; best = i; }
    }
    return best;
  };

  // --- The label.
  const put = (name, text) => { card.querySelector(name).textContent = text || ""; };
  const select = (i) => {
    if (i === selected) return;
    selected = i;
    card.dataset.empty = String(i < 0);
    const of = (column) => (i < 0 ? "" : works.labels[column][i] || "");
    put(".work-title", of("title"));
    put(".work-artist", of("artist"));
    put(".work-facts", [of("year"), of("medium")].filter(Boolean).join(", "));
    put(".work-price", of("price"));
    put(".work-id", i < 0 || of("id") === of("title") ? "" : of("id"));
    const marks = card.querySelector(".work-marks");
    marks.replaceChildren(...(i < 0 ? [] : setsOf.get(i) || []).map((s) => {
      const line = document.createElement("li"), swatch = document.querySelector(`[data-set="${s}"] + .swatch`);
      if (swatch) line.append(swatch.cloneNode(true));
      line.append(works.sets[s].name);
      return line;
    }));
    drawLens();
    later();
  };
  const drawLens = () => {
    const i = selected, side = Math.min(256, Math.max(works.largest, 96));
    if (i < 0) { lens.width = lens.height = 1; return; }
    const w = Math.max(1, Math.round(wide[i] * side)), h = Math.max(1, Math.round(tall[i] * side));
    lens.width = w * dots;
    lens.height = h * dots;
    lens.style.aspectRatio = `${w} / ${h}`;
    lens.style.width = `${w}px`;
    glass.setTransform(dots, 0, 0, dots, 0, 0);
    glass.imageSmoothingQuality = "high";
    tile(glass, i, 0, 0, w, h, dots);
  };

  // --- Moving.
  const bounded = () => {
    zoom = Math.min(Math.max(zoom, 1), most());
    for (const axis of [0, 1]) {
      // Any work can be brought to the middle; at zoom 1 the map stays there.
      const slack = (works.extent[axis] / 2) * Math.min(1, 2 * (zoom - 1));
      const value = Math.min(Math.max(axis ? cy : cx, middle[axis] - slack), middle[axis] + slack);
      if (axis) cy = value; else cx = value;
    }
    later();
  };
  const zoomAt = (factor, px, py) => {
    cancelAnimationFrame(flight);
    const k = scale(), mx = cx + (px - width / 2) / k, my = cy + (py - height / 2) / k;
    zoom = Math.min(Math.max(zoom * factor, 1), most());
    cx = mx - (px - width / 2) / scale();
    cy = my - (py - height / 2) / scale();
    bounded();
  };
  const fly = (tx, ty, tz) => {
    cancelAnimationFrame(flight);
    const from = [cx, cy, Math.log(zoom)], to = [tx, ty, Math.log(Math.min(Math.max(tz, 1), most()))];
    const start = performance.now(), lasts = calm.matches ? 0 : 350;
    const move = (now) => {
      const t = lasts ? Math.min(1, Math.max(0, (now - start) / lasts)) : 1, eased = 1 - (1 - t) ** 3;
      [cx, cy] = [0, 1].map((a) => from[a] + (to[a] - from[a]) * eased);
      zoom = Math.exp(from[2] + (to[2] - from[2]) * eased);
      bounded();
      if (t < 1) flight = requestAnimationFrame(move);
    };
    move(start);
  };
  const lookAt = (i) => {
    select(i);
    fly(x[i], y[i], Math.max(zoom, Math.min(72, works.largest) / (works.side * fit())));
  };
  const wholeMap = () => fly(middle[0], middle[1], 1);

  // --- Pointer: drag, pinch, hover, tap.
  const held = new Map();
  let travelled = 0;
  const local = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    cancelAnimationFrame(flight);
    if (!held.size) travelled = 0;
    held.set(event.pointerId, local(event));
    canvas.classList.add("dragged");
  });
  canvas.addEventListener("pointermove", (event) => {
    const [px, py] = local(event), before = held.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") hover(px, py);
      return;
    }
    if (held.size === 1) {
      travelled += Math.abs(px - before[0]) + Math.abs(py - before[1]);
      if (travelled > 4) { cx -= (px - before[0]) / scale(); cy -= (py - before[1]) / scale(); bounded(); }
    } else if (held.size === 2) {
      travelled = Infinity;
      const other = [...held].find(([id]) => id !== event.pointerId)[1];
      const length = (p) => Math.max(8, Math.hypot(p[0] - other[0], p[1] - other[1]));
      cx -= (px - before[0]) / 2 / scale();
      cy -= (py - before[1]) / 2 / scale();
      zoomAt(length([px, py]) / length(before), (px + other[0]) / 2, (py + other[1]) / 2);
    }
    held.set(event.pointerId, [px, py]);
  });
  const release = (event) => {
    const was = held.delete(event.pointerId);
    if (!held.size) canvas.classList.remove("dragged");
    if (was && event.type === "pointerup" && travelled <= 4) { pointed = workAt(...local(event)); select(pointed); }
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  const hover = (px, py) => {
    const i = workAt(px, py);
    canvas.classList.toggle("over", i >= 0);
    if (i >= 0) { pointed = i; select(i); }
  };
  canvas.addEventListener("dblclick", (event) => zoomAt(2, ...local(event)));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 18 : event.deltaMode === 2 ? 400 : 1;
    zoomAt(Math.exp(-Math.max(-240, Math.min(240, event.deltaY * unit)) * (event.ctrlKey ? 0.01 : 0.002)), ...local(event));
  }, { passive: false });

  // --- Keyboard: the work nearest to the middle is the one looked at.
  const step = (dx, dy) => {
    const reach = Math.min(width, height) * 0.14;
    if (zoom < 1.05) zoom = 1.5;
    cancelAnimationFrame(flight);
    cx += (dx * reach) / scale();
    cy += (dy * reach) / scale();
    bounded();
    select(nearest(width / 2, height / 2));
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
      "+": () => zoomAt(1.4, width / 2, height / 2), "=": () => zoomAt(1.4, width / 2, height / 2),
      "-": () => zoomAt(1 / 1.4, width / 2, height / 2), _: () => zoomAt(1 / 1.4, width / 2, height / 2),
      0: wholeMap, Home: wholeMap, Enter: () => lookAt(selected >= 0 ? selected : nearest(width / 2, height / 2)), Escape: () => select(-1),
    };
    if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
  });
  byId("in").addEventListener("click", () => zoomAt(1.6, width / 2, height / 2));
  byId("out").addEventListener("click", () => zoomAt(1 / 1.6, width / 2, height / 2));
  byId("whole").addEventListener("click", wholeMap);
  byId("close").addEventListener("click", () => select(-1));

  // --- Legend and lists.
  document.querySelectorAll("[data-set]").forEach((box) => box.addEventListener("change", () => {
    shown[Number(box.dataset.set)] = box.checked;
    later();
  }));
  for (const box of [fade, lines]) if (box) box.addEventListener("change", later);
  document.querySelectorAll("[data-work]").forEach((button) => button.addEventListener("click", () => {
    lookAt(Number(button.dataset.work));
    stage.scrollIntoView({ block: "nearest" });
  }));

  // --- Search: all words, anywhere in title, artist or id, accents and capitals aside.
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  let texts = null, hits = [], chosen = -1;
  const search = () => {
    texts = texts || works.labels.title.map((title, i) => plain([title, works.labels.artist[i], works.labels.id[i]].filter(Boolean).join(" ")));
    const words = plain(query.value).split(/\s+/).filter(Boolean);
    hits = [];
    if (words.length) {
      for (let i = 0; i < n && hits.length < 60; i++) if (words.every((word) => texts[i].includes(word))) hits.push(i);
      hits.sort((a, b) => texts[b].startsWith(words[0]) - texts[a].startsWith(words[0]) || a - b);
    }
    const total = hits.length;
    hits = hits.slice(0, 12);
    chosen = -1;
    const rows = hits.map((i, j) => {
      const row = document.createElement("li"), small = document.createElement("small");
      row.id = `hit-${j}`;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", "false");
      row.append(works.labels.title[i]);
      small.textContent = [works.labels.artist[i], works.labels.year[i]].filter(Boolean).join(", ");
      if (small.textContent) row.append(small);
      row.addEventListener("pointerdown", (event) => event.preventDefault());
      row.addEventListener("click", () => take(i));
      return row;
    });
    if (words.length && (!hits.length || total > hits.length)) {
      const note = document.createElement("li");
      note.className = "quiet small";
      note.textContent = hits.length ? "There are more; type more of the name." : "No work on the map has these words.";
      rows.push(note);
    }
    found.replaceChildren(...rows);
    open(rows.length > 0);
  };
  const open = (yes) => {
    found.hidden = !yes;
    query.setAttribute("aria-expanded", String(yes));
    if (!yes) query.removeAttribute("aria-activedescendant");
  };
  const choose = (j) => {
    if (!hits.length) return;
    chosen = (j + hits.length) % hits.length;
    hits.forEach((_, at) => byId(`hit-${at}`).setAttribute("aria-selected", String(at === chosen)));
    query.setAttribute("aria-activedescendant", `hit-${chosen}`);
    byId(`hit-${chosen}`).scrollIntoView({ block: "nearest" });
  };
  const take = (i) => {
    open(false);
    query.value = works.labels.title[i];
    lookAt(i);
  };
  query.addEventListener("input", search);
  query.addEventListener("focus", () => { if (query.value) search(); });
  query.addEventListener("blur", () => open(false));
  query.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (found.hidden) search();
      choose(chosen < 0 && event.key === "ArrowUp" ? hits.length - 1 : chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && hits.length && !found.hidden) {
      event.preventDefault();
      take(hits[Math.max(chosen, 0)]);
    } else if (event.key === "Escape") open(false);
  });

  // --- Beginning.
  const resize = () => {
    width = Math.max(1, stage.clientWidth);
    height = Math.max(1, stage.clientHeight);
    dots = Math.min(window.devicePixelRatio || 1, 2);
    canvas.width = Math.round(width * dots);
    canvas.height = Math.round(height * dots);
    bounded();
  };
  document.documentElement.classList.add("live");
  readTheme();
  resize();
  new ResizeObserver(resize).observe(stage);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readTheme(); drawLens(); later(); });
  [...sheets.small, ...sheets.large].forEach((sheet) => { if (!sheet.complete) sheet.addEventListener("load", () => { later(); drawLens(); }); });
})();
