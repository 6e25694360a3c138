// The constants that namegen/web/export.py writes after the JavaScript.

interface SchemaWithDefinitions {
  $ref: string;
  $defs: Record<string, any>;
}

declare const SCHEMAS: { model: SchemaWithDefinitions; metadata: SchemaWithDefinitions };
declare const OPTIONS: Record<keyof NameRequest, Option>;
declare const MODEL_FILE_VERSION: number;
declare const PROFANITY: { hashes: string[]; start: number; longest: number };
declare const FORMAT: string;
declare const FORMAT_VERSION: number;
