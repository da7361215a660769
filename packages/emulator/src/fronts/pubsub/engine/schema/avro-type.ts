/** A compiled Avro schema. https://avro.apache.org/docs/1.11.1/specification/ (2026-11-29) */
export type AvroType =
  | { readonly kind: AvroPrimitive }
  | { readonly kind: "record"; readonly name: string; readonly fields: readonly AvroField[] }
  | { readonly kind: "enum"; readonly name: string; readonly symbols: readonly string[] }
  | { readonly kind: "fixed"; readonly name: string; readonly size: number }
  | { readonly kind: "array"; readonly items: AvroType }
  | { readonly kind: "map"; readonly values: AvroType }
  | { readonly kind: "union"; readonly branches: readonly AvroType[] };

export type AvroPrimitive = "null" | "boolean" | "int" | "long" | "float" | "double" | "bytes" | "string";

interface AvroField {
  readonly name: string;
  readonly type: AvroType;
}

const PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"] as const;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/;

/** Throws an Error with the reason if the definition is not an Avro schema. */
export function compileAvro(definition: string): AvroType {
  let parsed: unknown;
  try {
    parsed = JSON.parse(definition);
  } catch {
    throw new Error("the definition is not JSON");
  }
  return new AvroCompiler().compile(parsed, "");
}

class AvroCompiler {
  readonly #named = new Map<string, AvroType>();

  compile(schema: unknown, namespace: string): AvroType {
    if (typeof schema === "string") return this.#reference(schema, namespace);
    if (Array.isArray(schema)) return this.#union(schema, namespace);
    if (!isObject(schema)) throw new Error(`${JSON.stringify(schema)} is no schema`);
    const kind = schema["type"];
    switch (kind) {
      case "record":
        return this.#record(schema, namespace);
      case "enum":
        return this.#enum(schema, namespace);
      case "fixed":
        return this.#fixed(schema, namespace);
      case "array":
        return { kind, items: this.compile(schema["items"], namespace) };
      case "map":
        return { kind, values: this.compile(schema["values"], namespace) };
      default:
        return this.compile(kind, namespace);
    }
  }

  #reference(name: string, namespace: string): AvroType {
    const primitive = PRIMITIVES.find((known) => known === name);
    if (primitive !== undefined) return { kind: primitive };
    const found = this.#named.get(fullName(name, namespace)) ?? this.#named.get(name);
    if (found === undefined) throw new Error(`the type ${JSON.stringify(name)} is not defined`);
    return found;
  }

  #union(schemas: readonly unknown[], namespace: string): AvroType {
    const branches = schemas.map((branch) => this.compile(branch, namespace));
    if (branches.some(({ kind }) => kind === "union")) throw new Error("a union holds a union");
    const names = branches.map(branchName);
    if (new Set(names).size < names.length) throw new Error("a union holds a type twice");
    return { kind: "union", branches };
  }

  #record(schema: Readonly<Record<string, unknown>>, namespace: string): AvroType {
    const name = this.#define(schema, namespace);
    const inner = name.slice(0, Math.max(0, name.lastIndexOf(".")));
    const given = schema["fields"];
    if (!Array.isArray(given)) throw new Error(`the record ${name} has no fields`);
    // Registered by name before its fields are read, because a field may have this very type.
    const fields: AvroField[] = [];
    const record: AvroType = { kind: "record", name, fields };
    this.#named.set(name, record);
    for (const field of given) {
      if (!isObject(field) || typeof field["name"] !== "string" || !NAME.test(field["name"])) {
        throw new Error(`a field of ${name} has no name`);
      }
      fields.push({ name: field["name"], type: this.compile(field["type"], inner) });
    }
    return record;
  }

  #enum(schema: Readonly<Record<string, unknown>>, namespace: string): AvroType {
    const name = this.#define(schema, namespace);
    const symbols = schema["symbols"];
    if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === "string")) {
      throw new Error(`the enum ${name} has no symbols`);
    }
    const type: AvroType = { kind: "enum", name, symbols };
    this.#named.set(name, type);
    return type;
  }

  #fixed(schema: Readonly<Record<string, unknown>>, namespace: string): AvroType {
    const name = this.#define(schema, namespace);
    const size = schema["size"];
    if (typeof size !== "number" || !Number.isInteger(size) || size < 0) {
      throw new Error(`the fixed type ${name} has no size`);
    }
    const type: AvroType = { kind: "fixed", name, size };
    this.#named.set(name, type);
    return type;
  }

  #define(schema: Readonly<Record<string, unknown>>, namespace: string): string {
    const own = schema["namespace"];
    const given = schema["name"];
    if (typeof given !== "string" || !NAME.test(given)) throw new Error("a named type has no valid name");
    const name = fullName(given, typeof own === "string" ? own : namespace);
    if (this.#named.has(name)) throw new Error(`the type ${name} is defined twice`);
    return name;
  }
}

/** Name of a union's branch in JSON. */
export function branchName(type: AvroType): string {
  return "name" in type ? type.name : type.kind;
}

function fullName(name: string, namespace: string): string {
  return name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
