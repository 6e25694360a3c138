// Which names are rude: namegen/core/data/rude.py in JavaScript. RUDE, which Python writes behind these files, has the hashes.

/** A hash one character longer: FNV-1a of 32 bits. */
const hashOn = (hash, character) => Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;

/** Whether a name has a stretch of letters that is refused, without what real names have around it. */
function isRude(name) {
  const [refused, allowed] = (RUDE.sets ??= RUDE.hashes.map((text) => new Set(new Uint32Array(bytesOfText(text)))));
  const plain = name.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");
  const letters = [..." ", ...plain.replace(/[^\p{L}\p{N}]+/gu, " "), " "];
  const isOpen = (place) => (letters[place] === " " ? 0 : 1);
  return letters.some((_, start) => {
    let hash = RUDE.start;
    return letters.slice(start, start + RUDE.longest).some((letter, k) => {
      hash = hashOn(hash, letter);
      if (!refused.has(hash)) return false;
      const end = start + k;
      return !allowed.has(letters.slice(start - isOpen(start), end + 1 + isOpen(end)).reduce(hashOn, RUDE.start));
    });
  });
}
