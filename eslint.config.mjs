// The rules for the JavaScript of namegen/web. TypeScript checks types and unknown names (jsconfig.json).

import js from "@eslint/js";
import globals from "globals";

/** Names that explain nothing (see the style guide). */
const EMPTY_NAMES = ["one", "found", "told", "said", "own", "what", "asked", "wished"];

export default [
  { ignores: ["*", "!namegen", "namegen/*", "!namegen/web", "!eslint.config.mjs"] },
  js.configs.recommended,
  {
    rules: {
      complexity: ["error", 20],
      eqeqeq: "error",
      "id-denylist": ["error", ...EMPTY_NAMES],
      "max-depth": ["error", 3],
      "max-len": ["error", { code: 120 }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      "max-params": ["error", 6],
      "no-else-return": "error",
      "no-nested-ternary": "error",
      "no-shadow": "error",
      "no-unused-vars": ["error", { vars: "local", argsIgnorePattern: "^_" }],
      "no-use-before-define": "off",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  {
    files: ["namegen/web/*.js", "namegen/web/learning/*.js"],
    languageOptions: { sourceType: "script", ecmaVersion: 2023, globals: globals.browser },
    // Python joins the files, so that each of them uses names of the others.
    rules: { "no-undef": "off" },
  },
  { files: ["namegen/web/module.js"], languageOptions: { sourceType: "module" } },
];
