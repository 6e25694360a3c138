// The form with the settings. page.html makes its controls from the table of options; their ids are the options' names.

/** Show the current settings in the form. A field changes only if it must, so that the cursor stays. */
function fillForm() {
  const { model, label, other, otherLabel } = settings;
  const defaults = defaultsOfChoice();
  for (const [name, { type }] of Object.entries(CONTROLS)) {
    const control = byId(name);
    const text = String(settings[name] ?? (type === "choice" ? defaults[name] : ""));
    if (type === "flag") control.checked = settings[name];
    else if (control.value !== text) control.value = text;
  }
  fillModelMenu();
  fillLabels("label", model, label);
  fillLabels("other-label", other, otherLabel);
  fillOtherModels();
  byId("unfiltered-field").hidden = !canFilterChoice();
  byId("allowSeen-field").hidden = chosenModels().some(({ metadata }) => metadata.known_names === null);
  byId("household-field").hidden = descriptionOf(model).parts === undefined;
  byId("share-field").hidden = other === null;
  showValues();
}

/** Take the valid values from the form. A field with an invalid value keeps its setting. */
function readForm() {
  const defaults = defaultsOfChoice();
  for (const [name, option] of Object.entries(CONTROLS)) {
    const control = byId(name);
    const isValid = control.checkValidity();
    control.toggleAttribute("aria-invalid", !isValid);
    const value = option.type === "flag" ? control.checked : (readOption(option, control.value) ?? option.initial);
    if (isValid) settings[name] = value === defaults[name] ? null : value; // null follows the model
  }
  settings.label = chosenLabel("label");
  settings.otherLabel = chosenLabel("other-label");
  showValues();
}

/** Show the values of the sliders, and the default lengths, which depend on other settings. */
function showValues() {
  const { temperature, share, model, other } = settings;
  const { minLength, maxLength } = defaultsOfChoice();
  byId("minLength").placeholder = minLength;
  byId("maxLength").placeholder = maxLength;
  byId("temperature-value").textContent = temperature.toFixed(2);
  byId("share-value").textContent = `${share}%`;
  byId("share").setAttribute("aria-valuetext", `${share}%`);
  byId("share-first").textContent = descriptionOf(model).title;
  byId("share-other").textContent = other === null ? "" : descriptionOf(other).title;
}

// ---- labels: a menu for each part, such as the origin and the gender ----

/**
 * Show the label of a model in its menus.
 * @param {string} id of the element that contains the menus
 * @param {string | null} model
 * @param {string | null} label
 */
function fillLabels(id, model, label) {
  const container = byId(id);
  const parts = model === null ? [] : labelPartsOf(descriptionOf(model));
  if (container.dataset.model !== String(model)) {
    container.dataset.model = String(model);
    container.replaceChildren(...parts.map(({ title, counts }, k) => createLabelMenu(`${id}-${k}`, title, counts)));
  }
  const chosen = splitLabel(label ?? "");
  const isWhole = chosen.length === parts.length;
  container.querySelectorAll("select").forEach((/** @type {HTMLSelectElement} */ menu, /** @type {number} */ k) => {
    if (isWhole) menu.value = chosen[k];
    else menu.value = label !== null && parts[k].counts.has(label) ? label : "";
  });
}

/**
 * @param {string} id of the element that contains the menus
 * @returns {string | null}
 */
function chosenLabel(id) {
  const values = Array.from(byId(id).querySelectorAll("select"), ({ value }) => value);
  const chosen = values.filter(Boolean);
  if (chosen.length === 0) return null;
  return chosen.length === 1 ? chosen[0] : joinLabel(values);
}

/**
 * Return the parts of a model's labels: their titles, and how many names each value has.
 * @param {PageDescription} description
 */
function labelPartsOf(description) {
  const { label_titles: titles, metadata, labels = metadata.labels } = description;
  const rows = splitLabels(labelsOf(description));
  const columns = [...(rows[0] ?? []).keys()];
  return columns.map((column) => {
    /** @type {Map<string, number>} */
    const counts = new Map();
    rows.forEach((row, k) => counts.set(row[column], (counts.get(row[column]) ?? 0) + labels[k].names));
    counts.delete(""); // such names have all values of this part
    return { title: titles[column] ?? "label", counts };
  });
}

/**
 * @param {string} id
 * @param {string} title
 * @param {Map<string, number>} counts
 */
function createLabelMenu(id, title, counts) {
  const keyOf = (/** @type {string} */ value) => value.normalize("NFKD").toLowerCase();
  const sorted = [...counts].sort(([a], [b]) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const options = sorted.map(([value, names]) => createOption(value, `${value} (${withCommas(names)})`));
  return createElement(
    "div",
    { className: "field" },
    createElement("label", { htmlFor: id, textContent: withCapital(title) }),
    createElement("select", { id }, createOption("", "any"), ...options),
  );
}

// ---- the second model of a blend ----

/** Fill the menu of the second model, with a heading for each group if there are several. */
function fillOtherModels() {
  const model = descriptionOf(settings.model);
  const others = descriptions.filter((other) => canBlend(model, other));
  const optionsOf = (/** @type {string} */ group) =>
    others.filter((other) => other.group === group).map(({ name, title }) => createOption(name, title));
  const groups = groupsOfModels().filter((group) => optionsOf(group).length > 0);
  const options = groups.flatMap((group) =>
    groups.length > 1
      ? createElement("optgroup", { label: titleOfGroup(group) }, ...optionsOf(group))
      : optionsOf(group),
  );
  byId("other").replaceChildren(createOption("", "none"), ...options);
  byId("other").value = settings.other ?? "";
  byId("blend-field").hidden = others.length === 0;
}

/** Summarize the settings, for narrow screens, where the form is folded. */
function showSummary() {
  const summary = settings.label === null ? [] : [labelText(settings.label)];
  for (const [name, { title, initial }] of Object.entries(CONTROLS)) {
    const value = settings[name];
    const isShown = title !== undefined && name !== "seed" && value !== initial;
    if (isShown) summary.push(value === true ? title : `${title} ${value}`);
  }
  if (settings.other !== null) summary.push(`With ${descriptionOf(settings.other).title}`);
  byId("settings-summary").textContent = summary.join(" · ");
}
