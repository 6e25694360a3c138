// The values of the options in namegen/web/options.json, written by make_module_types.py.

interface NameRequest {
  n: number;
  startsWith: string;
  contains: string;
  endsWith: string;
  minLength: number | null;
  maxLength: number | null;
  letterCase: "original" | "title" | "upper" | "lower" | null;
  allowSeen: boolean;
  unfiltered: boolean;
  temperature: number;
  seed: number | null;
  label: string | null;
  excludeWords: readonly string[];
  allowProfanity: boolean;
}
