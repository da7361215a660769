// Reduces the descriptors in Google's client to what the emulator's Pub/Sub front serves, so that users
// of the emulator do not have to install the client. Run this file to write the JSON again.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT } from "./steps.ts";

/** The committed descriptor. */
export const PUBSUB_DESCRIPTOR_FILE: string = join(
  ROOT,
  "packages/emulator/src/fronts/pubsub/grpc/pubsub-descriptor.json",
);

const WANTED = [
  "google.pubsub.v1.Publisher",
  "google.pubsub.v1.Subscriber",
  "google.pubsub.v1.SchemaService",
  "google.iam.v1.IAMPolicy",
  "google.rpc.Status",
  "google.rpc.ErrorInfo",
];

interface Field {
  readonly type: string;
  readonly keyType?: string;
}

interface Method {
  readonly requestType: string;
  readonly responseType: string;
}

interface Node {
  readonly nested?: Readonly<Record<string, Node>>;
  readonly fields?: Readonly<Record<string, Field>>;
  readonly methods?: Readonly<Record<string, Method>>;
  readonly values?: Readonly<Record<string, number>>;
}

type MutableNode = { nested?: Record<string, MutableNode> };

/** Returns the text of the descriptor that results from the installed client. */
export function freshPubsubDescriptor(): string {
  const roots = descriptorFiles().map((file): Node => JSON.parse(readFileSync(file, "utf8")));
  const reduced: MutableNode = {};
  const waiting = [...WANTED];
  const taken = new Set<string>();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (taken.has(name)) continue;
    taken.add(name);
    const node = roots.map((root) => find(root, name.split("."))).find((found) => found !== undefined);
    if (node === undefined) throw new Error(`The installed client describes no ${name}.`);
    place(reduced, name.split("."), withoutOptions(node));
    waiting.push(...references(node, name, roots));
  }
  return `${JSON.stringify(sorted(reduced))}\n`;
}

/** The descriptor files of the client and of the gRPC library that it uses. */
function descriptorFiles(): readonly string[] {
  const fromEmulator = createRequire(join(ROOT, "packages/emulator/package.json"));
  const fromClient = createRequire(fromEmulator.resolve("@google-cloud/pubsub"));
  const api = fromClient.resolve("@google-cloud/pubsub-api");
  const gax = createRequire(api).resolve("google-gax");
  return [
    join(api.slice(0, api.lastIndexOf("/build/")), "build/protos/protos.json"),
    join(gax.slice(0, gax.lastIndexOf("/build/")), "build/protos/iam_service.json"),
    join(gax.slice(0, gax.lastIndexOf("/build/")), "build/protos/status.json"),
  ];
}

function find(node: Node, path: readonly string[]): Node | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return node;
  const next = node.nested?.[first];
  return next === undefined ? undefined : find(next, rest);
}

function place(root: MutableNode, path: readonly string[], node: Node): void {
  let parent = root;
  for (const part of path.slice(0, -1)) {
    parent.nested ??= {};
    parent = parent.nested[part] ??= {};
  }
  parent.nested ??= {};
  const name = path.at(-1) ?? "";
  parent.nested[name] = structuredClone(node) as MutableNode;
}

/** Full names of the top-level types that a type, or a type nested in it, mentions. */
function references(node: Node, name: string, roots: readonly Node[]): readonly string[] {
  const mentioned = [
    ...Object.values(node.fields ?? {}).map((field) => field.type),
    ...Object.values(node.methods ?? {}).flatMap((method) => [method.requestType, method.responseType]),
  ];
  const direct = mentioned.flatMap((type) => resolve(type, name, roots));
  const below = Object.entries(node.nested ?? {}).flatMap(([child, inner]) =>
    references(inner, `${name}.${child}`, roots),
  );
  return [...direct, ...below];
}

/** Resolves a name relative to its place, from the innermost scope outwards. Scalars resolve to nothing. */
function resolve(type: string, from: string, roots: readonly Node[]): readonly string[] {
  for (let scope = from.split("."); ; scope = scope.slice(0, -1)) {
    const path = [...scope, ...type.split(".")];
    const owner = topLevel(path, roots);
    if (owner !== undefined) return [owner];
    if (scope.length === 0) return [];
  }
}

/** The outermost type on a path, which has to be copied as a whole. */
function topLevel(path: readonly string[], roots: readonly Node[]): string | undefined {
  for (const root of roots) {
    if (find(root, path) === undefined) continue;
    for (let length = 1; length <= path.length; length += 1) {
      const node = find(root, path.slice(0, length));
      if (node?.fields !== undefined || node?.values !== undefined || node?.methods !== undefined) {
        return path.slice(0, length).join(".");
      }
    }
  }
  return undefined;
}

/** Removes options: they describe the REST mapping and the fields' purpose, which gRPC does not need. */
function withoutOptions(node: Node): Node {
  const drop = new Set(["options", "parsedOptions", "comment", "edition", "reserved"]);
  // A field can also be named "options". Unlike options, it has an id.
  const isKept = (key: string, value: unknown): boolean =>
    !drop.has(key) || (typeof value === "object" && value !== null && "id" in value);
  return JSON.parse(JSON.stringify(node, (key, value: unknown) => (isKept(key, value) ? value : undefined)));
}

/** Sorts namespaces by name, so that the order in which types were found does not matter. */
function sorted(node: MutableNode): MutableNode {
  if (node.nested === undefined) return node;
  const entries = Object.entries(node.nested).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return { ...node, nested: Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)])) };
}

if (process.argv[1] === import.meta.filename) writeFileSync(PUBSUB_DESCRIPTOR_FILE, freshPubsubDescriptor());
