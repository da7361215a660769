/** Members that may be undefined are absent instead. */
type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** A copy without the members that are undefined. */
export function withoutUndefined<T extends object>(given: T): Defined<T> {
  const kept = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as Defined<T>; // the same members, but for those
}
