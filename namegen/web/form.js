// The form with the settings.

const MANY_LABELS = 40; // from so many labels on, a search field shows some of them

/** @typedef {"n" | "temperature" | "shortest" | "longest" | "seed" | "share"} NumberSetting */

/** Controls whose ids are the names of their settings. @type {NumberSetting[]} */
const NUMBER_SETTINGS = ["n", "temperature", "shortest", "longest", "seed", "share"];

/** The label menus: the model whose labels each of them shows. @type {Map<string, string | null>} */
const modelOfMenu = new Map();

/** Show the current settings in the form. */
function fillForm() {
  for (const key of [...NUMBER_SETTINGS, ...TEXT_SETTINGS]) fillField(key);
  inputById("unfiltered").checked = settings.unfiltered;
  byId("unfiltered-field").hidden = !canFilterChoice(settings);
  selectById("case").value = settings.letterCase;
  inputById("only-new").checked = settings.onlyNew;
  byId("only-new-field").hidden = chosenModels(settings).some(({ metadata }) => metadata.known_names === null);
  fillModelMenu();
  fillLabels("label", settings.model, settings.label);
  fillLabels("other-label", settings.other, settings.otherLabel);
  fillOtherModels();
  showValues();
}

/** @param {keyof PageSettings} key a field whose value changes only if it must, so that the cursor stays */
function fillField(key) {
  const field = inputById(key);
  const value = String(settings[key]);
  if (field.value !== value) field.value = value;
}

/** Take the valid values from the form. A field with an invalid value keeps its setting. */
function readForm() {
  NUMBER_SETTINGS.forEach(readNumber);
  for (const key of TEXT_SETTINGS) settings[key] = inputById(key).value;
  settings.letterCase = /** @type {LetterCase} */ (selectById("case").value);
  settings.onlyNew = inputById("only-new").checked;
  settings.label = chosenLabel("label", settings.model);
  settings.otherLabel = chosenLabel("other-label", settings.other);
  showValues();
}

/** @param {NumberSetting} key */
function readNumber(key) {
  const field = inputById(key);
  const isValid = field.value !== "" && field.checkValidity();
  field.toggleAttribute("aria-invalid", !isValid);
  if (isValid) settings[key] = Number(field.value);
}

/** Show the values of the sliders. */
function showValues() {
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
  const { value } = selectById(id);
  return value === "" || model === null ? null : labelChoicesOf(model)[Number(value)].name;
}

/**
 * Fill a menu of labels. It is hidden if the model has none.
 * @param {string} id of the menu
 * @param {string | null} model
 * @param {string | null} label
 */
function fillLabels(id, model, label) {
  const choices = labelChoicesOf(model);
  const value = label === null ? "" : String(choices.findIndex(({ name }) => name === label));
  byId(`${id}-field`).hidden = choices.length === 0;
  byId(`${id}-find-field`).hidden = choices.length < MANY_LABELS;
  const hasOptions = modelOfMenu.get(id) === model;
  if (hasOptions && selectValue(id, value)) return;
  modelOfMenu.set(id, model);
  inputById(`${id}-find`).value = "";
  fillLabelOptions(id, choices, value);
}

/**
 * Select an option of a menu.
 * @param {string} id of the menu
 * @param {string} value
 * @returns {boolean} whether there is such an option
 */
function selectValue(id, value) {
  const menu = selectById(id);
  menu.value = value;
  return menu.value === value;
}

/**
 * Show the labels that contain what the reader typed, and the chosen one, in alphabetical order.
 * @param {string} id of the menu
 * @param {LabelChoice[]} choices
 * @param {string} chosenValue
 * @returns {number} how many labels are shown
 */
function fillLabelOptions(id, choices, chosenValue) {
  const typed = foldText(inputById(`${id}-find`).value.trim());
  const shown = choices
    .map(describeLabel)
    .filter(({ key, isWhole, value }) => value === chosenValue || (isWhole && key.includes(typed)));
  shown.sort((a, b) => (a.key < b.key ? -1 : 1));
  const options = shown.map(({ value, text }) => createOption(value, text));
  byId(id).replaceChildren(createOption("", "any"), ...options);
  selectById(id).value = chosenValue;
  return shown.length;
}

/**
 * Describe the option of a label. A label with an empty part isn't shown: the names with "Polish," are also found with
 * "Polish".
 * @param {LabelChoice} choice
 * @param {number} index
 */
function describeLabel({ name, names }, index) {
  const title = labelText(name);
  const parts = splitLabel(name);
  return {
    value: String(index),
    text: `${title} (${withCommas(names)})`,
    key: foldText(title),
    isWhole: parts.length === 1 || parts.every(Boolean),
  };
}

/** @param {string} text */
function foldText(text) {
  return text.normalize("NFKD").toLowerCase();
}

/**
 * Connect the field that searches a menu of labels.
 * @param {string} id of the menu
 */
function connectLabelSearch(id) {
  const field = byId(`${id}-find`);
  field.addEventListener("input", (event) => {
    event.stopPropagation(); // the reader hasn't chosen a label yet
    const choices = labelChoicesOf(modelOfMenu.get(id) ?? null);
    const shown = fillLabelOptions(id, choices, selectById(id).value);
    announce(countOf(shown, "label"));
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    byId(id).focus();
  });
}

// ---- the second model of a blend ----

/** Fill the menu of the second model. People can't be blended. */
function fillOtherModels() {
  const canBlend = descriptionOf(settings.model).parts === undefined;
  const others = descriptions.filter(({ name, parts }) => canBlend && parts === undefined && name !== settings.model);
  byId("other").replaceChildren(createOption("", "none"), ...groupedOptions(others));
  selectById("other").value = settings.other ?? "";
  byId("blend-field").hidden = others.length === 0;
  byId("share-field").hidden = settings.other === null;
}

/**
 * Create the options of a menu of models, with a heading for each group if there are several groups.
 * @param {PageDescription[]} models
 */
function groupedOptions(models) {
  const groups = groupsOf(models);
  if (groups.length < 2) return models.map(({ name, title }) => createOption(name, title));
  return groups.map((group) => {
    const members = models.filter((model) => model.group === group);
    const options = members.map(({ name, title }) => createOption(name, title));
    return createElement("optgroup", { label: titleOfGroup(group) }, ...options);
  });
}

/** Summarize the settings, for narrow screens, where the form is folded. */
function showSummary() {
  const { first, contains, ends, label, other, unfiltered, temperature } = settings;
  const summary = [];
  if (label !== null) summary.push(labelText(label));
  if (other !== null) summary.push(`with ${descriptionOf(other).title}`);
  if (first || contains || ends) summary.push(summarizeTexts(first, contains, ends));
  if (unfiltered && canFilterChoice(settings)) summary.push("unfiltered");
  if (temperature !== 1) summary.push(`temperature ${temperature.toFixed(2)}`);
  byId("settings-summary").textContent = summary.join(" · ");
}

/**
 * Write the required texts as one pattern: Ma…e…n
 * @param {string} first
 * @param {string} contains
 * @param {string} ends
 */
function summarizeTexts(first, contains, ends) {
  const middle = contains === "" ? "…" : `…${contains}…`;
  return first + middle + ends;
}
