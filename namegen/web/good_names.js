// The good names of a model in a seeded order. namegen/api/good_names.py in JavaScript; it has the specification.

const MOST_PREFIXES = 20_000; // that are read to find the good names; fiction models have at most 7,000

/**
 * Find all names that reach the threshold of their score: those that `generate` can return without filling up.
 * @param {NameSource} model without labels
 * @returns {string[]} the likeliest first; none if the model can't score names, or is too large
 */
function findGoodNames(model) {
  if (!model.canFilter || model.roots.length > 1) return [];
  const search = new Search(model, { ...defaultRequest(), seed: 0 });
  const { maxLength, wantedNew } = search;
  const threshold = new Threshold(/** @type {Scorer} */ (model.scorer), maxLength);
  /** Of names with the same form, the likeliest one. @type {Map<string, {text: string, logProbability: number}>} */
  const best = new Map();
  const unread = model.roots.map(({ prefix }) => prefix);
  for (let read = 0; unread.length > 0; read++) {
    if (read === MOST_PREFIXES) return [];
    const prefix = /** @type {Prefix} */ (unread.pop());
    const checked = threshold.isReachedBy(prefix) ? search.check(prefix, wantedNew) : null;
    const { text, endLogProbability: logProbability } = prefix;
    if (checked !== null && logProbability > (best.get(checked.form)?.logProbability ?? -Infinity)) {
      best.set(checked.form, { text, logProbability });
    }
    if (prefix.length === maxLength) continue;
    for (let id = 1; id < model.characters.length; id++) {
      const longer = new Prefix(model, id, prefix); // `extend` would keep all of them
      if (threshold.canBeReachedFrom(longer)) unread.push(longer);
    }
  }
  return [...best.values()].sort((a, b) => b.logProbability - a.logProbability).map(({ text }) => text);
}

/**
 * Return the key that decides where a name is in the order of a seed: FNV-1a, then the last step of MurmurHash3.
 * @param {number} seed
 * @param {string} name
 */
function seededKey(seed, name) {
  let hash = 2166136261;
  for (const byte of new TextEncoder().encode(`${seed}:${name}`)) hash = Math.imul(hash ^ byte, 16777619);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Sort names by their keys.
 * @param {readonly string[]} names
 * @param {number} seed
 */
function inSeededOrder(names, seed) {
  const keyed = names.map((name) => ({ name, key: seededKey(seed, name) }));
  return keyed.sort((a, b) => a.key - b.key || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
}
