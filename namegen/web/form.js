// The settings as a form: its controls, its choices of labels, and what stands in them.

const MANY_LABELS = 40; // from here on a field narrows the choice

/** Put the settings into the form's controls. */
function fillForm() {
  for (const key of ["n", "temperature", ...TEXTS, "shortest", "longest", "seed", "share"]) {
    if (byId(key).value !== String(wish[key])) byId(key).value = wish[key];
  }
  byId("only-new").checked = wish.onlyNew;
  byId("only-new-field").hidden = chosen(wish).some((description) => description.known_names === null);
  for (const radio of byId("models").querySelectorAll("input")) radio.checked = radio.value === wish.model;
  fillLabels("label", wish.model, wish.label);
  fillLabels("other-label", wish.other, wish.otherLabel);
  fillOthers();
  showValues();
}

/** Take from the form what is valid; a field that is being emptied or mistyped keeps its old value for now. */
function readForm() {
  for (const key of ["n", "temperature", "shortest", "longest", "seed", "share"]) {
    const field = byId(key);
    const usable = field.value !== "" && field.checkValidity();
    field.toggleAttribute("aria-invalid", !usable);
    if (usable) wish[key] = Number(field.value);
  }
  for (const key of TEXTS) wish[key] = byId(key).value;
  wish.onlyNew = byId("only-new").checked;
  wish.label = labelChosen("label", wish.model);
  wish.otherLabel = labelChosen("other-label", wish.other);
  showValues();
}

function showValues() {
  byId("temperature-value").textContent = wish.temperature.toFixed(2);
  byId("share-value").textContent = `${wish.share} %`;
  byId("share").setAttribute("aria-valuetext", `${wish.share} %`);
  if (wish.other === null) return;
  byId("share-first").textContent = descriptionOf(wish.model).title;
  byId("share-other").textContent = descriptionOf(wish.other).title;
}

// ---- labels: each option's value is its place among the model's ----

function labelChosen(id, modelName) {
  const { value } = byId(id);
  return value === "" || modelName === null ? null : descriptionOf(modelName).labels[value].name;
}

/** The choice of a label, "any" first; hidden where the model has none. */
function fillLabels(id, modelName, label) {
  const labels = modelName === null ? [] : descriptionOf(modelName).labels;
  byId(`${id}-field`).hidden = labels.length === 0;
  byId(`${id}-find-field`).hidden = labels.length < MANY_LABELS;
  const place = label === null ? "" : String(labels.findIndex(({ name }) => name === label));
  if (byId(id).modelName === modelName) {
    byId(id).value = place; // thousands of options are made once
    if (byId(id).value === place) return;
  }
  byId(id).modelName = modelName;
  byId(`${id}-find`).value = "";
  showOptions(id, labels, place);
}

/** The labels that hold what was typed, in the order of their letters, and always the one that is chosen. */
function showOptions(id, labels, place) {
  const folded = (text) => text.normalize("NFKD").toLowerCase();
  const wanted = folded(byId(`${id}-find`).value.trim());
  const found = labels
    .map(({ name, names }, k) => ({ name, names, value: String(k), key: folded(name) }))
    .filter(({ key, value }) => key.includes(wanted) || value === place);
  found.sort((a, b) => (a.key < b.key ? -1 : 1));
  const options = found.map(({ name, names, value }) =>
    element("option", { value, textContent: `${name} (${thousands(names)})`, dir: "auto" }),
  );
  byId(id).replaceChildren(element("option", { value: "", textContent: "any" }), ...options);
  byId(id).value = place;
  return found.length;
}

function connectFinder(id) {
  const find = byId(`${id}-find`);
  const labels = () => descriptionOf(byId(id).modelName).labels;
  find.addEventListener("input", (event) => {
    event.stopPropagation(); // nothing has been chosen yet
    announce(countOf(showOptions(id, labels(), byId(id).value), "label"));
  });
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    byId(id).focus();
  });
}

// ---- a second model ----

function fillOthers() {
  const others = descriptions.filter(({ name }) => name !== wish.model);
  const options = others.map(({ name, title }) => element("option", { value: name, textContent: title, dir: "auto" }));
  byId("other").replaceChildren(element("option", { value: "", textContent: "no other" }), ...options);
  byId("other").value = wish.other ?? "";
  byId("blend-field").hidden = others.length === 0;
  byId("share-field").hidden = wish.other === null;
}

/** What the folded settings of a narrow screen hold. */
function showSummary() {
  const parts = [`temperature ${wish.temperature.toFixed(2)}`];
  const { first, contains, ends, label, other } = wish;
  if (first || contains || ends) parts.unshift(`${first}…${contains && `${contains}…`}${ends}`);
  if (other !== null) parts.unshift(`with ${descriptionOf(other).title}`);
  if (label !== null) parts.unshift(label);
  byId("settings-summary").textContent = parts.join(" · ");
}
