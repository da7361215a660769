import { QueueError } from "./queue-error.ts";

/**
 * The error for a vendor's package that could not be imported. Tells a missing package from one that is there
 * but does not load: in an ESM bundle, for example, the SDK has no `require` for Node.js modules.
 *
 * @param install the argument of `npm install`, if it is more than the name
 */
export function unloadable(
  name: string,
  cause: unknown,
  { install = name, provider }: { readonly install?: string; readonly provider?: string } = {},
): QueueError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const isMissing = /^Cannot find (?:package|module) /.test(text) && text.includes(name);
  return new QueueError("INVALID_ARGUMENT", {
    what: `the package ${name} cannot be loaded${isMissing ? "" : `: ${text.split("\n", 1)[0]}`}`,
    remedy: isMissing
      ? `Run: npm install ${install}`
      : `If it is part of a bundle, keep it external, or bundle for CommonJS.`,
    provider,
    cause,
  });
}
