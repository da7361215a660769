/**
 * True for a value that JSON certainly preserves: finite numbers, text, and plain objects and arrays of them.
 * Anything that may change (a date, a `toJSON`) needs a closer and slower check. JSON leaves out undefined
 * properties, which read the same afterwards. A schema may see the difference, so they pass only if the
 * caller allows it.
 */
export function isPlainJson(value: unknown, undefinedProperty?: "may leave out"): boolean {
  // Runs for each body sent, so the kinds are checked in the order of their frequency in bodies.
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || "toJSON" in value) return false;
  if (Array.isArray(value)) return isPlainArray(value, undefinedProperty);
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const key in value) {
    // Indexed by the key: `Reflect.get` does not use what `for in` knows of the object.
    const inner = (value as Readonly<Record<string, unknown>>)[key];
    if (inner === undefined && undefinedProperty !== undefined) continue;
    if (!isPlainJson(inner, undefinedProperty)) return false;
  }
  return true;
}

/** True for an array of plain values without holes and without named properties. */
function isPlainArray(value: readonly unknown[], undefinedProperty: "may leave out" | undefined): boolean {
  if (Object.getPrototypeOf(value) !== Array.prototype || Object.keys(value).length !== value.length)
    return false;
  for (const inner of value) if (!isPlainJson(inner, undefinedProperty)) return false;
  return true;
}
