// The types of the module that `namegen export-web --module` writes, for TypeScript and editors.

/**
 * Load a model from the file that `namegen export-web --module` wrote next to this module.
 * @param {string | object} data the text of the file, or the result of `JSON.parse`
 * @param {string} [name] the name of the model; by default, the first model of the file
 * @returns {NameModel}
 * @throws {Error} if the data are damaged or of another version, or if they don't contain the model
 */
export function load(data: string | object, name?: string): NameModel;
/**
 * Combine several models. At each letter, their probabilities are averaged.
 * @param {NameModel[]} models two or more
 * @param {BlendOptions} [options]
 * @returns {NameModel} its names aren't filtered
 * @throws {Error} if an option is wrong
 */
export function blend(models: NameModel[], options?: BlendOptions): NameModel;
/**
 * Options of `generate` and `entries`. Letter case doesn't matter in `startsWith`, `contains` and `endsWith`.
 */
export type Options = {
    /**
     * How many names, from 1 to 100,000. Default: 20.
     */
    n?: number | undefined;
    /**
     * Only return names that start with this text.
     */
    startsWith?: string | undefined;
    /**
     * Only return names that contain this text.
     */
    contains?: string | undefined;
    /**
     * Only return names that end with this text.
     */
    endsWith?: string | undefined;
    /**
     * The length of the shortest name in characters, from 1 to 1,000. Default: the model's `minLength`; 1 for names
     * of the list and unfiltered names.
     */
    minLength?: number | null | undefined;
    /**
     * The length of the longest name in characters, from 1 to 1,000. Default: the model's `maxLength`; twice as many
     * for unfiltered names, and more if a required text needs them.
     */
    maxLength?: number | null | undefined;
    /**
     * How names are written. Default: "title" for companies, "original" for other names.
     */
    letterCase?: "original" | "title" | "upper" | "lower" | null | undefined;
    /**
     * Also return names of the list that the model was trained on. Default: false.
     */
    allowSeen?: boolean | undefined;
    /**
     * Draw from the model's own distribution. By default, new names are returned only if their score is in the top
     * 1%, or if they are the best of the others and such names are missing.
     */
    unfiltered?: boolean | undefined;
    /**
     * 0 always takes the most likely letter; higher values give more unusual names. Default: 1.
     */
    temperature?: number | undefined;
    /**
     * A whole number from 0 to 4294967295. The same seed and options give the same names everywhere. Default: a
     * random seed.
     */
    seed?: number | null | undefined;
    /**
     * One of the model's labels, or a part of some labels, such as "Finnish". Default: all labels.
     */
    label?: string | null | undefined;
    /**
     * Skip names that contain one of these words, ignoring letter case, spaces and punctuation. A word that starts
     * with = is excluded only as a whole word.
     */
    excludeWords?: readonly string[] | undefined;
    /**
     * Also return names that contain profanity. Default: false.
     */
    allowProfanity?: boolean | undefined;
};
/**
 * Options of `blend`.
 */
export type BlendOptions = {
    /**
     * The weight of each model; they sum to 1. Default: all the same.
     */
    weights?: number[] | undefined;
    /**
     * The label of each model. A model that has labels needs one.
     */
    labels?: (string | null)[] | undefined;
};
/**
 * A name. `label` is null if the model has no labels. `isNew` is whether the name isn't in the list that the model was
 * trained on, ignoring letter case, spaces and punctuation; null if the model doesn't know its list. `isGood` is
 * whether the score of a new name reaches the model's threshold; null for other names, and for unfiltered names.
 */
export type Entry = {
    name: string;
    label: string | null;
    isNew: boolean | null;
    isGood: boolean | null;
};
/**
 * A character that may come next, and its probability. The character "" is the end of the name.
 */
export type Next = {
    character: string;
    probability: number;
};
/**
 * A model, or a blend of several.
 */
export type NameModel = LoadedModel;
/** A model that `load` or `blend` returned. */
declare class LoadedModel {
    /** The name of the model in its file. @readonly @type {string} */
    readonly name: string;
    /** The title for readers. @readonly @type {string} */
    readonly title: string;
    /** The source and license of the list; "" if unknown. @readonly @type {string} */
    readonly credit: string;
    /** The text of that license, which must accompany the model; "" if unknown. @readonly @type {string} */
    readonly notice: string;
    /** The labels of the names, such as their origins. Most models have none. @readonly @type {readonly string[]} */
    readonly labels: readonly string[];
    /** All characters that names consist of. @readonly @type {string} */
    readonly characters: string;
    /** Whether it returns only new names with a good score. Blends don't. @readonly @type {boolean} */
    readonly filters: boolean;
    /** The default length of the shortest name in characters. @readonly @type {number} */
    readonly minLength: number;
    /** The default length of the longest name in characters. @readonly @type {number} */
    readonly maxLength: number;
    /** Whether it can tell which names are new. @readonly @type {boolean} */
    readonly knowsNames: boolean;
    /**
     * Generate names. They are distinct, and new unless `allowSeen` is set. If too few names reach the threshold of their
     * score, the best of the others fill up the list; `entries` says which.
     * @param {Options} [options]
     * @returns {string[]} exactly n names
     * @throws {Error} if an option is wrong, or if there are too few names; then its property `names` has those found
     */
    generate(options?: Options): string[];
    /**
     * Generate names, each with its label, and whether it is new and good.
     * @param {Options} [options]
     * @returns {Entry[]} exactly n names
     * @throws {Error} as `generate` does
     */
    entries(options?: Options): Entry[];
    /**
     * All new names that reach the threshold of their score, the likeliest first. Models for games and stories have about
     * 60 to 350 of them, which the first use finds in less than a second. Blends, large models and models with labels
     * have none.
     * @returns {readonly string[]}
     */
    get goodNames(): readonly string[];
    /**
     * Return a good name by its index in a random order that depends on the seed. Different indexes give different names.
     * Python's `name_at` returns the same names.
     * @param {number} seed a whole number, such as the number of a game's world
     * @param {number} index a whole number below `goodNames.length`, such as the number of a character
     * @returns {string}
     * @throws {Error} if there are fewer good names
     */
    nameAt(seed: number, index: number): string;
    /**
     * Return whether a name isn't in the list that the model was trained on. Letter case, spaces and punctuation don't
     * matter.
     * @param {string} name
     * @returns {boolean | null} null if the model doesn't know its list
     */
    isNew(name: string): boolean | null;
    /**
     * Return the characters that may come after a prefix, the most likely first. Letter case matters in the prefix.
     * @param {string} [prefix]
     * @param {{label?: string | null, temperature?: number}} [options] a model with labels needs a label
     * @returns {Next[]}
     */
    next(prefix?: string, options?: {
        label?: string | null;
        temperature?: number;
    }): Next[];
}
export {};
