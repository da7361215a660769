/** The type without `undefined`: such members are absent instead. */
type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Returns a copy without the members that are undefined. */
export function withoutUndefined<T extends object>(given: T): Defined<T> {
  const kept = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as Defined<T>; // the same members without those
}
