/**
 * Sets an own property of a record, whatever its name. Foreign JSON and attribute maps may contain the name
 * `__proto__`: an assignment would lose it, or set the record's prototype. Every other name is assigned,
 * because `Object.defineProperty` takes ten times as long.
 */
export function setOwn<Value>(record: Record<string, Value>, name: string, value: Value): void {
  if (name === "__proto__")
    Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
  else record[name] = value;
}
