/**
 * Returns the value, and keeps its rejection from ending the process if it is a promise. For application
 * functions that should return a plain value, and for work whose result may never be awaited.
 */
export function unheard<Value>(value: Value): Value {
  if (value instanceof Promise) value.catch(ignore);
  return value;
}

function ignore(): void {}
