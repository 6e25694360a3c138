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
   * @param {NameSource} model
   * @param {FoundName} name
   * @param {number} temperature
   */
  constructor(model, name, temperature) {
    this.model = model;
    this.name = name;
    this.temperature = temperature;
    this.prefixes = prefixesOf(model, name);
    this.label = model.roots[name.start].label;
    this.lastStep = this.prefixes.length - 1; // the step that draws the end
    this.requestedLetters = this.prefixes.length - name.numbers.length; // they weren't drawn
    this.step = 0;
    /** @type {number | null} */
    this.timer = null;
    byId("watch").hidden = false;
    this.#showHint();
    this.#showPlaying();
    this.#goTo(0);
  }

  get isPlaying() {
    return this.timer !== null;
  }

  togglePlaying() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  /** Play the name from the current step on, or from the start after its end. */
  play() {
    if (this.step === this.lastStep) this.#goTo(0);
    if (this.lastStep === 0) return;
    this.timer = setInterval(() => this.#playStep(), MILLISECONDS_PER_STEP);
    this.#showPlaying();
  }

  #playStep() {
    this.#goTo(this.step + 1);
    if (this.step === this.lastStep) this.pause();
  }

  pause() {
    clearInterval(this.timer ?? undefined);
    this.timer = null;
    this.#showPlaying();
  }

  #showPlaying() {
    byId("play").classList.toggle("playing", this.isPlaying);
    byId("play-label").textContent = this.isPlaying ? "Pause" : "Play";
  }

  /**
   * Go to the step that the reader chose, and announce it.
   * @param {number} step
   */
  stopAt(step) {
    this.pause();
    this.#goTo(step);
    announce(byId("sentence").textContent ?? "");
  }

  /** @param {number} step */
  #goTo(step) {
    this.step = Math.max(0, Math.min(this.lastStep, step));
    const current = this.#stepAt(this.step);
    buttonById("step-first").disabled = this.step === 0;
    buttonById("step-back").disabled = this.step === 0;
    buttonById("step-on").disabled = this.step === this.lastStep;
    this.#showTiles();
    this.#showSentence(current);
    this.#showBars(current);
    this.#showStrip(current);
    this.#showMemory(current.prefix);
  }

  /**
   * @param {number} step
   * @returns {WatchStep}
   */
  #stepAt(step) {
    const prefix = this.prefixes[step];
    const isRequested = step < this.requestedLetters;
    return {
      prefix,
      probabilities: prefix.probabilities(this.temperature || 1), // temperature 0 takes the most likely of these
      chosenId: this.#chosenIdAt(step),
      number: isRequested ? null : this.name.numbers[step - this.requestedLetters],
    };
  }

  /** @param {number} step */
  #chosenIdAt(step) {
    return this.name.tokens[step] ?? END_TOKEN;
  }

  #showHint() {
    const isBlend = this.model.parts.length > 1;
    const hint = isBlend
      ? "At each step, both networks give each character a probability. A random number picks one by the weighted mean."
      : "At each step, the network gives each character a probability, and a random number picks one.";
    const filterHint = " Most names drawn this way are discarded, because their score is too low.";
    byId("watch-hint").textContent = this.name.isScored ? hint + filterHint : hint;
  }

  #showTiles() {
    const steps = Array.from({ length: this.step + 1 }, (_, step) => step);
    byId("tiles").replaceChildren(...steps.map((step) => this.#createTile(step)));
  }

  /** @param {number} step */
  #createTile(step) {
    const letter = this.#letterOf(this.#chosenIdAt(step));
    const button = createElement("button", { type: "button", className: "tile" }, letter);
    button.classList.toggle("requested", step < this.requestedLetters);
    if (step === this.step) button.setAttribute("aria-current", "step");
    button.addEventListener("click", () => {
      this.stopAt(step);
      byId("tiles").lastElementChild?.querySelector("button")?.focus();
    });
    return createElement("li", {}, button);
  }

  /** @param {WatchStep} step */
  #showSentence({ prefix, probabilities, chosenId, number }) {
    const letter = chosenId === END_TOKEN ? "the end of the name" : this.#letterOf(chosenId);
    const probability = `, which has a probability of ${percentText(probabilities[chosenId])}.`;
    byId("sentence").replaceChildren(...this.#whereText(prefix), ", ", ...this.#howText(number), letter, probability);
  }

  /** @param {Prefix} prefix */
  #whereText(prefix) {
    if (prefix.length > 0) return ["After ", quoteText(prefix.text)];
    if (this.label === null) return ["At the start"];
    return ["At the start of a name with the label ", quoteText(labelText(this.label))];
  }

  /** @param {number | null} number */
  #howText(number) {
    if (number === null) return ["you asked for "];
    if (this.temperature === 0) return ["the most likely choice is "];
    return ["the random number ", createElement("b", {}, number.toFixed(4)), " falls on "];
  }

  /** @param {WatchStep} step */
  #showBars({ probabilities, chosenId }) {
    const ids = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a] || a - b);
    const shownIds = ids.slice(0, MOST_BARS);
    if (!shownIds.includes(chosenId)) shownIds[shownIds.length - 1] = chosenId;
    const bars = shownIds.map((id) =>
      createBar(this.#letterOf(id), probabilities[id], id === chosenId ? "chosen" : ""),
    );
    const others = ids.length - shownIds.length;
    const shownProbability = shownIds.reduce((sum, id) => sum + probabilities[id], 0);
    if (others > 0) bars.push(createBarOfOthers(others, Math.max(0, 1 - shownProbability)));
    byId("bars").replaceChildren(...bars);
  }

  /**
   * Show the probabilities in the order of the ids, in which they are added up, and the random number as a needle.
   * @param {WatchStep} step
   */
  #showStrip({ probabilities, chosenId, number }) {
    let sum = 0;
    const parts = Array.from(probabilities, (probability, id) => {
      const part = this.#createPart(id, sum, probability, id === chosenId);
      sum += probability;
      return part;
    });
    const hasNeedle = number !== null && this.temperature !== 0;
    byId("strip").replaceChildren(...parts, ...(hasNeedle ? [createNeedle(number)] : []));
  }

  /**
   * @param {number} id
   * @param {number} start from 0 to 1
   * @param {number} probability
   * @param {boolean} isChosen
   */
  #createPart(id, start, probability, isChosen) {
    const part = createElement("span", { className: isChosen ? "part chosen" : "part" });
    part.style.left = `${100 * start}%`;
    part.style.width = `${100 * probability}%`;
    if (probability > LEAST_LABELED_SHARE) part.append(this.#letterOf(id));
    return part;
  }

  /**
   * Show the hidden state of each layer: what the network remembers of the letters.
   * @param {Prefix} prefix
   */
  #showMemory(prefix) {
    const { network, parts } = this.model;
    byId("memory").replaceChildren(...network.hiddenStates(prefix.state).map(createUnitRow));
    byId("memory-heading").textContent = parts.length > 1 ? "What the networks remember" : "What the network remembers";
    byId("memory-hint").textContent = this.#memoryHint();
  }

  #memoryHint() {
    const { widths } = this.model.network;
    const rows = widths.length > 1 ? ", one row per layer" : "";
    const hasMoreStates = this.model.parts.some((part) => part.description.formula.states > 1);
    const sentences = [`The hidden state: ${widths.join(" and ")} numbers from −1 to 1${rows}.`];
    sentences.push(hasMoreStates ? "The cell state isn’t shown." : "The network remembers nothing else.");
    if (Math.max(...widths) > MOST_UNITS) sentences.push(`The first ${MOST_UNITS} of each row are shown.`);
    return sentences.join(" ");
  }

  /**
   * Create an element for a character. Characters that would be invisible are named.
   * @param {number} id
   */
  #letterOf(id) {
    if (id === END_TOKEN) return createElement("span", { className: "end" }, "end");
    const character = this.model.characters[id];
    const isInvisible = /[\p{C}\p{Z}]/u.test(character);
    if (isInvisible) return createElement("span", { className: "end" }, nameOfInvisible(character));
    const isMark = /\p{M}/u.test(character);
    const text = isMark ? `\u25cc${character}` : character; // a circle for the mark
    return createElement("bdi", { className: "character", translate: false }, text);
  }
}

