import { invalidArgument } from "../pubsub-error.ts";

/** The fields of a resource that a mask may name, in the proto's spelling. */
export interface MaskRules {
  /** Name of the request, for error texts. */
  readonly request: string;
  /** Name of the resource, for error texts. */
  readonly resource: string;
  readonly mutable: readonly string[];
  readonly immutable: readonly string[];
}

/** Returns the resource with the fields of `given` that the mask names. A path may lead into a field. */
export function applyUpdateMask<Resource extends object>(
  current: Resource,
  given: Resource,
  paths: readonly string[],
  rules: MaskRules,
): Resource {
  if (paths.length === 0) {
    throw invalidArgument(
      `The update_mask in the ${rules.request} must be set, and must contain a valid path.`,
    );
  }
  let updated = current;
  for (const path of paths) {
    checkPath(path.split(".")[0] ?? "", rules);
    updated = withPath(updated, given, path.split(".").map(camelCase));
  }
  return updated;
}

function checkPath(field: string, rules: MaskRules): void {
  if (rules.mutable.includes(field)) return;
  const prefix = `Invalid update_mask provided in the ${rules.request}:`;
  if (rules.immutable.includes(field)) {
    throw invalidArgument(`${prefix} the '${field}' field in the ${rules.resource} is not mutable.`);
  }
  throw invalidArgument(
    `${prefix} '${field}' is not a known ${rules.resource} field. Note that field paths must be of the form 'push_config' rather than 'pushConfig'.`,
  );
}

function withPath<Value extends object>(current: Value, given: Value, path: readonly string[]): Value {
  const [field = "", ...rest] = path;
  const from: unknown = Reflect.get(given, field);
  const to: unknown = Reflect.get(current, field);
  const isDeeper = rest.length > 0 && isRecord(from);
  const value = isDeeper ? withPath(isRecord(to) ? to : {}, from, rest) : from;
  return { ...current, [field]: value };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function camelCase(field: string): string {
  return field.replaceAll(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}
