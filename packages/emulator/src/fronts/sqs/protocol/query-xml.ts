import type { OperationOutput, OutputValue } from "../operations/operation.ts";

type Members = NonNullable<OperationOutput>;

/** Maps of the JSON protocol that the query protocol writes as repeated elements with key and value. */
const MAP_ELEMENTS: Readonly<Record<string, readonly [element: string, key: string]>> = {
  Attributes: ["Attribute", "Name"],
  MessageAttributes: ["MessageAttribute", "Name"],
  Tags: ["Tag", "Key"],
};

const LIST_ELEMENTS: Readonly<Record<string, string>> = {
  QueueUrls: "QueueUrl",
  queueUrls: "QueueUrl",
  Messages: "Message",
  Failed: "BatchResultErrorEntry",
  Results: "ListMessageMoveTasksResultEntry",
};

/** Renders the members of an output as XML. Lists and maps are flattened: no element encloses them. */
export function renderMembers(operation: string, members: Members): string {
  return Object.entries(members)
    .map(([name, value]) => renderMember(operation, name, value))
    .join("");
}

export function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

/** Escapes carriage returns too, because XML parsers turn a bare one into a line feed. */
export function escapeText(text: string): string {
  return text.replaceAll(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#xD;",
};

function renderMember(operation: string, name: string, value: OutputValue): string {
  if (value === undefined) return "";
  if (isList(value)) {
    const itemName = name === "Successful" ? `${operation}ResultEntry` : (LIST_ELEMENTS[name] ?? name);
    return value.map((item) => renderMember(operation, itemName, item)).join("");
  }
  if (typeof value !== "object") return element(name, escapeText(String(value)));
  const map = MAP_ELEMENTS[name];
  if (map === undefined) return element(name, renderMembers(operation, value));
  return Object.entries(value)
    .map(([key, item]) =>
      element(map[0], `${element(map[1], escapeText(key))}${renderMember(operation, "Value", item)}`),
    )
    .join("");
}

/** Array.isArray does not narrow readonly arrays. */
function isList(value: OutputValue): value is readonly OutputValue[] {
  return Array.isArray(value);
}
