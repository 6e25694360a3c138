// The distinct prefixes of some names. namegen/core/data/prefix_tree.py in JavaScript.

/** A name as ids: the start token, the characters, and the end token. @typedef {number[]} TokenizedName */

/**
 * The distinct prefixes of names, sorted by depth. The hidden state depends only on the prefix, so training computes it
 * once for each of the N nodes. An edge is something that follows a node: a character, or the end of a name.
 */
class PrefixTree {
  /** @param {TokenizedName[]} names */
  constructor(names) {
    /** The last token of each node; the start token of a root. @type {number[]} */
    this.token = [];
    /** The node without its last token; −1 for a root. @type {number[]} */
    this.parent = [];
    /** The nodes of depth t are level[t] up to level[t + 1]. @type {number[]} */
    this.level = [0];
    /** @type {{node: number, token: number, count: number}[]} */
    this.edges = [];
    /** The number of predicted characters, with the end tokens. */
    this.characters = 0;
    /** For each name, its node at the current depth. */
    let nodes = names.map(() => -1);
    for (let depth = 0; names.some(({ length }) => length > depth); depth++) {
      /** @type {Map<string, number>} */
      const nodeOf = new Map();
      /** @type {Map<string, {node: number, token: number, count: number}>} */
      const edgeOf = new Map();
      nodes = names.map((name, k) => {
        if (depth >= name.length) return -1;
        const token = name[depth];
        const key = `${nodes[k]} ${token}`;
        if (depth > 0) {
          const edge = edgeOf.get(key) ?? { node: nodes[k], token, count: 0 };
          edge.count += 1;
          edgeOf.set(key, edge);
          this.characters += 1;
          if (depth === name.length - 1) return -1; // the end
        }
        const node = nodeOf.get(key) ?? this.token.length;
        if (node === this.token.length) {
          nodeOf.set(key, node);
          this.token.push(token);
          this.parent.push(nodes[k]);
        }
        return node;
      });
      this.edges.push(...edgeOf.values());
      this.level.push(this.token.length);
    }
  }
}
