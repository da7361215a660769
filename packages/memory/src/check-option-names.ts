import { queueError, suggest } from "@anyqueue/core/adapter";

/** @throws INVALID_ARGUMENT if `options` is not an object or has an unknown key */
export function checkOptionNames(options: unknown, known: readonly string[], of: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw queueError("INVALID_ARGUMENT", {
      what: `${of}(): expected an object of options`,
      remedy: `Write ${of}() or ${of}({ create: "explicit" }).`,
      provider: "memory",
    });
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = suggest(name, known);
    throw queueError("INVALID_ARGUMENT", {
      what: `${of}(): unknown option ${JSON.stringify(name)}`,
      remedy: meant === undefined ? `Known: ${known.join(", ")}.` : `Did you mean ${JSON.stringify(meant)}?`,
      provider: "memory",
    });
  }
}
