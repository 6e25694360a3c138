// The menu of the models at the top of the page. Many models are shown group by group.

const MOST_IN_ONE_ROW = 9; // if there are more models, readers first choose a group
const OTHER_GROUP = "Other"; // the title of models without a group

/** By group, the model that the reader chose last. @type {Map<string, string>} */
const lastOfGroup = new Map();

/**
 * Return the groups of some models, in the order of their first models.
 * @param {PageDescription[]} models
 */
function groupsOf(models) {
  return [...new Set(models.map(({ group }) => group))];
}

/**
 * Return a group as readers see it: with a capital.
 * @param {string} group
 */
function titleOfGroup(group) {
  if (group === "") return OTHER_GROUP;
  const [first, ...others] = group;
  return first.toUpperCase() + others.join("");
}

/** Whether there are so many models that the menu shows one group at a time. */
function hasGroupMenu() {
  return descriptions.length > MOST_IN_ONE_ROW && groupsOf(descriptions).length > 1;
}

/**
 * Create the menu.
 * @param {(model: string) => void} choose
 */
function createModelMenu(choose) {
  const chips = descriptions.map(({ name, title }) => createChip("model", name, title, () => choose(name)));
  byId("models").append(...chips);
  byId("models").hidden = descriptions.length < 2;
  if (hasGroupMenu()) createGroupMenu(choose);
}

/** @param {(model: string) => void} choose */
function createGroupMenu(choose) {
  const chips = groupsOf(descriptions).map((group) =>
    createChip("group", group, titleOfGroup(group), () => choose(modelOfGroup(group))),
  );
  byId("groups").append(...chips);
  byId("groups").hidden = false;
}

/**
 * Return the model of a group that the reader chose last, or its first model.
 * @param {string} group
 */
function modelOfGroup(group) {
  const members = descriptions.filter((description) => description.group === group);
  return lastOfGroup.get(group) ?? members[0].name;
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
  for (const radio of radiosIn("groups")) radio.checked = radio.value === group;
  for (const radio of radiosIn("models")) {
    radio.checked = radio.value === settings.model;
    const isOtherGroup = descriptionOf(radio.value).group !== group;
    if (radio.parentElement !== null) radio.parentElement.hidden = hasGroupMenu() && isOtherGroup;
  }
}

/**
 * @param {string} id of a menu
 * @returns {NodeListOf<HTMLInputElement>}
 */
function radiosIn(id) {
  return byId(id).querySelectorAll("input");
}

/** On a narrow screen the menus are rows to swipe. Move the chosen chips into view; the page itself doesn't move. */
function showChosenChips() {
  for (const id of ["groups", "models"]) {
    const chip = byId(id).querySelector(":checked")?.parentElement;
    if (chip) byId(id).scrollLeft = chip.offsetLeft - 40;
  }
}
