// Profanity in names. namegen/core/data/profanity.py in JavaScript. Python adds the constant PROFANITY, which has
// hashes of the words.

const FNV_PRIME = 0x01000193;
const ACCENTS = /[\u0300-\u030b\u030d-\u036f]/g;
const NON_LETTERS = /[^\p{L}\p{N}]+/gu;

/** The hashes of banned and of allowed words. @type {{banned: Set<number>, allowed: Set<number>} | null} */
let profanityHashes = null;

/** Read the hashes when they are needed for the first time. */
function readProfanityHashes() {
  if (profanityHashes === null) {
    const [banned, allowed] = PROFANITY.hashes.map((text) => new Set(new Uint32Array(decodeBase85(text))));
    profanityHashes = { banned, allowed };
  }
  return profanityHashes;
}

/**
 * Return whether a name contains profanity.
 * @param {string} name
 */
function isProfane(name) {
  const letters = lettersForProfanity(name);
  return letters.some((_, start) => isProfaneFrom(letters, start));
}

/**
 * Return the letters and digits of a name without accents, in lower case. There is a space between words and at both
 * ends.
 * @param {string} name
 */
function lettersForProfanity(name) {
  const plain = name.toLowerCase().normalize("NFD").replace(ACCENTS, "").normalize("NFC");
  const words = plain.replace(NON_LETTERS, " ");
  return [" ", ...words, " "];
}

/**
 * Return whether a banned word starts at an index, and isn't part of an allowed word.
 * @param {string[]} letters
 * @param {number} start
 */
function isProfaneFrom(letters, start) {
  const { banned } = readProfanityHashes();
  const stretch = letters.slice(start, start + PROFANITY.longest);
  let hash = PROFANITY.start;
  return stretch.some((letter, k) => {
    hash = extendHash(hash, letter);
    return banned.has(hash) && !isAllowed(letters, start, start + k);
  });
}

/**
 * Return whether a banned word is allowed with the letters next to it. A space at its start or end is a neighbor too.
 * @param {string[]} letters
 * @param {number} start the index of the banned word's first letter
 * @param {number} end the index of its last letter
 */
function isAllowed(letters, start, end) {
  const from = letters[start] === " " ? start : start - 1;
  const to = letters[end] === " " ? end : end + 1;
  const hash = letters.slice(from, to + 1).reduce(extendHash, PROFANITY.start);
  return readProfanityHashes().allowed.has(hash);
}

/**
 * Extend a hash by one character: FNV-1a of 32 bits.
 * @param {number} hash
 * @param {string} character
 */
function extendHash(hash, character) {
  return Math.imul(hash ^ Number(character.codePointAt(0)), FNV_PRIME) >>> 0;
}
