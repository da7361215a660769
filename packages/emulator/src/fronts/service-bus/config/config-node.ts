import { EmulatorError } from "../../../emulator-error.ts";
import { parseDuration } from "../iso-duration.ts";

/** One object of a configuration, with its path. Members that it lacks read as undefined. */
export class ConfigNode {
  /** `UserConfig.Namespaces[0].Queues[1]` */
  readonly path: string;
  readonly #members: ReadonlyMap<string, unknown>;

  /** Refuses values that are not objects, and unknown members: a typo must not silently give a default. */
  constructor(value: unknown, path: string, known: readonly string[] | "any") {
    this.path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw invalid(path, "an object", value);
    this.#members = new Map(Object.entries(value).filter(([, member]) => member !== undefined));
    for (const name of this.#members.keys()) {
      if (known === "any" || known.includes(name)) continue;
      throw new EmulatorError(
        "INVALID_OPTION",
        `${under(path, name)} in the Service Bus configuration is not known. Known: ${known.join(", ")}.`,
      );
    }
  }

  names(): readonly string[] {
    return [...this.#members.keys()];
  }

  /** Returns the object under this name, if present. */
  node(name: string, known: readonly string[] | "any"): ConfigNode | undefined {
    const value = this.#members.get(name);
    return value === undefined ? undefined : new ConfigNode(value, under(this.path, name), known);
  }

  /** Returns the list of objects under this name, or an empty list. */
  nodes(name: string, known: readonly string[]): readonly ConfigNode[] {
    const value = this.#members.get(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw invalid(under(this.path, name), "a list", value);
    return value.map((item, index) => new ConfigNode(item, `${under(this.path, name)}[${index}]`, known));
  }

  /** Returns the value, or throws if it is missing. */
  required<Value>(name: string, value: Value | undefined): Value {
    if (value !== undefined) return value;
    throw invalid(under(this.path, name), "given", undefined);
  }

  text(name: string): string | undefined {
    return this.#read(name, "a text", (value) => (typeof value === "string" ? value : undefined));
  }

  flag(name: string): boolean | undefined {
    return this.#read(name, "true or false", (value) => (typeof value === "boolean" ? value : undefined));
  }

  integer(name: string): number | undefined {
    const read = (value: unknown) => (Number.isInteger(value) ? Number(value) : undefined);
    return this.#read(name, "a whole number", read);
  }

  durationMs(name: string): number | undefined {
    return this.#read(name, "an ISO 8601 duration such as PT1M", (value) =>
      typeof value === "string" ? parseDuration(value) : undefined,
    );
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const find = (value: unknown) => choices.find((choice) => choice === value);
    return this.#read(name, `one of ${choices.join(", ")}`, find);
  }

  /** Reads the value of an application property. */
  scalar(name: string): string | number | boolean | undefined {
    return this.#read(name, "a text, a number, true or false", (value) =>
      typeof value === "string" || typeof value === "number" || typeof value === "boolean"
        ? value
        : undefined,
    );
  }

  #read<Value>(
    name: string,
    expected: string,
    read: (value: unknown) => Value | undefined,
  ): Value | undefined {
    const value = this.#members.get(name);
    if (value === undefined) return undefined;
    const result = read(value);
    if (result === undefined) throw invalid(under(this.path, name), expected, value);
    return result;
  }
}

function under(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function invalid(path: string, expected: string, got: unknown): EmulatorError {
  return new EmulatorError(
    "INVALID_OPTION",
    `${path === "" ? "The Service Bus configuration" : path} must be ${expected}, got ${JSON.stringify(got) ?? "nothing"}.`,
  );
}
