/**
 * True for a value that JSON certainly carries as it is: finite numbers, text, plain objects and arrays of such. What may
 * change on the way (a date, a `toJSON`) is worth a closer look, which is slower. A property that is undefined is left out
 * by JSON and reads the same afterwards; a schema may see the difference, so it passes only if the caller says so.
 */
export function isPlainJson(value: unknown, undefinedProperty?: "may leave out"): boolean {
  // Each body is looked at when it is sent: the kinds are in the order in which they are found in one.
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || "toJSON" in value) return false;
  if (Array.isArray(value)) return isPlainArray(value, undefinedProperty);
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const key in value) {
    // By the key itself: `Reflect.get` does not use what `for in` knows of the object.
    const inner = (value as Readonly<Record<string, unknown>>)[key];
    if (inner === undefined && undefinedProperty !== undefined) continue;
    if (!isPlainJson(inner, undefinedProperty)) return false;
  }
  return true;
}

/** Neither holes nor names beside the indices. */
function isPlainArray(value: readonly unknown[], undefinedProperty: "may leave out" | undefined): boolean {
  if (Object.getPrototypeOf(value) !== Array.prototype || Object.keys(value).length !== value.length)
    return false;
  for (const inner of value) if (!isPlainJson(inner, undefinedProperty)) return false;
  return true;
}
