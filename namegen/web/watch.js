// The view of one name being drawn: at each step, what may come next, and which of it the random number picks.

const SHOWN_BARS = 8;
const SHOWN_UNITS = 64;
const MILLISECONDS_PER_STEP = 1100;

class Watch {
  constructor() {
    this.timer = null;
    byId("step-first").addEventListener("click", () => this.stopAt(0));
    byId("step-back").addEventListener("click", () => this.stopAt(this.step - 1));
    byId("step-on").addEventListener("click", () => this.stopAt(this.step + 1));
    byId("play").addEventListener("click", () => (this.timer ? this.pause() : this.play()));
  }

  /** Look at one name of a search, from its first letter on. */
  show(model, found, temperature) {
    this.pause();
    Object.assign(this, { model, found, temperature });
    byId("watch").hidden = false;
    const [who, how] = model.parts.length > 1 ? ["every network", "by their weighted mean"] : ["the network", "one"];
    const hint = `At each step ${who} gives every character a probability, and a random number picks ${how}.`;
    const filter = " Most names drawn this way are discarded, as their score is too low.";
    byId("watch-hint").textContent = hint + (found.isScored ? filter : "");
    // The prefixes of the name, the empty one first: step k is drawn at the k-th of them.
    const { prefix, label } = model.roots[found.start];
    this.prefixes = [prefix];
    this.nameLabel = label;
    for (const token of found.tokens) this.prefixes.push(this.prefixes.at(-1).then(token));
    this.given = this.prefixes.length - found.numbers.length; // first letters that were asked for, not drawn
    this.go(0);
  }

  get lastStep() {
    return this.prefixes.length - 1; // where the boundary is drawn
  }

  play() {
    if (this.step === this.lastStep) this.go(0);
    const next = () => {
      this.go(this.step + 1);
      if (this.step === this.lastStep) this.pause();
    };
    this.timer = setInterval(next, MILLISECONDS_PER_STEP);
    this.showPlaying();
    if (this.lastStep === 0) this.pause();
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.showPlaying();
  }

  showPlaying() {
    byId("play").classList.toggle("playing", this.timer !== null);
    byId("play-label").textContent = this.timer ? "Pause" : "Play";
  }

  /** A step that somebody asked for: it is also spoken. */
  stopAt(step) {
    this.pause();
    this.go(step);
    announce(byId("sentence").textContent);
  }

  go(step) {
    this.step = Math.max(0, Math.min(this.lastStep, step));
    const prefix = this.prefixes[this.step];
    const chances = prefix.chances(this.temperature || 1); // temperature 0 takes the likeliest of these
    const chosen = this.found.tokens[this.step] ?? BOUNDARY;
    const number = this.step < this.given ? null : this.found.numbers[this.step - this.given];
    byId("step-first").disabled = byId("step-back").disabled = this.step === 0;
    byId("step-on").disabled = this.step === this.lastStep;
    this.showTiles();
    this.showSentence(prefix, chances, chosen, number);
    this.showBars(chances, chosen);
    this.showStrip(chances, chosen, number);
    this.showMemory(prefix);
  }

  showTiles() {
    const tiles = [];
    for (let step = 0; step <= this.step; step++) {
      const label = this.label(this.found.tokens[step] ?? BOUNDARY);
      const button = element("button", { type: "button", className: "tile" }, label);
      if (step < this.given) button.classList.add("given");
      if (step === this.step) button.setAttribute("aria-current", "step");
      button.addEventListener("click", () => {
        this.stopAt(step);
        byId("tiles").lastElementChild.firstElementChild.focus();
      });
      tiles.push(element("li", {}, button));
    }
    byId("tiles").replaceChildren(...tiles);
  }

  showSentence(prefix, chances, chosen, number) {
    const quoted = (text) => element("bdi", { className: "quoted", translate: false }, text);
    const start = this.nameLabel === null ? ["At the start"] : ["At the start of a name of ", quoted(labelText(this.nameLabel))];
    const before = this.step === 0 ? start : ["After ", quoted(prefix.text)];
    const what = chosen === BOUNDARY ? ["the end of the name"] : [this.label(chosen)];
    let how = [" the random number ", element("b", {}, (number ?? 0).toFixed(4)), " falls on "];
    if (this.temperature === 0) how = [" the likeliest is taken: "];
    if (number === null) how = [" you asked for "];
    const chance = `, which has the probability ${percentText(chances[chosen])}.`;
    byId("sentence").replaceChildren(...before, ...how, ...what, chance);
  }

