// Patterns: features that a name only has if a name of the list has them. namegen/core/data/patterns.py in JavaScript.

const SHORTEST_REPEATED = 3; // letters; a shorter word, such as an initial, may be repeated

/**
 * Return the patterns of a name: the letter case of its words, and unusual features.
 * @param {string} name
 */
function patternsOf(name) {
  const words = name.match(/\p{L}+/gu) ?? [];
  const cases = words.map((word) => word.replace(/[^\p{Lu}\p{Lt}]+/gu, "x").replace(/[\p{Lu}\p{Lt}]+/gu, "X"));
  const patterns = new Set(cases.map((pattern, index) => (index === 0 ? `^${pattern}` : pattern)));
  if (/[\p{Lu}\p{Lt}]{2}(?![\p{Lu}\p{Lt}])\p{L}/u.test(name)) patterns.add("XXx");
  const lower = name.toLowerCase();
  if (/(\p{L})\1\1/u.test(lower)) patterns.add("aaa");
  const longWords = words.filter((word) => [...word].length >= SHORTEST_REPEATED).map((word) => word.toLowerCase());
  if (new Set(longWords).size < longWords.length) patterns.add("word word");
  const withoutAccents = lower.normalize("NFD");
  if (/[a-z]/u.test(withoutAccents) && !/[aeiouyæøœəıɛɔ]/u.test(withoutAccents)) patterns.add("bcd");
  return patterns;
}

/**
 * Return whether a name only has patterns that the list of one of the models has. Unknown patterns allow all.
 * @param {string} name
 * @param {Model[]} models
 */
function hasUsualPatterns(name, models) {
  const lists = models.map((model) => model.metadata.patterns);
  if (lists.some((patterns) => patterns.length === 0)) return true;
  const usual = new Set(lists.flat());
  return [...patternsOf(name)].every((pattern) => usual.has(pattern));
}
