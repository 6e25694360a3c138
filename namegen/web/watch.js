// The view of one name, letter by letter: the probabilities of what comes next, and what the random number picks.

const MOST_BARS = 8;
const MOST_UNITS = 64;
const MILLISECONDS_PER_STEP = 1100;
const LEAST_LABELED_SHARE = 0.045; // narrower parts of the strip have no room for a letter

/**
 * One step of a name. `number` is the random number; null for a letter that the reader asked for.
 * @typedef {{prefix: Prefix, probabilities: Float64Array, chosenId: number, number: number | null}} WatchStep
 */

class Watch {
  /**
   * @param {Search} search
   * @param {FoundName} name
   */
  constructor(search, name) {
    this.model = search.model;
    this.name = name;
    this.temperature = search.request.temperature;
    /** From the empty prefix on. */
    this.prefixes = [this.model.roots[name.label].prefix];
    for (const token of name.tokens) this.prefixes.push(this.prefixes[this.prefixes.length - 1].extend(token));
    this.lastStep = name.tokens.length; // the step that draws the end
    this.requestedLetters = this.prefixes.length - name.numbers.length; // they weren't drawn
    this.step = 0;
    /** @type {number | undefined} */
    this.timer = undefined;
    const isBlend = this.model.parts.length > 1;
    const hint = isBlend
      ? "At each step, both networks give each character a probability. A random number picks one by the weighted mean."
      : "At each step, the network gives each character a probability, and a random number picks one.";
    const isScored = search.isFiltered && name.isNew !== false; // known names aren't scored
    const filterHint = isScored ? " Most names drawn this way are discarded, because their score is too low." : "";
    byId("watch-hint").textContent = hint + filterHint;
    byId("watch").hidden = false;
    this.pause();
    this.#goTo(0);
  }

  togglePlaying() {
    if (this.timer === undefined) this.play();
    else this.pause();
  }

  /** Play the name from the current step on, or from the start after its end. */
  play() {
    if (this.step === this.lastStep) this.#goTo(0);
    this.timer = setInterval(() => {
      this.#goTo(this.step + 1);
      if (this.step === this.lastStep) this.pause();
    }, MILLISECONDS_PER_STEP);
    byId("play").classList.add("playing");
    byId("play-label").textContent = "Pause";
  }

  pause() {
    clearInterval(this.timer);
    this.timer = undefined;
    byId("play").classList.remove("playing");
    byId("play-label").textContent = "Play";
  }

  /**
   * Go to the step that the reader chose, and announce it.
   * @param {number} step
   */
  stopAt(step) {
    this.pause();
    this.#goTo(step);
    announce(byId("sentence").textContent);
  }