  showBars(chances, chosen) {
    const order = [...chances.keys()].sort((a, b) => chances[b] - chances[a] || a - b);
    const shown = order.slice(0, SHOWN_BARS);
    if (!shown.includes(chosen)) shown[shown.length - 1] = chosen;
    const bars = shown.map((id) => this.bar(this.label(id), chances[id], id === chosen ? "chosen" : ""));
    const others = order.length - shown.length;
    if (others > 0) {
      const rest = Math.max(0, 1 - shown.reduce((sum, id) => sum + chances[id], 0));
      bars.push(this.bar(element("span", {}, `${others} other${others > 1 ? "s together" : ""}`), rest, "others"));
    }
    byId("bars").replaceChildren(...bars);
  }

  bar(label, chance, kind) {
    const fill = element("span", { className: "fill" });
    fill.style.width = `${100 * chance}%`;
    const item = element("li", { className: kind }, element("span", { className: "label" }, label));
    item.append(element("span", { className: "track" }, fill));
    item.append(element("span", { className: "percent" }, percentText(chance)));
    if (kind === "chosen") item.append(element("span", { className: "hidden" }, "drawn"));
    return item;
  }

  /** The probabilities in the order of the ids, as `draw` adds them up, and the random number as a needle. */
  showStrip(chances, chosen, number) {
    const parts = [];
    let sum = 0;
    chances.forEach((chance, id) => {
      const part = element("span", { className: id === chosen ? "part chosen" : "part" });
      part.style.left = `${100 * sum}%`;
      part.style.width = `${100 * chance}%`;
      sum += chance;
      if (chance > 0.045) part.append(this.label(id));
      parts.push(part);
    });
    if (number !== null && this.temperature !== 0) {
      const needle = element("span", { className: "needle" });
      needle.style.left = `${100 * number}%`;
      parts.push(needle);
    }
    byId("strip").replaceChildren(...parts);
  }

  /** The hidden state of each layer: what it keeps of the letters read. */
  showMemory(prefix) {
    const { network, parts } = this.model;
    const rows = network.hiddenStates(prefix.state).map((h) => {
      const row = element("div", { className: "units" });
      for (const value of h.subarray(0, SHOWN_UNITS)) {
        const unit = element("i", { className: value < 0 ? "negative" : "positive" });
        unit.style.opacity = Math.abs(value).toFixed(2);
        row.append(element("span", {}, unit));
      }
      return row;
    });
    byId("memory").replaceChildren(...rows);
    const { widths } = network;
    const cut = Math.max(...widths) > SHOWN_UNITS ? ` The first ${SHOWN_UNITS} of each are shown.` : "";
    const rule = widths.length > 1 ? ", one row for each layer" : "";
    const unseen = parts.some((part) => part.network.states > 1);
    const cell = unseen ? "Beside the cell state, which is not shown, n" : "N";
    byId("memory-heading").textContent = `What the ${parts.length > 1 ? "networks remember" : "network remembers"}`;
    byId("memory-hint").textContent =
      `The hidden state: numbers from −1 to 1, ${widths.join(" and ")} of them${rule}. ` +
      `${cell}othing else carries over from letter to letter.${cut}`;
  }

  /** A character as it can be seen: spaces, marks and controls too. */
  label(token) {
    if (token === BOUNDARY) return element("span", { className: "end" }, "end");
    const character = this.model.characters[token];
    const code = `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
    const name = /[ \u00a0\u3000]/.test(character) ? "space" : code;
    if (/[\p{C}\p{Z}]/u.test(character)) return element("span", { className: "end" }, name);
    const shown = /\p{M}/u.test(character) ? `\u25cc${character}` : character; // a mark needs something to sit on
    return element("bdi", { className: "character", translate: false }, shown);
  }
}

function percentText(chance) {
  const percent = 100 * chance;
  if (percent > 0 && percent < 0.1) return "<\u00a00.1\u00a0%";
  return `${percent.toFixed(percent > 99.95 ? 0 : 1)}\u00a0%`;
}
