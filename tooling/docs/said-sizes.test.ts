import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../steps.ts";
import { documents, readDocument } from "./code-fences.ts";
import { saidSizes } from "./said-sizes.ts";

interface Budgets {
  readonly functions: Readonly<
    Record<string, { readonly maxGzipBytes: number; readonly maxImportMs: number }>
  >;
}

/** Documents exempt from the check: decisions keep the sizes of their time, and a run writes its own. */
const RECORDS = /^docs\/decisions\/|^docs\/performance\.md$/u;

test("the limits that documents say are those of the budgets; the sizes, the step `functions` compares", () => {
  const { functions }: Budgets = JSON.parse(readFileSync(join(ROOT, "tooling/budgets.json"), "utf8"));
  for (const { of, kilobytes, maxKilobytes, maxImportMs } of saidSizes()) {
    const { maxGzipBytes, maxImportMs: maxMs } = functions[of] ?? { maxGzipBytes: 0, maxImportMs: 0 };
    expect(kilobytes * 1_000).toBeLessThanOrEqual(maxGzipBytes);
    expect([maxKilobytes ?? maxGzipBytes / 1_000, maxImportMs ?? maxMs]).toEqual([
      maxGzipBytes / 1_000,
      maxMs,
    ]);
  }
});

test("no document says a size that nothing compares", () => {
  const known = saidSizes();
  for (const document of documents().filter((path) => !RECORDS.test(path))) {
    const said = [...readDocument(document).matchAll(/\d+ kB/gu)].map(([text]) => text);
    const compared = known
      .filter((size) => size.document === document)
      .flatMap(({ kilobytes, maxKilobytes }) => [kilobytes, maxKilobytes ?? []].flat());
    expect({ document, said }).toEqual({ document, said: compared.map((size) => `${size} kB`) });
  }
});
