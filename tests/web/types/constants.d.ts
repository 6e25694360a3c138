// The constants that namegen/web/export.py writes after the JavaScript.

declare const OPTIONS: Record<keyof NameRequest, Option>;
declare const PASTED: string[];
declare const MODEL_FILE_VERSION: number;
declare const PROFANITY: { hashes: string[]; start: number; longest: number };
declare const FORMAT: string;
declare const FORMAT_VERSION: number;
