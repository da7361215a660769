import { branchName, isObject, type AvroPrimitive, type AvroType } from "./avro-type.ts";

const MAX_INT = 2 ** 31 - 1;
const LATIN1 = /^[\u0000-\u00ff]*$/;

/** Returns true if a value is one of this type in Avro's JSON encoding. */
export function isAvroJson(type: AvroType, value: unknown): boolean {
  switch (type.kind) {
    case "record":
      return (
        isObject(value) &&
        Object.keys(value).length === type.fields.length &&
        type.fields.every(
          (field) => Object.hasOwn(value, field.name) && isAvroJson(field.type, value[field.name]),
        )
      );
    case "enum":
      return typeof value === "string" && type.symbols.includes(value);
    case "fixed":
      return typeof value === "string" && value.length === type.size && LATIN1.test(value);
    case "array":
      return Array.isArray(value) && value.every((item) => isAvroJson(type.items, item));
    case "map":
      return isObject(value) && Object.values(value).every((item) => isAvroJson(type.values, item));
    case "union":
      return type.branches.some((branch) => isBranch(branch, value));
    case "null":
    case "boolean":
    case "int":
    case "long":
    case "float":
    case "double":
    case "bytes":
    case "string":
      return isPrimitive(type.kind, value);
  }
}

/** Null stands for itself. Any other branch is wrapped in an object under its name. */
function isBranch(branch: AvroType, value: unknown): boolean {
  if (branch.kind === "null") return value === null;
  if (!isObject(value)) return false;
  const [name, ...rest] = Object.keys(value);
  return name === branchName(branch) && rest.length === 0 && isAvroJson(branch, value[name]);
}

function isPrimitive(kind: AvroPrimitive, value: unknown): boolean {
  switch (kind) {
    case "null":
      return value === null;
    case "boolean":
      return typeof value === "boolean";
    case "int":
      return Number.isInteger(value) && Number(value) >= -MAX_INT - 1 && Number(value) <= MAX_INT;
    case "long":
      return Number.isInteger(value);
    case "float":
    case "double":
      return typeof value === "number";
    case "bytes":
      return typeof value === "string" && LATIN1.test(value);
    case "string":
      return typeof value === "string";
  }
}