  /** @param {number} step */
  #goTo(step) {
    this.step = Math.max(0, Math.min(this.lastStep, step));
    const prefix = this.prefixes[this.step];
    const isRequested = this.step < this.requestedLetters;
    const current = {
      prefix,
      probabilities: prefix.probabilities({ temperature: this.temperature || 1 }), // 0 takes the most likely of these
      chosenId: this.#chosenIdAt(this.step),
      number: isRequested ? null : this.name.numbers[this.step - this.requestedLetters],
    };
    byId("step-first").disabled = this.step === 0;
    byId("step-back").disabled = this.step === 0;
    byId("step-on").disabled = this.step === this.lastStep;
    this.#showTiles();
    this.#showSentence(current);
    this.#showBars(current);
    this.#showStrip(current);
    this.#showMemory(prefix);
  }

  /** @param {number} step */
  #chosenIdAt(step) {
    return this.name.tokens[step] ?? END_TOKEN;
  }

  #showTiles() {
    const tiles = Array.from({ length: this.step + 1 }, (_, step) => {
      const letter = this.#letterOf(this.#chosenIdAt(step));
      const button = createElement("button", { type: "button", className: "tile" }, letter);
      button.classList.toggle("requested", step < this.requestedLetters);
      if (step === this.step) button.setAttribute("aria-current", "step");
      button.addEventListener("click", () => {
        this.stopAt(step);
        byId("tiles").lastElementChild.firstElementChild.focus();
      });
      return createElement("li", {}, button);
    });
    byId("tiles").replaceChildren(...tiles);
  }

  /** @param {WatchStep} step */
  #showSentence({ prefix, probabilities, chosenId, number }) {
    const quote = (/** @type {string} */ text) => createElement("bdi", { className: "quoted", translate: false }, text);
    const { label } = this.model.startTokens[this.name.label];
    /** @type {(Node | string)[]} */
    let where = ["At the start"];
    if (prefix.length > 0) where = ["After ", quote(prefix.text)];
    else if (label !== null) where = ["At the start of a name with the label ", quote(labelText(label))];
    /** @type {(Node | string)[]} */
    let how = ["you asked for "];
    if (number !== null) {
      how = ["the random number ", createElement("b", {}, number.toFixed(4)), " falls on "];
      if (this.temperature === 0) how = ["the most likely choice is "];
    }
    const letter = chosenId === END_TOKEN ? "the end of the name" : this.#letterOf(chosenId);
    const probability = `, which has a probability of ${percentText(probabilities[chosenId])}.`;
    byId("sentence").replaceChildren(...where, ", ", ...how, letter, probability);
  }

  /** @param {WatchStep} step */
  #showBars({ probabilities, chosenId }) {
    const ids = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a] || a - b);
    const shownIds = ids.slice(0, MOST_BARS);
    if (!shownIds.includes(chosenId)) shownIds[MOST_BARS - 1] = chosenId;
    const bars = shownIds.map((id) =>
      createBar(this.#letterOf(id), probabilities[id], id === chosenId ? "chosen" : ""),
    );
    const others = ids.length - shownIds.length;
    if (others > 0) {
      const probability = 1 - shownIds.reduce((sum, id) => sum + probabilities[id], 0);
      const text = others === 1 ? "1 other" : `${withCommas(others)} others together`;
      bars.push(createBar(text, Math.max(0, probability), "others"));
    }
    byId("bars").replaceChildren(...bars);
  }

  /**
   * Show the probabilities in the order of the ids, in which they are added up, and the random number as a needle.
   * @param {WatchStep} step
   */
  #showStrip({ probabilities, chosenId, number }) {
    let sum = 0;
    const parts = Array.from(probabilities, (probability, id) => {
      const part = createElement("span", { className: id === chosenId ? "part chosen" : "part" });
      part.style.left = `${100 * sum}%`;
      part.style.width = `${100 * probability}%`;
      if (probability > LEAST_LABELED_SHARE) part.append(this.#letterOf(id));
      sum += probability;
      return part;
    });
    if (number !== null && this.temperature !== 0) {
      const needle = createElement("span", { className: "needle" });
      needle.style.left = `${100 * number}%`;
      parts.push(needle);
    }
    byId("strip").replaceChildren(...parts);
  }

  /**
   * Show the hidden state of each layer: what the network remembers of the letters.
   * @param {Prefix} prefix
   */
  #showMemory(prefix) {
    const { network } = this.model;
    const rows = network.hiddenStates(prefix.output.state).map((hiddenState) => {
      const units = Array.from(hiddenState.subarray(0, MOST_UNITS), (value) => {
        const unit = createElement("i", { className: value < 0 ? "negative" : "positive" });
        unit.style.opacity = Math.abs(value).toFixed(2);
        return createElement("span", {}, unit);
      });
      return createElement("div", { className: "units" }, ...units);
    });
    byId("memory").replaceChildren(...rows);
    const limit = Math.max(...network.widths) > MOST_UNITS ? ` The first ${MOST_UNITS} of a layer are shown.` : "";
    byId("memory-hint").textContent = `The hidden state: ${network.widths.join(" and ")} numbers from −1 to 1.${limit}`;
  }

  /**
   * Create an element for a character. Characters that would be invisible are named.
   * @param {number} id
   */
  #letterOf(id) {
    const character = this.model.characters[id];
    if (id === END_TOKEN) return createElement("span", { className: "end" }, "end");
    if (/[\p{C}\p{Z}]/u.test(character)) return createElement("span", { className: "end" }, "space");
    const text = /\p{M}/u.test(character) ? `\u25cc${character}` : character; // a circle for a mark
    return createElement("bdi", { className: "character", translate: false }, text);
  }
}

/**
 * @param {Node | string} letter
 * @param {number} probability
 * @param {string} className
 */
function createBar(letter, probability, className) {
  const texts = { ".percent": percentText(probability), ".hidden": className === "chosen" ? "drawn" : "" };
  const bar = copyTemplate("bar-item", texts);
  bar.className = className;
  bar.querySelector(".label").append(letter);
  bar.querySelector(".fill").style.width = `${100 * probability}%`;
  return bar;
}

/** @param {number} probability */
function percentText(probability) {
  const percent = 100 * probability;
  if (percent > 0 && percent < 0.1) return "<0.1%";
  return `${percent.toFixed(percent > 99.95 ? 0 : 1)}%`;
}
