/** Lint rules: typescript-eslint strict with types, React hooks, and the rooms of docs/architecture.md as import rules. */
import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import globals from "globals";
import ts from "typescript-eslint";

/** A feature does not import another one, and the document knows no framework. */
const rooms = (files, patterns) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns }] },
});

export default ts.config(
  { ignores: ["dist", "node_modules", "public"] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/consistent-type-imports": "error",
    },
  },
  rooms(["src/document/**"], [
    { group: ["react", "react-dom", "zustand", "@xyflow/*", "@/app/*", "@/features/*", "@/shared/ui/*", "@/shared/graph/*"], message: "The document is free of frameworks." },
  ]),
  rooms(["src/shared/**"], [{ group: ["@/features/*", "@/app/*"], message: "Shared code knows no feature." }]),
  rooms(["src/features/editor/**"], [{ group: ["@/features/home*", "@/features/versions*"], message: "Features do not import each other." }]),
  { files: ["**/*.js"], ...ts.configs.disableTypeChecked },
);
