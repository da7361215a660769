import { missingParameter, sqsError } from "../sqs-errors.ts";

/**
 * The members of a request in the shape of the JSON protocol. Each one is checked when it is read. Numbers
 * may be text, because the query protocol has nothing else.
 */
export class OperationInput {
  readonly #members: Readonly<Record<string, unknown>>;

  constructor(members: Readonly<Record<string, unknown>>) {
    this.#members = members;
  }

  /** Null counts as absent, as in the real service. */
  has(name: string): boolean {
    return this.#members[name] !== undefined && this.#members[name] !== null;
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined || value === "") throw missingParameter(name);
    return value;
  }

  /** Like the service, casts numbers and booleans to text, and refuses lists and structures. */
  optionalText(name: string): string | undefined {
    return this.has(name) ? castToText(this.#members[name]) : undefined;
  }

  integer(name: string): number {
    const value = this.optionalInteger(name);
    if (value === undefined) throw missingParameter(name);
    return value;
  }

  optionalInteger(name: string): number | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#members[name];
    const number = typeof value === "string" && /^-?[0-9]+$/.test(value) ? Number(value) : value;
    if (typeof number !== "number" || !Number.isSafeInteger(number)) {
      throw sqsError("MalformedInput", `${nameOfToken(value)} can not be converted to an Integer`);
    }
    return number;
  }

  textList(name: string): readonly string[] {
    return this.#list(name).map(castToText);
  }

  textMap(name: string): Map<string, string> {
    const map = new Map<string, string>();
    for (const [key, value] of Object.entries(this.#object(name))) {
      map.set(key, castToText(value));
    }
    return map;
  }

  inputList(name: string): readonly OperationInput[] {
    return this.#list(name).map((item) => {
      if (!isRecord(item)) throw wrongType(name, "a list of structures");
      return new OperationInput(item);
    });
  }

  inputMap(name: string): Map<string, OperationInput> {
    const map = new Map<string, OperationInput>();
    for (const [key, value] of Object.entries(this.#object(name))) {
      if (!isRecord(value)) throw wrongType(name, "a map of structures");
      map.set(key, new OperationInput(value));
    }
    return map;
  }

  #list(name: string): readonly unknown[] {
    if (!this.has(name)) return [];
    const value = this.#members[name];
    if (!Array.isArray(value)) throw wrongType(name, "a list");
    return value;
  }

  #object(name: string): Readonly<Record<string, unknown>> {
    if (!this.has(name)) return {};
    const value = this.#members[name];
    if (!isRecord(value)) throw wrongType(name, "a map");
    return value;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function castToText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw sqsError(
    "MalformedInput",
    `Start of ${Array.isArray(value) ? "list" : "structure or map"} found where not expected.`,
  );
}

/** The service's word for the value in its message about a failed conversion. */
function nameOfToken(value: unknown): string {
  if (typeof value === "boolean") return value ? "TRUE_VALUE" : "FALSE_VALUE";
  if (typeof value === "number") return "DECIMAL_VALUE";
  return typeof value === "string" ? "STRING_VALUE" : "START_STRUCTURE";
}

function wrongType(name: string, expected: string): Error {
  return sqsError("MalformedInput", `Member ${name} must be ${expected}.`);
}
