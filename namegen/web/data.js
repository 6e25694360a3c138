// The data of a model.

/**
 * A model as Python writes it. docs/reference/file-formats.md explains each key. Numbers and bytes are text in base 85;
 * in models that the page has learned, they are arrays.
 * @typedef {object} ModelDescription
 * @property {string} name
 * @property {string} title
 * @property {string} group
 * @property {string} credit
 * @property {string} notice
 * @property {string} spaces
 * @property {string} separators
 * @property {Record<string, string>} removal
 * @property {Record<string, string>} folding
 * @property {string} claimed the starts of listed companies' names, one per line
 * @property {Record<string, string>[]} spellings
 * @property {Record<string, string>} forms
 * @property {Record<string, string>} also_named_like
 * @property {string[]} label_titles what the parts of a label are, such as "origin"
 * @property {string} cell
 * @property {Formula} formula
 * @property {Record<string, string | Float32Array>} tensors
 * @property {boolean} half
 * @property {Metadata} metadata
 */

/**
 * Everything else that a model contains.
 * @typedef {object} Metadata
 * @property {{hidden: number[], cell?: string, vocabulary_size?: number, labels?: number}} network
 * @property {string} engine the backend that trained the model
 * @property {string} vocabulary
 * @property {{name: string, names: number}[]} labels
 * @property {string[]} endings
 * @property {string | Uint8Array | null} known_names
 * @property {string | Uint8Array | null} ngrams
 * @property {string | null} words
 * @property {string | null} probe the self-test logits
 * @property {ScoreRule[]} score_rules
 * @property {string | null} score_quantiles
 * @property {number} shortest_name
 * @property {number} longest_name
 * @property {string[]} patterns
 * @property {"original" | "lower" | "upper"} letter_case
 * @property {{list?: string, names?: number, base_model?: unknown, credit?: string}} training
 */
