// Profanity in names. namegen/core/data/profanity.py in JavaScript. Python adds the constant PROFANITY, which has
// hashes of the words.

const FNV_PRIME = 0x01000193;
const ACCENTS = /[\u0300-\u030b\u030d-\u036f]/g;
const NON_LETTERS = /[^\p{L}\p{N}]+/gu;

/** The hashes of banned and of allowed words. */
const [BANNED, ALLOWED] = PROFANITY.hashes.map((text) => new Set(new Uint32Array(decodeBase85(text))));

/**
 * Return whether a name contains profanity: a banned word that isn't part of an allowed word.
 * @param {string} name
 */
function isProfane(name) {
  // Letters and digits without accents, in lower case, with a space between words and at both ends.
  const plain = name.toLowerCase().normalize("NFD").replace(ACCENTS, "").normalize("NFC");
  const letters = [" ", ...plain.replace(NON_LETTERS, " "), " "];
  return letters.some((_, start) => {
    let hash = PROFANITY.start;
    return letters.slice(start, start + PROFANITY.longest).some((letter, k) => {
      hash = extendHash(hash, letter);
      if (!BANNED.has(hash)) return false;
      // The word may be allowed with the letters next to it. A space at its start or end is a neighbor too.
      const end = start + k;
      const from = letters[start] === " " ? start : start - 1;
      const to = letters[end] === " " ? end : end + 1;
      return !ALLOWED.has(letters.slice(from, to + 1).reduce(extendHash, PROFANITY.start));
    });
  });
}

/**
 * Extend a hash by one character: FNV-1a of 32 bits.
 * @param {number} hash
 * @param {string} character
 */
function extendHash(hash, character) {
  return Math.imul(hash ^ Number(character.codePointAt(0)), FNV_PRIME) >>> 0;
}
