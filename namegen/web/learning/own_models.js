// The reader's own models: learning from a list in a worker, and keeping what was learned in the browser's storage.

const OWN_GROUP = "yours";
const LIST_KEY = "namegen.list";
const STORE = "models";

/** The base model, which is fine-tuned; null if the page can't learn. @type {ModelDescription} */
const baseModel = JSON.parse(byId("base-data").textContent);
/** @type {Worker | null} */
let learner = null;

/**
 * Run a request of the browser's database. It may be forbidden, or full.
 * @param {"readonly" | "readwrite"} mode
 * @param {(store: IDBObjectStore) => IDBRequest} run
 * @returns {Promise<any>}
 */
function useStorage(mode, run) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("namegen", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "name" });
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction(STORE, mode);
      const request = run(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    };
  });
}

/** @param {string} text */
function showLearning(text) {
  byId("learn-message").textContent = text;
}

/**
 * Add a model to the menu, choose it, and keep it.
 * @param {ModelDescription} description
 * @param {string} verb what the page has done
 */
async function addOwnModel(description, verb) {
  const titles = descriptions.map(({ title }) => title);
  let { title } = description;
  for (let k = 2; titles.includes(title); k++) title = `${description.title} (${k})`;
  const model = { ...description, title, name: `own-${Date.now()}`, group: OWN_GROUP };
  descriptions.push(model);
  showOwnModels();
  chooseModel(model.name, null);
  try {
    await useStorage("readwrite", (store) => store.put({ name: model.name, version: MODEL_FILE_VERSION, model }));
    showLearning(`${verb} “${title}”. The model stays in this browser until you delete it.`);
    goToHeading("names-heading");
  } catch {
    showLearning(`${verb} “${title}”. This browser doesn’t keep it, so download it before you close the page.`);
  }
}

/** Show all models in the menu, and the reader's own ones in the list. */
function showOwnModels() {
  const models = descriptions.filter(({ group }) => group === OWN_GROUP);
  createModelMenu();
  byId("own-models").replaceChildren(...models.map(createOwnItem));
}

/** @param {PageDescription} model */
function createOwnItem(model) {
  const { name, title } = model;
  const texts = { ".text": title, ".save .hidden": ` ${title}`, ".remove .hidden": `Delete ${title}` };
  return copyTemplate("own-model-item", texts, {
    save: async () => {
      download(fileNameOf(title, ".safetensors"), await writeModelFile(model));
      announce(`Saved ${title} as a model file`);
    },
    remove: () => {
      const isChosen = chosenDescriptions().includes(model);
      descriptions.splice(descriptions.indexOf(model), 1);
      showOwnModels();
      if (isChosen) chooseModel(descriptions[0].name, null);
      else fillForm();
      useStorage("readwrite", (store) => store.delete(name)).catch(() => {});
      showLearning(`Deleted “${title}”.`);
      byId("learn-heading").focus(); // the focused button is gone
    },
  });
}

/** Learn from the list in the text field, in a worker so that the page stays responsive. */
function startLearning() {
  const text = byId("list").value;
  /** @type {string[]} */
  let names;
  try {
    names = readList(text, baseModel);
  } catch (error) {
    showLearning(/** @type {Error} */ (error).message);
    return;
  }
  keep(LIST_KEY, text);
  const title = names.length > 1 ? `${names[0]}, ${names[1]} …` : names[0];
  const code = `${byId("engine").textContent}
    onmessage = ({ data: { base, names, title } }) => {
      postMessage({ description: learn(base, names, title, (share) => postMessage({ share })) });
    };`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  learner = new Worker(url);
  URL.revokeObjectURL(url);
  const start = performance.now();
  learner.onerror = () => stopLearning("Learning failed. Try other names, or another browser.");
  learner.onmessage = ({ data: { share, description } }) => {
    if (description !== undefined) {
      stopLearning("");
      addOwnModel(description, "Learned");
      return;
    }
    const seconds = ((performance.now() - start) / 1000) * (1 / share - 1);
    byId("learn-progress").value = share;
    showLearning(
      `Learning from ${countOf(names.length, "name")}: about ${countOf(Math.ceil(seconds), "second")} left.`,
    );
  };
  showLearning("Learning…");
  showLearner();
  learner.postMessage({ base: baseModel, names, title });
}

/** @param {string} message */
function stopLearning(message) {
  learner?.terminate();
  learner = null;
  showLearner();
  showLearning(message);
}

/** Show the progress and the button that stops, or the button that starts. */
function showLearner() {
  byId("learn-card").classList.toggle("learning", learner !== null);
  byId("learn-progress").value = 0;
}

/**
 * Open a list, or a model file that this page wrote.
 * @param {File | undefined} file
 */
async function openFile(file) {
  if (file === undefined) return;
  if (!file.name.endsWith(".safetensors")) {
    byId("list").value = await file.text();
    return;
  }
  try {
    const title = file.name.replace(/\.safetensors$/, "");
    await addOwnModel(await readModelFile(await file.arrayBuffer(), baseModel, title), "Opened");
  } catch (error) {
    showLearning(/** @type {Error} */ (error).message);
  }
}

/** Connect the card, and show the list and the models of earlier visits. */
async function connectLearning() {
  if (baseModel === null) return;
  const { hash } = location; // the first search changes it
  byId("list").value = keptValue(LIST_KEY) ?? "";
  onClick("go-to-learning", () => goToHeading("learn-heading"));
  onClick("learn-start", startLearning);
  onClick("learn-stop", () => stopLearning("Stopped. Nothing was learned."));
  byId("file").addEventListener("change", async () => {
    await openFile(byId("file").files[0]);
    byId("file").value = ""; // so that the same file can be opened again
  });
  addEventListener("beforeunload", (event) => {
    if (learner !== null) event.preventDefault(); // the browser asks whether to leave the page
  });
  try {
    const kept = await useStorage("readonly", (store) => store.getAll());
    for (const { version, model } of kept) {
      if (version === MODEL_FILE_VERSION) descriptions.push(model);
    }
  } catch {
    return; // the browser keeps nothing
  }
  showOwnModels();
  fillForm();
  if (!hash.includes("model=own-")) return;
  applySettings(readAddress(hash));
  startSearch({ isAnnounced: false });
}
