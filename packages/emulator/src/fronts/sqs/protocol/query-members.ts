/**
 * Turns the flat parameters of the query protocol into the members of the JSON protocol:
 * `Attribute.1.Name=A&Attribute.1.Value=B` becomes `{ Attributes: { A: "B" } }`.
 */
export function membersOfForm(form: URLSearchParams): Readonly<Record<string, unknown>> {
  const root: Tree = new Map();
  for (const [name, value] of form) {
    if (!PROTOCOL_PARAMETERS.has(name)) plant(root, name.split(".", MAX_STEPS), value);
  }
  return membersOf(root);
}

type Tree = Map<string, Tree | string>;

/** More than any real name has. A name with a million steps would block the server for minutes. */
const MAX_STEPS = 16;

const PROTOCOL_PARAMETERS = new Set(["Action", "Version"]);

/** Parameters that are maps: member name, then the names of key and value. */
const MAPS: Readonly<Record<string, readonly [member: string, key: string, value: string]>> = {
  Attribute: ["Attributes", "Name", "Value"],
  MessageAttribute: ["MessageAttributes", "Name", "Value"],
  MessageSystemAttribute: ["MessageSystemAttributes", "Name", "Value"],
  Tag: ["Tags", "Key", "Value"],
};

const LISTS: Readonly<Record<string, string>> = {
  AttributeName: "AttributeNames",
  MessageSystemAttributeName: "MessageSystemAttributeNames",
  MessageAttributeName: "MessageAttributeNames",
  TagKey: "TagKeys",
  AWSAccountId: "AWSAccountIds",
  ActionName: "Actions",
  SendMessageBatchRequestEntry: "Entries",
  DeleteMessageBatchRequestEntry: "Entries",
  ChangeMessageVisibilityBatchRequestEntry: "Entries",
  StringListValue: "StringListValues",
  BinaryListValue: "BinaryListValues",
};

/** botocore writes an empty list or map as a parameter with the member's own name and no value. */
const COLLECTIONS = new Set([...Object.values(LISTS), ...Object.values(MAPS).map(([member]) => member)]);

function plant(tree: Tree, path: readonly string[], value: string): void {
  const [step, ...rest] = path;
  if (step === undefined) return;
  if (rest.length === 0) {
    tree.set(step, value);
    return;
  }
  let branch = tree.get(step);
  if (branch === undefined || typeof branch === "string") {
    branch = new Map();
    tree.set(step, branch);
  }
  plant(branch, rest, value);
}

function membersOf(tree: Tree): Readonly<Record<string, unknown>> {
  const members: Record<string, unknown> = {};
  for (const [name, value] of tree) {
    const map = MAPS[name];
    const list = LISTS[name];
    if (map !== undefined && typeof value !== "string") members[map[0]] = mapOf(value, map[1], map[2]);
    else if (list !== undefined) members[list] = listOf(value);
    else if (value !== "" || !COLLECTIONS.has(name)) members[name] = plainValue(value);
  }
  return members;
}

function mapOf(tree: Tree, keyName: string, valueName: string): Readonly<Record<string, unknown>> {
  const entries: (readonly [string, unknown])[] = [];
  for (const item of numbered(tree, keyName)) {
    if (typeof item === "string") continue;
    const key = item.get(keyName);
    // A missing value means the empty string, which removes an attribute.
    if (typeof key === "string") entries.push([key, plainValue(item.get(valueName) ?? "")]);
  }
  // `fromEntries`, because an attribute may be called `__proto__`.
  return Object.fromEntries(entries);
}

/** Accepts `AttributeName=All` without a number as a list of one. */
function listOf(value: Tree | string): readonly unknown[] {
  return typeof value === "string" ? [value] : numbered(value).map(plainValue);
}

/** Items in the order of their numbers. A tree that holds `ownKey` itself is one item without a number. */
function numbered(tree: Tree, ownKey?: string): readonly (Tree | string)[] {
  if (ownKey !== undefined && tree.has(ownKey)) return [tree];
  return [...tree]
    .filter(([step]) => /^[0-9]+$/.test(step))
    .toSorted(([left], [right]) => Number(left) - Number(right))
    .map(([, item]) => item);
}

function plainValue(value: Tree | string): unknown {
  return typeof value === "string" ? value : membersOf(value);
}
