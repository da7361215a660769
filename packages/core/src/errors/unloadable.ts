import { QueueError } from "./queue-error.ts";

/**
 * The error of a vendor's package that was imported in vain. One that is there and does not load is no missing package:
 * a bundle for ESM, say, has no `require` for what the SDK asks of Node.js.
 *
 * @param install what `npm install` needs, where that is not the name alone
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
