import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { foldEntries } from "./fold-entries.ts";

function folded(files: Readonly<Record<string, string>>): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "fold-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [file, code] of Object.entries(files)) writeFileSync(join(folder, file), code);
  foldEntries(folder);
  return Object.fromEntries(
    readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );
}

const OTHER = "import { deep } from './chunk-B.js';\n";

test("a chunk that an entry only names becomes the entry, and others take the rest of it under internal names", () => {
  const files = folded({
    "index.js":
      "export { a, b } from './chunk-A.js';\nimport './chunk-B.js';\n//# sourceMappingURL=index.js.map",
    "index.js.map": "of the names",
    "chunk-A.js": `${OTHER}\nexport { a, x as b, c, y as d };\n//# sourceMappingURL=chunk-A.js.map\n`,
    "chunk-A.js.map": "of the code",
    "chunk-B.js": "export { deep };\n",
    "admin.js": "import { a, c as C, d } from './chunk-A.js';\n",
    "testing.js": "export { b, c } from './chunk-A.js';\nimport './chunk-A.js';\n",
  });
  expect(files).toEqual({
    "index.js": `${OTHER}\nexport { a, x as b, c as internal$c, y as internal$d };\n//# sourceMappingURL=index.js.map\n`,
    "index.js.map": "of the code",
    "chunk-B.js": "export { deep };\n",
    "admin.js": "import { a, internal$c as C, internal$d as d } from './index.js';\n",
    "testing.js": "export { b, internal$c as c } from './index.js';\nimport './index.js';\n",
  });
});

test("an entry with code of its own stays as it is", () => {
  const files = { "index.js": `${OTHER}console.log(deep);\n`, "chunk-B.js": "export { deep };\n" };
  expect(folded(files)).toEqual(files);
});