/**
 * Return the prefixes of a name, from the empty one on.
 * @param {NameSource} model
 * @param {FoundName} name
 */
function prefixesOf(model, name) {
  const prefixes = [model.roots[name.start].prefix];
  for (const token of name.tokens) prefixes.push(prefixes[prefixes.length - 1].extend(token));
  return prefixes;
}

/** @param {string} text */
function quoteText(text) {
  return createElement("bdi", { className: "quoted", translate: false }, text);
}

/** @param {string} character */
function nameOfInvisible(character) {
  if (/[ \u00a0\u3000]/.test(character)) return "space";
  const code = Number(character.codePointAt(0)).toString(16);
  return `U+${code.toUpperCase().padStart(4, "0")}`;
}

/**
 * @param {HTMLElement} letter
 * @param {number} probability
 * @param {string} className
 */
function createBar(letter, probability, className) {
  const fill = createElement("span", { className: "fill" });
  fill.style.width = `${100 * probability}%`;
  const bar = createElement(
    "li",
    { className },
    createElement("span", { className: "label" }, letter),
    createElement("span", { className: "track" }, fill),
    createElement("span", { className: "percent" }, percentText(probability)),
  );
  if (className === "chosen") bar.append(createElement("span", { className: "hidden" }, "drawn"));
  return bar;
}

/**
 * @param {number} count
 * @param {number} probability of all of them together
 */
function createBarOfOthers(count, probability) {
  const text = count === 1 ? "1 other" : `${withCommas(count)} others together`;
  return createBar(createElement("span", {}, text), probability, "others");
}

/** @param {number} number from 0 to 1 */
function createNeedle(number) {
  const needle = createElement("span", { className: "needle" });
  needle.style.left = `${100 * number}%`;
  return needle;
}

/** @param {Float64Array} hiddenState of a layer */
function createUnitRow(hiddenState) {
  const units = Array.from(hiddenState.subarray(0, MOST_UNITS), (value) => {
    const unit = createElement("i", { className: value < 0 ? "negative" : "positive" });
    unit.style.opacity = Math.abs(value).toFixed(2);
    return createElement("span", {}, unit);
  });
  return createElement("div", { className: "units" }, ...units);
}

/** @param {number} probability */
function percentText(probability) {
  const percent = 100 * probability;
  if (percent > 0 && percent < 0.1) return "<0.1%";
  const digits = percent > 99.95 ? 0 : 1;
  return `${percent.toFixed(digits)}%`;
}
