import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../steps.ts";

test("the generated documents are what their data says", () => {
  const check = (): string =>
    execFileSync(process.execPath, [join(ROOT, "tooling/generate-docs.mjs"), "--check"], {
      encoding: "utf8",
      stdio: "pipe",
    });
  expect(check).not.toThrow();
});
