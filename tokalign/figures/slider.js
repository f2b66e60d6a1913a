/* Moves lambda in each slider of the page. Logits are linear in lambda, so nothing but lines is
   needed: `intercept + lambda * slope` is the package's own logit, rounded so that the order stays.

   The data, see slider_data.py, are {kinds: [[name, sign], ...],
   marks: {name: [how it is written, what it means]}, pairs}:
   pair   {name, backbone, embedder, k, lambdas, decimals: [of lambda, of a logit],
           marks: {name: place in lambdas}, tokens: [[string, slope, content], ...], texts}
   text   {parts: [between, word, between, ...], lines: [row, ...], own: [row, ...]}
   row    [token, intercept (own: logit), kind, [word, ...]] */
(() => {
  "use strict";

  // How long the reader must rest before the line for screen readers changes, in milliseconds.
  const REST = 600;
  const SVG = "http://www.w3.org/2000/svg";

  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const number = (value, decimals) => value.toFixed(decimals).replace("-", "−");
  const spoken = (value, decimals) => value.toFixed(decimals).replace("-", "minus ");
  const height = (element) => element.getBoundingClientRect().top;
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  // Sorting is stable, so equal logits stay in the order of the lines, which is that of the ids.
  const top = (pair, text, lambda) =>
    text.lines
      .map(([token, intercept, kind, words]) => {
        return { token, kind, words, logit: intercept + lambda * pair.tokens[token][1] };
      })
      .sort((a, b) => b.logit - a.logit)
      .slice(0, pair.k);

  const extent = (rows) => {
    const logits = rows.map((row) => row.logit);
    return [Math.min(0, ...logits), Math.max(0, ...logits)];
  };

  function start(root) {
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    const data = JSON.parse(part("data").textContent);
    const [range, said] = [part("range"), part("said")];
    let pair, text, own, tops, reach, shared, waiting;

    function choosePair(index) {
      const place = pair && range.value / (pair.lambdas.length - 1);
      const mark = pair ? markAt(+range.value) : "0";
      const shown = pair ? part("text").selectedIndex : 0;
      pair = data.pairs[index];
      const last = pair.lambdas.length - 1;
      range.max = last;
      // A mark stays that mark, since lambda has another unit in every pair.
      range.value = mark ? pair.marks[mark] ?? pair.marks["0"] : Math.round(place * last);
      part("text").replaceChildren(...pair.texts.map(({ parts }) => {
        const whole = [...parts.join("")];
        const cut = whole.length > 60 ? whole.slice(0, 60).join("") + "…" : whole.join("");
        return make("option", { textContent: cut });
      }));
      part("text").selectedIndex = Math.min(shown, pair.texts.length - 1);
      part("least").textContent = number(pair.lambdas[0], pair.decimals[0]);
      part("most").textContent = number(pair.lambdas[last], pair.decimals[0]);
      part("backbone").textContent = pair.backbone;
      part("embedder").textContent = pair.embedder;
      part("jumps").replaceChildren(...marks().map(([name, at]) => {
        const value = number(pair.lambdas[at], pair.decimals[0]);
        const [sign, meaning] = data.marks[name];
        const label = name === "0" ? sign : `${sign} = ${value}`;
        const button = make("button", { type: "button", title: meaning }, label);
        button.dataset.stop = at;
        button.addEventListener("click", () => { range.value = at; show(); });
        return button;
      }));
      chooseText();
    }

    // From the least lambda to the largest: [name, place].
    const marks = () => Object.entries(pair.marks).sort((a, b) => a[1] - b[1]);
    const markAt = (stop) => Object.keys(data.marks).find((name) => pair.marks[name] === stop);

    function chooseText() {
      text = pair.texts[part("text").selectedIndex];
      own = text.own.map(([token, logit, kind, words]) => ({ token, logit, kind, words }));
      shared = new Set(own.map((row) => row.token));
      tops = pair.lambdas.map((lambda) => top(pair, text, lambda));
      reach = extent(tops.flat());
      part("moved").replaceChildren();
      part("own").replaceChildren();
      drawHills();
      show();
    }

    // What is counted among the top tokens: each is in one of the first three, or in none.
    const has = (row) => pair.tokens[row.token][2];
    const counts = (rows) => {
      const count = (wanted) => rows.filter(wanted).length;
      return {
        literal: count((row) => has(row) && row.kind === 0),
        variant: count((row) => has(row) && row.kind === 1),
        empty: count((row) => !has(row)),
        shared: count((row) => shared.has(row.token)),
      };
    };

    function drawHills() {
      const last = tops.length - 1;
      const counted = tops.map(counts);
      const line = (height) => counted.map((count, i) => {
        const y = pair.k - height(count);
        return i ? `H${i - 0.5}V${y}` : `M0 ${y}`;
      }).join("") + `H${last}`;
      const area = (height) => `${line(height)}V${pair.k}H0Z`;
      const svg = document.createElementNS(SVG, "svg");
      svg.setAttribute("viewBox", `0 0 ${last} ${pair.k}`);
      svg.setAttribute("preserveAspectRatio", "none");
      // Each is drawn over the one before, so that they stand on one another.
      for (const [name, drawn] of Object.entries({
        grid: `M0 0H${last}M0 ${pair.k / 2}H${last}M0 ${pair.k}H${last}`,
        empty: area((count) => count.literal + count.variant + count.empty),
        variant: area((count) => count.literal + count.variant),
        literal: area((count) => count.literal),
        shared: line((count) => count.shared),
      })) {
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("class", `tokalign-slider-${name}`);
        path.setAttribute("d", drawn);
        svg.append(path);
      }
      const ticks = marks().map(([name, at], index) => {
        // The first stands left of its line, the others right: two marks are often close.
        const tick = make("span", { className: "tokalign-slider-tick" }, data.marks[name][0]);
        tick.classList.toggle("tokalign-slider-before", index === 0);
        tick.style.setProperty("--at", at / last);
        return tick;
      });
      const cursor = make("span", { className: "tokalign-slider-cursor" });
      const most = make("span", { className: "tokalign-slider-most" }, `top ${pair.k}`);
      part("hills").replaceChildren(svg, most, ...ticks, cursor);
    }

    function show() {
      const stop = +range.value;
      const lambda = pair.lambdas[stop];
      const rows = tops[stop];
      const mark = markAt(stop);
      part("lambda").textContent = number(lambda, pair.decimals[0]);
      part("meaning").textContent = mark ? data.marks[mark].join(": ") : "\u00a0";
      part("hills").style.setProperty("--cursor", stop / (tops.length - 1));
      range.setAttribute("aria-valuetext",
        spoken(lambda, pair.decimals[0]) + (mark ? `, ${data.marks[mark][1]}` : ""));
      for (const button of part("jumps").children)
        button.setAttribute("aria-pressed", +button.dataset.stop === stop);
      const seen = new Set(rows.map((row) => row.token));
      fill(part("moved"), rows, reach, shared);
      fill(part("own"), own, extent(own), seen);
      const matched = new Set(rows.flatMap((row) => row.words));
      part("words").replaceChildren(...text.parts.map((words, i) =>
        i % 2 && matched.has((i - 1) / 2) ? make("mark", { textContent: words }) : words));
      tell(rows, lambda);
    }

    function tell(rows, lambda) {
      const count = counts(rows);
      const item = (name, sign, words) => {
        const key = `tokalign-slider-sign tokalign-slider-${name}`;
        return make("span", { className: "tokalign-key" },
          make("span", { className: key, ariaHidden: "true" }, sign), " ",
          make("b", {}, `${count[name]}`), ` ${words}`);
      };
      part("score").replaceChildren(
        item("literal", data.kinds[0][1], "of the text"), " ",
        item("variant", data.kinds[1][1], "in another form"), " ",
        item("empty", "\u00a0", "stop words, signs"), " ",
        item("shared", "✓", "in both"),
      );
      // What nobody has moved yet is not announced.
      if (part("live").hidden) return;
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const first = rows.slice(0, 3).map((row) => pair.tokens[row.token][0]).join(", ");
        const line = `lambda ${spoken(lambda, pair.decimals[0])}: of ${rows.length} tokens, ` +
          `${count.literal} of the text, ${count.variant} in another form, ` +
          `${count.empty} stop words or signs, ${count.shared} shared with the embedder. ` +
          `First: ${first}.`;
        if (said.textContent !== line) said.textContent = line;
      }, REST);
    }

    function fill(body, rows, [least, most], other) {
      const before = new Map([...body.rows].map((row) => [+row.dataset.token, row]));
      const heights = new Map([...before].map(([token, row]) => [token, height(row)]));
      const share = (value) => `${(100 * value) / (most - least || 1)}%`;
      const filled = rows.map((row) => {
        const line = before.get(row.token) || newRow(row);
        const [bar, logit, both] = [...line.cells].slice(2);
        bar.firstChild.style.marginLeft = share(Math.min(row.logit, 0) - least);
        bar.firstChild.style.width = share(Math.abs(row.logit));
        logit.textContent = number(row.logit, pair.decimals[1]);
        const is = other.has(row.token);
        both.replaceChildren(is ? make("span", { ariaHidden: "true" }, "✓") : "",
          make("span", { className: "tokalign-hidden" }, is ? "shared" : "no"));
        return line;
      });
      body.replaceChildren(...filled);
      if (!still()) filled.forEach((line) => slide(line, heights.get(+line.dataset.token)));
    }

    function newRow({ token, kind }) {
      const [string, , content] = pair.tokens[token];
      const [name, sign] = data.kinds[kind];
      const bar = `tokalign-slider-bar tokalign-slider-${content ? name : "empty"}`;
      const line = make("tr", {},
        make("th", { scope: "row", title: string }, string,
          make("span", { className: "tokalign-hidden" }, content ? "" : " (stop word or sign)")),
        make("td", { className: `tokalign-${name}` },
          make("span", { ariaHidden: "true" }, sign), " ",
          make("span", { className: "tokalign-slider-word" }, name)),
        make("td", {}, make("span", { className: bar })),
        make("td"), make("td"));
      line.dataset.token = token;
      line.classList.toggle("tokalign-slider-plain", !content);
      return line;
    }

    // A row glides from where it was to its new place; one that comes in fades in.
    function slide(line, was) {
      const is = height(line);
      if (was === undefined) line.animate({ opacity: [0, 1] }, 200);
      else if (was !== is) {
        const moved = [{ transform: `translateY(${was - is}px)` }, { transform: "none" }];
        line.animate(moved, { duration: 180, easing: "ease-out" });
      }
    }

    part("pair").append(...data.pairs.map(({ name }) => make("option", { textContent: name })));
    part("pair").addEventListener("change", () => choosePair(part("pair").selectedIndex));
    part("text").addEventListener("change", chooseText);
    range.addEventListener("input", show);
    choosePair(0);
    part("live").hidden = false;
    part("static").hidden = true;
  }

  for (const root of document.querySelectorAll(".tokalign-slider:not([data-ready])")) {
    root.dataset.ready = "";
    start(root);
  }
})();
