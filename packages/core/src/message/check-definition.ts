import type { Feature } from "../driver/capabilities.ts";
import {
  expects,
  functionProblems,
  isRecord,
  kindOf,
  optionProblems,
  refuseProblems,
  type Checks,
} from "../errors/check-options.ts";
import { deadLetterProblems, positiveProblems, retryProblems } from "./check-policy.ts";
import { json } from "./codec.ts";
import { withoutUndefined } from "./without-undefined.ts";
import type { DefineOptions, Ordered, QueuePolicy } from "./define-options.ts";
import type { DefinitionDetails } from "./queue-definition.ts";
import type { StandardSchemaV1 } from "./standard-schema.ts";

/** Vendor name of the schema that checks nothing. The engine never calls it. */
export const UNCHECKED = "anyqueue-unchecked";
const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$/;
const FEATURES: readonly Feature[] = ["ordering", "deduplication", "delay", "ttl"];
/** The core can hold or drop a message itself. It can neither create order nor recognise a duplicate. */
const EMULATED: readonly Feature[] = ["delay", "ttl"];
const DEFINITION: Checks = {
  schema: expects("a Standard Schema (version 1)", isStandardSchema),
  codec: expects("{ contentType, encode, decode }", isCodec),
  needs: (value, where) => featureProblems(value, FEATURES, where),
  emulate: (value, where) => featureProblems(value, EMULATED, where),
  id: functionProblems,
  orderingKey: functionProblems,
  retry: retryProblems,
  lease: positiveProblems,
  deadLetter: deadLetterProblems,
};

/** Returns the details of a definition, or throws one error with everything that is wrong with it. */
export function checkDefinition(
  kind: "queue" | "topic",
  name: string,
  options: object = {},
): DefinitionDetails {
  const where = `${kind} ${JSON.stringify(name)}`;
  refuseProblems([...nameProblems(name, where), ...optionProblems(options, DEFINITION, where)]);
  return resolveDetails(kind, name, options);
}

function resolveDetails(kind: "queue" | "topic", name: string, given: object): DefinitionDetails {
  // Checked above: everything else was refused.
  const options = given as Partial<DefineOptions<StandardSchemaV1, Feature, Feature> & Ordered<unknown>>;
  const { schema, codec, needs = [], emulate = [], id, orderingKey, retry, lease, deadLetter } = options;
  const isChecked = schema !== undefined && schema["~standard"].vendor !== UNCHECKED;
  return {
    kind,
    name,
    ...(isChecked ? { schema } : {}),
    codec: codec ?? json(),
    needs: Object.freeze([...new Set(orderingKey === undefined ? needs : [...needs, "ordering" as const])]),
    emulate: Object.freeze([...new Set(emulate)]),
    ...(id === undefined ? {} : { id }),
    ...(orderingKey === undefined ? {} : { orderingKey }),
    policy: Object.freeze(withoutUndefined({ retry, lease, deadLetter })),
  };
}

/** Returns the problems of a name of a queue, topic or subscription. */
export function nameProblems(name: unknown, where: string): string[] {
  if (typeof name === "string" && NAME_PATTERN.test(name)) return [];
  return [
    `${where}: a name has 1 to 80 of A-Z, a-z, 0-9, "_" and "-" and begins with a letter or digit; ` +
      "the configuration's `queues` say what it is called at the provider",
  ];
}

function featureProblems(list: unknown, known: readonly string[], where: string): string[] {
  if (!Array.isArray(list)) return [`${where}: expected an array, got ${kindOf(list)}`];
  return list
    .filter((item) => !known.includes(item))
    .map((item) => `${where}: expected some of ${known.join(", ")}, got ${JSON.stringify(item)}`);
}

/** In some libraries schemas are functions. */
function isStandardSchema(value: unknown): boolean {
  if (typeof value !== "function" && !isRecord(value)) return false;
  const standard: unknown = Reflect.get(value, "~standard");
  return isRecord(standard) && standard["version"] === 1 && typeof standard["validate"] === "function";
}

function isCodec(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { contentType, encode, decode } = value;
  return typeof contentType === "string" && typeof encode === "function" && typeof decode === "function";
}

/** Overlays one policy with another, member by member; `undefined` keeps the base's value. */
export function overlay<T extends QueuePolicy>(base: T, over: T): T {
  const merged = { ...base, ...withoutUndefined(over) };
  if (base.retry === undefined || over.retry === undefined) return merged;
  return { ...merged, retry: { ...base.retry, ...withoutUndefined(over.retry) } };
}
