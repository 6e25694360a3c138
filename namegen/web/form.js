// The form with the settings. page.html makes its controls from the table of options; their ids are the options' names.

const MANY_LABELS = 40; // from so many labels on, a search field shows some of them

/** The label menus: the model whose labels each of them shows. @type {Map<string, string | null>} */
const modelOfMenu = new Map();

/** The table of options, with the share of the second model. @type {Record<string, Option>} */
const CONTROLS = { ...Object.fromEntries(FORM_OPTIONS.map((name) => [name, OPTIONS[name]])), share: SHARE };

/** Show the current settings in the form. A field changes only if it must, so that the cursor stays. */
function fillForm() {
  /** @type {Record<string, any>} */
  const defaults = defaultsOfChoice();
  for (const [name, { type }] of Object.entries(CONTROLS)) {
    const control = byId(name);
    const value = /** @type {Record<string, any>} */ (settings)[name];
    const text = String(value ?? (type === "choice" ? defaults[name] : ""));
    if (type === "flag") control.checked = value;
    else if (control.value !== text) control.value = text;
    if (type === "count") control.placeholder = defaults[name] ?? "";
  }
  byId("unfiltered-field").hidden = !canFilterChoice();
  byId("allowSeen-field").hidden = chosenModels().some(({ metadata }) => metadata.known_names === null);
  fillModelMenu();
  fillLabels("label", settings.model, settings.label);
  fillLabels("other-label", settings.other, settings.otherLabel);
  fillOtherModels();
  showValues();
}

/** Take the valid values from the form. A field with an invalid value keeps its setting. */
function readForm() {
  /** @type {Record<string, any>} */
  const defaults = defaultsOfChoice();
  for (const [name, option] of Object.entries(CONTROLS)) {
    const control = byId(name);
    const isValid = control.checkValidity();
    control.toggleAttribute("aria-invalid", !isValid);
    const read = option.type === "flag" ? control.checked : (readOption(option, control.value) ?? option.initial);
    const value = read === defaults[name] ? null : read; // so that it follows the model
    if (isValid) Object.assign(settings, { [name]: value });
  }
  settings.label = chosenLabel("label", settings.model);
  settings.otherLabel = chosenLabel("other-label", settings.other);
  showValues();
}

/** Show the values of the sliders, and the default lengths, which depend on other settings. */
function showValues() {
  const defaults = defaultsOfChoice();
  byId("minLength").placeholder = defaults.minLength;
  byId("maxLength").placeholder = defaults.maxLength;
  byId("temperature-value").textContent = settings.temperature.toFixed(2);
  byId("share-value").textContent = `${settings.share}%`;
  byId("share").setAttribute("aria-valuetext", `${settings.share}%`);
  if (settings.other === null) return;
  byId("share-first").textContent = descriptionOf(settings.model).title;
  byId("share-other").textContent = descriptionOf(settings.other).title;
}

// ---- labels; the value of each option is the label's index ----

/**
 * @param {string} id of the menu
 * @param {string | null} model
 */
function chosenLabel(id, model) {
  const { value } = byId(id);
  return value === "" || model === null ? null : labelChoicesOf(model)[Number(value)].name;
}

/**
 * Fill a menu of labels. It is hidden if the model has none.
 * @param {string} id of the menu
 * @param {string | null} model
 * @param {string | null} label
 */
function fillLabels(id, model, label) {
  const menu = byId(id);
  const choices = labelChoicesOf(model);
  const value = label === null ? "" : String(choices.findIndex(({ name }) => name === label));
  byId(`${id}-field`).hidden = choices.length === 0;
  byId(`${id}-find-field`).hidden = choices.length < MANY_LABELS;
  menu.value = value;
  const hasOption = modelOfMenu.get(id) === model && menu.value === value;
  if (hasOption) return;
  modelOfMenu.set(id, model);
  byId(`${id}-find`).value = "";
  fillLabelOptions(id, choices, value);
}

/**
 * Show the labels that contain what the reader typed, and the chosen one, in alphabetical order. A label with an empty
 * part isn't shown: the names with "Polish," are also found with "Polish".
 * @param {string} id of the menu
 * @param {LabelChoice[]} choices
 * @param {string} chosenValue
 * @returns {number} how many labels are shown
 */
function fillLabelOptions(id, choices, chosenValue) {
  const fold = (/** @type {string} */ text) => text.normalize("NFKD").toLowerCase();
  const typed = fold(byId(`${id}-find`).value.trim());
  /** @type {{key: string, option: HTMLElement}[]} */
  const options = [];
  choices.forEach(({ name, names }, index) => {
    const title = labelText(name);
    const key = fold(title);
    const parts = splitLabel(name);
    const isWhole = parts.length === 1 || parts.every(Boolean);
    const isShown = String(index) === chosenValue || (isWhole && key.includes(typed));
    if (isShown) options.push({ key, option: createOption(String(index), `${title} (${withCommas(names)})`) });
  });
  options.sort((a, b) => (a.key < b.key ? -1 : 1));
  byId(id).replaceChildren(createOption("", "any"), ...options.map(({ option }) => option));
  byId(id).value = chosenValue;
  return options.length;
}

/**
 * Connect the field that searches a menu of labels.
 * @param {string} id of the menu
 */
function connectLabelSearch(id) {
  const field = byId(`${id}-find`);
  field.addEventListener("input", (/** @type {Event} */ event) => {
    event.stopPropagation(); // the reader hasn't chosen a label yet
    const choices = labelChoicesOf(modelOfMenu.get(id) ?? null);
    announce(countOf(fillLabelOptions(id, choices, byId(id).value), "label"));
  });
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    byId(id).focus();
  });
}

// ---- the second model of a blend ----

/** Fill the menu of the second model, with a heading for each group if there are several. People can't be blended. */
function fillOtherModels() {
  const canBlend = descriptionOf(settings.model).parts === undefined;
  const others = descriptions.filter(({ name, parts }) => canBlend && parts === undefined && name !== settings.model);
  const groups = groupsOf(others);
  const optionsOf = (/** @type {string} */ group) =>
    others.filter((model) => model.group === group).map(({ name, title }) => createOption(name, title));
  const options =
    groups.length < 2
      ? groups.flatMap(optionsOf)
      : groups.map((group) => createElement("optgroup", { label: titleOfGroup(group) }, ...optionsOf(group)));
  byId("other").replaceChildren(createOption("", "none"), ...options);
  byId("other").value = settings.other ?? "";
  byId("blend-field").hidden = others.length === 0;
  byId("share-field").hidden = settings.other === null;
}

/** Summarize the settings, for narrow screens, where the form is folded. Required texts are a pattern: Ma…e…n */
function showSummary() {
  const { startsWith, contains, endsWith, label, other, unfiltered, temperature } = settings;
  const middle = contains === "" ? "…" : `…${contains}…`;
  const summary = [];
  if (label !== null) summary.push(labelText(label));
  if (other !== null) summary.push(`with ${descriptionOf(other).title}`);
  if (startsWith || contains || endsWith) summary.push(startsWith + middle + endsWith);
  if (unfiltered && canFilterChoice()) summary.push("unfiltered");
  if (temperature !== 1) summary.push(`temperature ${temperature.toFixed(2)}`);
  byId("settings-summary").textContent = summary.join(" · ");
}
