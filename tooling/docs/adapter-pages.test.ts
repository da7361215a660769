import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../steps.ts";

/** All adapter pages share these headings, so that a reader of one finds everything on another. */
const FIXED = ["Open", "Delivery semantics", "Limits", "Encoding", "Errors", "Permissions", "Native access"];

const pages = globSync("docs/adapters/*.md", { cwd: ROOT });

test.each(pages.map((page) => [basename(page), page] as const))(
  "%s has the headings of every adapter's page, in their order",
  (_name, page) => {
    const text = readFileSync(join(ROOT, page), "utf8");
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading ?? "");
    expect(headings.filter((heading) => FIXED.includes(heading))).toEqual(FIXED);
  },
);

test("there are pages", () => {
  expect(pages.length).toBeGreaterThan(3);
});
