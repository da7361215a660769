/**
 * The same value, whose rejection ends no process if it is a promise: of a function of the application that is asked for a
 * value and gives a promise, or of work whose result may not be looked at.
 */
export function unheard<Value>(value: Value): Value {
  if (value instanceof Promise) value.catch(ignore);
  return value;
}

function ignore(): void {}
