// Metadata that the Functions host passes beside a message's body.
// Names: ServiceBusTriggerBindingStrategy of azure-sdk-for-net; spelling and values: @azure/functions 4.16.5,
// fromRpcTriggerMetadata and fromRpcTypedData. https://github.com/Azure/azure-functions-nodejs-library (2026-11-29)
//
// On the way, every text is tried as JSON ("42" arrives as a number), every name gets a small first letter,
// 64-bit numbers may arrive in two halves, and lists omit empty values: nothing is taken at its word here.

/** Metadata of one message; a value is absent if the host did not pass it in a form that can be trusted. */
export interface MessageMetadata {
  readonly messageId?: string;
  readonly sessionId?: string;
  readonly correlationId?: string;
  readonly contentType?: string;
  readonly subject?: string;
  readonly replyTo?: string;
  readonly lockToken?: string;
  readonly deadLetterSource?: string;
  /** Digits. */
  readonly sequenceNumber?: string;
  /** From 1. */
  readonly deliveryCount?: number;
  readonly enqueuedAtMs?: number;
  readonly expiresAtMs?: number;
  readonly properties: Readonly<Record<string, unknown>>;
}

const TEXTS = [
  ["messageId", "messageid"],
  ["sessionId", "sessionid"],
  ["correlationId", "correlationid"],
  ["contentType", "contenttype"],
  ["subject", "subject", "label"],
  ["replyTo", "replyto"],
  ["lockToken", "locktoken"],
  ["deadLetterSource", "deadlettersource"],
] as const;

const OTHERS = [
  ["sequencenumber", "deliverycount", "enqueuedtimeutc", "enqueuedtime", "expiresatutc", "expiresat"],
  ["applicationproperties", "userproperties"],
];
const NAMES: readonly string[] = [...TEXTS.flatMap(([, ...names]) => names), ...OTHERS.flat()];

/**
 * If a body came as the text of a JSON object, the host lets each member that is not a list or null stand for
 * the metadata of its name.
 * Utility.ApplyBindingData of https://github.com/Azure/azure-functions-host (2026-11-30)
 */
export function standIns(body: unknown): readonly (readonly [name: string, value: unknown])[] {
  if (!isRecord(body) || body instanceof Uint8Array) return [];
  return Object.entries(body).filter(([, value]) => value !== null && !Array.isArray(value));
}

/** The names, in lower case, of the metadata that the body hides. */
export function hiddenBy(body: unknown): ReadonlySet<string> {
  // The host accepts more texts as JSON than JavaScript does.
  const text = typeof body === "string" ? body.trim().toLowerCase() : "";
  if (text.startsWith("{") && text.endsWith("}")) return new Set(NAMES.filter((name) => text.includes(name)));
  return new Set(standIns(body).map(([name]) => name.toLowerCase()));
}

/** The year by which .NET means "never". */
const NEVER = 9999;

/** Reads metadata by message; without `many` there is one message. */
export class TriggerMetadata {
  /** By name in lower case. */
  readonly #values: ReadonlyMap<string, unknown>;
  /** Undefined for cardinality `one`. */
  readonly #many: number | undefined;
  /** Names that would be read if they were not hidden. */
  readonly hidden: readonly string[];

  /**
   * @param many number of messages of the call, for cardinality `many`
   * @param hidden names in lower case that are not to be trusted
   */
  constructor(metadata: unknown, many: number | undefined, hidden: ReadonlySet<string> = new Set()) {
    this.#many = many;
    const entries = isRecord(metadata) ? Object.entries(metadata) : [];
    const all = new Map(entries.map(([name, value]) => [name.toLowerCase(), value]));
    this.hidden = NAMES.filter((name) => hidden.has(name) && all.delete(name));
    this.#values = all;
  }

  /** How many messages the host reports; undefined if it does not say. */
  get count(): number | undefined {
    // The host leaves nothing out of these lists.
    for (const name of ["deliverycountarray", "sequencenumberarray", "applicationpropertiesarray"]) {
      const list = listOf(this.#values.get(name));
      if (list !== undefined) return list.length;
    }
    return undefined;
  }

  of(index: number): MessageMetadata {
    const value = (...names: readonly string[]): unknown => this.#first(names, index);
    const texts = TEXTS.map(([field, ...names]) => [field, textOf(value(...names))] as const);
    const sequenceNumber = digitsOf(value("sequencenumber"));
    const deliveryCount = Number(digitsOf(value("deliverycount")) ?? Number.NaN);
    const enqueuedAtMs = timeOf(value("enqueuedtimeutc", "enqueuedtime"));
    const expiresAtMs = timeOf(value("expiresatutc", "expiresat"));
    return {
      ...Object.fromEntries(texts.filter(([, text]) => text !== undefined)),
      ...(sequenceNumber !== undefined && { sequenceNumber }),
      ...(deliveryCount >= 1 && { deliveryCount }),
      ...(enqueuedAtMs !== undefined && { enqueuedAtMs }),
      ...(expiresAtMs !== undefined && { expiresAtMs }),
      properties: recordOf(value("applicationproperties", "userproperties")),
    };
  }

  #first(names: readonly string[], index: number): unknown {
    for (const name of names) {
      const value = this.#many === undefined ? this.#values.get(name) : this.#listed(name, index, this.#many);
      if (value !== undefined && value !== null) return value;
    }
    return undefined;
  }

  /** A list whose length differs from the number of messages has left some out, and nobody knows which. */
  #listed(name: string, index: number, many: number): unknown {
    const list = listOf(this.#values.get(`${name}array`));
    return list?.length === many ? list[index] : undefined;
  }
}

function listOf(value: unknown): readonly unknown[] | undefined {
  const list = typeof value === "string" ? parsed(value) : value;
  return Array.isArray(list) ? list : undefined;
}

/** A text that JSON took for a number is restored, unless the number is too long for that. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "number") return undefined;
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? String(value) : undefined;
}

function digitsOf(value: unknown): string | undefined {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined;
  if (typeof value === "string") return /^\d+$/.test(value) ? value : undefined;
  // A Long, or what is left of one after @azure/functions has changed its names.
  const { low, high } = recordOf(value);
  if (typeof low !== "number" || typeof high !== "number") return undefined;
  return ((BigInt.asUintN(32, BigInt(high)) << 32n) | BigInt.asUintN(32, BigInt(low))).toString();
}

/** .NET leaves out the zone of some times; all of them are UTC. */
function timeOf(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime();
  if (typeof value !== "string") return undefined;
  const date = new Date(/(?:Z|[+-]\d\d:\d\d)$/i.test(value) ? value : `${value}Z`);
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() >= NEVER ? undefined : date.getTime();
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  const record = typeof value === "string" ? parsed(value) : value;
  return isRecord(record) ? record : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
