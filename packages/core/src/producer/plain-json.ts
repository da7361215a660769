/**
 * True for a value that JSON certainly carries as it is: finite numbers, text, plain objects and arrays of such. What may
 * change on the way (an undefined property, a date, a `toJSON`) is worth a closer look, which is slower.
 */
export function isPlainJson(value: unknown): boolean {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || "toJSON" in value) return false;
  return Array.isArray(value) ? isPlainArray(value) : isPlainObject(value);
}

function isPlainObject(value: object): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const key in value) if (!isPlainJson(Reflect.get(value, key))) return false;
  return true;
}

/** Neither holes nor names beside the indices. */
function isPlainArray(value: readonly unknown[]): boolean {
  if (Object.getPrototypeOf(value) !== Array.prototype || Object.keys(value).length !== value.length)
    return false;
  return value.every(isPlainJson);
}
