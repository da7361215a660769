/**
 * Gives a record a member of its own, whatever its name. The JSON and the attribute maps of strangers may carry the name
 * `__proto__`, which an assignment would lose, or make the prototype of the record. Every other name is assigned:
 * `Object.defineProperty` takes ten times as long.
 */
export function setOwn<Value>(record: Record<string, Value>, name: string, value: Value): void {
  if (name === "__proto__")
    Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
  else record[name] = value;
}
