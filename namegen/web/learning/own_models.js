// The reader's own models: learning from a list in a worker, and keeping what was learned in the browser's storage.

const OWN_GROUP = "yours";
const STORE = "models";
const MILLISECONDS_PER_SECOND = 1000;

/** The base model, which is fine-tuned; null if the page can't learn. @type {ModelDescription | null} */
const baseModel = JSON.parse(byId("base-data").textContent);
/** @type {Worker | null} */
let learner = null;

/** @returns {PageDescription[]} */
function ownModels() {
  return descriptions.filter(({ group }) => group === OWN_GROUP);
}

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
 * Add a model to the menu, keep it, and choose it.
 * @param {ModelDescription} description
 */
async function addOwnModel(description) {
  const titles = descriptions.map(({ title }) => title);
  let title = description.title;
  for (let k = 2; titles.includes(title); k++) title = `${description.title} (${k})`;
  const model = { ...description, title, name: `own-${Date.now()}` };
  descriptions.push(model);
  updateModels();
  chooseModel(model.name, null);
  showLearning(`Learned “${title}”. The model stays in this browser until you delete it.`);
  try {
    await useStorage("readwrite", (store) => store.put({ name: model.name, version: MODEL_FILE_VERSION, model }));
  } catch {
    showLearning(`Learned “${title}”. This browser doesn’t keep it, so download it before you close the page.`);
  }
}

/** Show all models in the menu, and the reader's own ones in the list. */
function updateModels() {
  createModelMenu((model) => chooseModel(model, settings.other));
  byId("own-models").replaceChildren(...ownModels().map(createOwnItem));
}

/** @param {PageDescription} model */
function createOwnItem(model) {
  const { name, title } = model;
  const texts = { ".text": title, ".save .hidden": ` ${title}`, ".remove .hidden": `Delete ${title}` };
  const item = copyTemplate("own-model-item", texts);
  item.querySelector(".save").addEventListener("click", () => {
    download(fileNameOf(title, ".safetensors"), writeModelFile(model));
    announce(`Saved ${title} as a model file`);
  });
  item.querySelector(".remove").addEventListener("click", () => {
    descriptions.splice(descriptions.indexOf(model), 1);
    updateModels();
    if (chosenDescriptions().length === 0 || settings.model === name) chooseModel(descriptions[0].name, null);
    useStorage("readwrite", (store) => store.delete(name)).catch(() => {});
    showLearning(`Deleted “${title}”.`);
  });
  return item;
}

/** Learn from the list in the text field, in a worker so that the page stays responsive. */
function startLearning() {
  const base = /** @type {ModelDescription} */ (baseModel);
  /** @type {string[]} */
  let names;
  try {
    names = readList(byId("list").value, base);
  } catch (error) {
    showLearning(/** @type {Error} */ (error).message);
    return;
  }
  const [first] = names;
  const title = names.length > 1 ? `${first}, ${names[1]} …` : first;
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
      addOwnModel(description);
      return;
    }
    byId("learn-progress").value = share;
    const seconds = ((performance.now() - start) / MILLISECONDS_PER_SECOND) * (1 / share - 1);
    const remaining = countOf(Math.ceil(seconds), "second");
    showLearning(`Learning from ${countOf(names.length, "name")}: about ${remaining} left.`);
  };
  showLearning("Learning…");
  showLearner();
  learner.postMessage({ base, names, title });
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
  const isLearning = learner !== null;
  byId("learn-start").hidden = isLearning;
  byId("learn-stop").hidden = !isLearning;
  byId("learn-progress").hidden = !isLearning;
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
    addOwnModel(readModelFile(await file.arrayBuffer(), /** @type {ModelDescription} */ (baseModel), title));
  } catch (error) {
    showLearning(/** @type {Error} */ (error).message);
  }
}

/** Connect the card, and show the models of earlier visits. */
async function connectLearning() {
  byId("learn-card").hidden = baseModel === null;
  if (baseModel === null) return;
  onClick("learn-start", startLearning);
  onClick("learn-stop", () => stopLearning("Stopped. Nothing was learned."));
  onClick("open-file", () => byId("file").click());
  byId("file").addEventListener("change", async () => {
    await openFile(byId("file").files[0]);
    byId("file").value = ""; // so that the same file can be opened again
  });
  byId("list").addEventListener("dragover", (/** @type {DragEvent} */ event) => event.preventDefault());
  byId("list").addEventListener("drop", (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    openFile(event.dataTransfer.files[0]);
  });
  try {
    const kept = await useStorage("readonly", (store) => store.getAll());
    for (const { version, model } of kept) {
      if (version === MODEL_FILE_VERSION) descriptions.push(model);
    }
  } catch {
    return; // the browser keeps nothing
  }
  updateModels();
  applySettings(readAddress(location.hash));
}
