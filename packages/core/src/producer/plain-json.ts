/**
 * True for a value that JSON certainly preserves: finite numbers, text, and plain objects and arrays of them.
 * Anything that may change (a date, a `toJSON`) needs a closer and slower check. JSON leaves out undefined
 * properties, which read the same afterwards. A schema may see the difference, so they pass only if the
 * caller allows it.
 */
export function isPlainJson(value: unknown, undefinedProperty?: "may leave out"): boolean {
  try {
    return isPlain(value, undefinedProperty);
  } catch (error) {
    // Nested too deep for the call stack.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function isPlain(value: unknown, undefinedProperty: "may leave out" | undefined): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object") return typeof value === "string" || typeof value === "boolean";
  if (value === null) return true;
  return Array.isArray(value)
    ? isPlainArray(value, undefinedProperty)
    : isPlainObject(value as Readonly<Record<string, unknown>>, undefinedProperty);
}

function isPlainObject(
  value: Readonly<Record<string, unknown>>,
  undefinedProperty: "may leave out" | undefined,
): boolean {
  // This runs for each body sent. After the read of a property, V8 knows the shape and compares the prototype in place.
  if (value["toJSON"] !== undefined || Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const key in value) {
    const inner = value[key];
    // Most properties are text or numbers, which need no call.
    if (typeof inner === "string" || Number.isFinite(inner)) continue;
    if (inner === undefined ? undefinedProperty === undefined : !isPlain(inner, undefinedProperty))
      return false;
  }
  return true;
}

/** True for an array of plain values without holes and without named properties. */
function isPlainArray(
  value: readonly unknown[] & { readonly toJSON?: unknown },
  undefinedProperty: "may leave out" | undefined,
): boolean {
  if (value.toJSON !== undefined || Object.getPrototypeOf(value) !== Array.prototype) return false;
  // `Object.keys` would make a text of each index.
  if (Object.values(value).length !== value.length) return false;
  for (const inner of value) if (!isPlain(inner, undefinedProperty)) return false;
  return true;
}
