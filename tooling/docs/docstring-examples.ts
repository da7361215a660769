import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { filesBelow } from "../files-below.ts";
import { ROOT } from "../steps.ts";
import type { CodeFence } from "./code-fences.ts";

const COMMENT = /\/\*\*(?:(?!\*\/)[^])*\*\//gu;
const WORD = /(?<![\w.'"`/-])[A-Za-z]\w*/gu;

/** The `@example` of every docstring of the packages, each with imports of the names that it uses. */
export function docstringExamples(): readonly CodeFence[] {
  const packages = join(ROOT, "packages");
  return readdirSync(packages)
    .flatMap((name) => filesBelow(join(packages, name, "src")))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .flatMap((path) => examplesIn(relative(ROOT, path).split(sep).join("/"), readFileSync(path, "utf8")));
}

/** The examples in a source file's text. */
export function examplesIn(document: string, text: string): readonly CodeFence[] {
  return [...text.matchAll(COMMENT)].flatMap((comment) => {
    const firstLine = text.slice(0, comment.index).split("\n").length;
    const lines = comment[0].split("\n").map((line) => line.replace(/^\s*\*(?: |$)/u, ""));
    const begin = lines.indexOf("@example") + 1;
    if (begin === 0) return [];
    const rest = lines.slice(begin, -1);
    const end = rest.findIndex((line) => line.startsWith("@"));
    const code = rest.slice(0, end === -1 ? undefined : end).join("\n");
    // The imports take one line, which replaces the line of the tag.
    return [
      {
        document,
        line: firstLine + begin - 1,
        info: "",
        code: `${declarationsFor(code, document)}\n${code}`,
      },
    ];
  });
}

/** Declares, in one line, the names that an example uses but does not declare itself. */
function declarationsFor(code: string, document: string): string {
  const known = { ...exportedNames(), ...STAND_INS };
  // Two packages may export the same name. The example means the one of its own package.
  Object.assign(known, exportedNames(/^packages\/[^/]+/u.exec(document)?.[0]));
  const words = new Set([...code.matchAll(WORD)].map(([word]) => word));
  return [...words]
    .filter((word) => Object.hasOwn(known, word) && !new RegExp(`\\bconst ${word}\\b`, "u").test(code))
    .map((word) => known[word])
    .join(" ");
}

/** An import for each name that the packages export, according to their API reports. */
function exportedNames(folder = "packages"): Record<string, string> {
  const remembered = imports.get(folder);
  if (remembered !== undefined) return remembered;
  const names: Record<string, string> = {};
  for (const report of filesBelow(join(ROOT, folder)).filter((path) => path.endsWith(".api.md"))) {
    const [, packageName = ""] = /"(.+)"/u.exec(readFileSync(report, "utf8")) ?? [];
    const entry = /([\w-]+)\.api\.md$/u.exec(report)?.[1] ?? "index";
    const specifier = entry === "index" ? packageName : `${packageName}/${entry}`;
    for (const [, kind = "", name = ""] of readFileSync(report, "utf8").matchAll(EXPORT)) {
      const isType = kind === "interface" || kind === "type";
      if (entry === "index" || names[name] === undefined)
        names[name] = `import { ${isType ? "type " : ""}${name} } from "${specifier}";`;
    }
  }
  imports.set(folder, names);
  return names;
}

const EXPORT = /^export (function|class|const|interface|type) (\w+)/gmu;
const imports = new Map<string, Record<string, string>>();

const ORDER = "{ readonly orderId: string }";
const queueOf = (body: string): string =>
  `import("@anyqueue/core").QueueDefinition<${body}, ${body}, never, never>`;

/** What examples assume: an application's definitions, client and handler, and third-party packages. */
const STAND_INS: Readonly<Record<string, string>> = {
  Order: `type Order = ${ORDER};`,
  orders: `declare const orders: ${queueOf(ORDER)};`,
  invoices: `declare const invoices: ${queueOf("unknown")};`,
  accounts: `declare const accounts: ${queueOf('{ type: "opened"; owner: string } | { type: "closed"; reason: string }')};`,
  placed: `declare const placed: import("@anyqueue/core").TopicDefinition<${ORDER}, ${ORDER}, never, never>;`,
  client: 'declare const client: import("@anyqueue/core").QueueClient;',
  consumer: `declare const consumer: import("@anyqueue/core").QueueConsumer<${ORDER}>;`,
  onOrder: `declare const onOrder: import("@anyqueue/core").Handler<${ORDER}>;`,
  onInvoice: 'declare const onInvoice: import("@anyqueue/core").Handler<unknown>;',
  charge: `declare function charge(order: ${ORDER}, options: { signal: AbortSignal }): Promise<void>;`,
  save: `declare function save(order: ${ORDER}): Promise<void>;`,
  url: "declare const url: string;",
  error: "declare const error: unknown;",
  response: "declare const response: Response;",
  customer: "declare const customer: object | undefined;",
  histogram: "declare const histogram: { record(value: number, attributes: object): void };",
  currentTenant: "declare function currentTenant(): string;",
  withTenant:
    "declare function withTenant<T>(tenant: string | undefined, run: () => Promise<T>): Promise<T>;",
  connectionString: "declare const connectionString: string;",
  memoryHarness: 'declare const memoryHarness: import("@anyqueue/conformance").Harness;',
  z: 'import { z } from "zod";',
  createServer: 'import { createServer } from "node:http";',
  app: 'import { app } from "@azure/functions";',
  cloudEvent: "declare function cloudEvent(name: string, handler: (event: never) => Promise<void>): void;",
  SQSClient: "declare const SQSClient: new (options: object) => object;",
  ServiceBusAdministrationClient:
    'declare const ServiceBusAdministrationClient: new (text: string) => import("@anyqueue/emulator").PipelineClient;',
  test: 'import { test } from "vitest";',
  afterAll: 'import { afterAll } from "vitest";',
};
