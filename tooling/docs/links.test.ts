import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../steps.ts";
import { documents, readDocument } from "./code-fences.ts";

const LINK = /\]\((?<target>[^()\s]+)\)/gu;
const FENCE = /^(?<ticks>`{3,})[\s\S]*?^\k<ticks>$/gmu;

test("every link inside the repository leads to a file and to a heading that exist", () => {
  expect(documents().flatMap(brokenLinks)).toEqual([]);
});

test("a README of a package has no relative links: the page of a registry resolves them by `repository`, which none has", () => {
  const readmes = documents().filter((path) => /^packages\/[^/]+\/README\.md$/u.test(path));
  expect(readmes.length).toBeGreaterThan(5);
  expect(readmes.flatMap((readme) => links(readme).map((target) => `${readme}: ${target}`))).toEqual([]);
});

function brokenLinks(document: string): readonly string[] {
  return links(document)
    .filter((target) => !isReachable(document, target))
    .map((target) => `${document} links to ${target}`);
}

/** Links inside the repository, in the order of the document. */
function links(document: string): readonly string[] {
  const targets = [...prose(document).matchAll(LINK)].map((match) => match.groups?.["target"] ?? "");
  return targets.filter((target) => !/^[a-z]+:/u.test(target));
}

function isReachable(document: string, target: string): boolean {
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? document : join(dirname(document), file);
  if (!existsSync(join(ROOT, path))) return false;
  return anchor === undefined || !path.endsWith(".md") || anchors(path).has(anchor);
}

const anchorsOf = new Map<string, ReadonlySet<string>>();

/** The ids that code hosts generate for headings. */
function anchors(document: string): ReadonlySet<string> {
  const known = anchorsOf.get(document) ?? headingIds(document);
  anchorsOf.set(document, known);
  return known;
}

function headingIds(document: string): ReadonlySet<string> {
  const headings = [...prose(document).matchAll(/^#+ (?<title>.+)$/gmu)].map(
    (match) => match.groups?.["title"] ?? "",
  );
  return new Set(
    headings.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, "")
        .trim()
        .replaceAll(/\s/gu, "-"),
    ),
  );
}

/** A document without its code, because brackets mean something else in code. */
function prose(document: string): string {
  return readDocument(document).replaceAll(FENCE, "");
}
