// The menu of the models at the top of the page. Many models are shown group by group.

const MOST_IN_ONE_ROW = 9; // if there are more models, readers first choose a group

/** By group, the model that the reader chose last. @type {Map<string, string>} */
const lastOfGroup = new Map();

/** Return the groups of the models, in the order of their first models. */
function groupsOfModels() {
  return [...new Set(descriptions.map(({ group }) => group))];
}

/** @param {string} group */
function titleOfGroup(group) {
  return withCapital(group || "other");
}

/** Whether there are so many models that the menu shows one group at a time. */
function hasGroupMenu() {
  return descriptions.length > MOST_IN_ONE_ROW && groupsOfModels().length > 1;
}

/** Create the menu. */
function createModelMenu() {
  const choose = (/** @type {string} */ name) => chooseModel(name, settings.other);
  const modelChips = descriptions.map(({ name, title }) => createChip("model", name, title, () => choose(name)));
  const groupChips = groupsOfModels().map((group) =>
    createChip("group", group, titleOfGroup(group), () => {
      const members = descriptions.filter((description) => description.group === group).map(({ name }) => name);
      const last = lastOfGroup.get(group) ?? "";
      choose(members.includes(last) ? last : members[0]);
    }),
  );
  byId("models").replaceChildren(...modelChips);
  byId("models").hidden = descriptions.length < 2;
  byId("groups").replaceChildren(...groupChips);
  byId("groups").hidden = !hasGroupMenu();
}

/**
 * Create a choice of a menu.
 * @param {string} menu
 * @param {string} value
 * @param {string} title
 * @param {() => void} handler
 */
function createChip(menu, value, title, handler) {
  const radio = createElement("input", { type: "radio", name: menu, value });
  radio.addEventListener("change", handler);
  return createElement("label", {}, radio, createElement("bdi", { translate: false }, title));
}

/** Show the chosen model, and the other models of its group. */
function fillModelMenu() {
  const { group } = descriptionOf(settings.model);
  lastOfGroup.set(group, settings.model);
  for (const radio of byId("groups").querySelectorAll("input")) radio.checked = radio.value === group;
  for (const radio of byId("models").querySelectorAll("input")) {
    radio.checked = radio.value === settings.model;
    radio.parentElement.hidden = hasGroupMenu() && descriptionOf(radio.value).group !== group;
  }
}

/** On a narrow screen the menus are rows to swipe. Move the chosen chips into view; the page itself doesn't move. */
function showChosenChips() {
  for (const id of ["groups", "models"]) {
    const chip = byId(id).querySelector(":checked")?.parentElement;
    if (chip) byId(id).scrollLeft = chip.offsetLeft - 40;
  }
}
