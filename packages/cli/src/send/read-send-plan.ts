import type { Duration } from "@anyqueue/core";
import { durationFlag } from "../duration-flag.ts";
import { parseFlags, type FlagKinds, type ParsedFlags } from "../parse-flags.ts";
import { queueArgument } from "../queue-argument.ts";
import { UsageError } from "../usage-error.ts";
import { bodyFormat, type BodyFormat } from "./body-format.ts";

/** Where the bodies come from. */
export type BodySource =
  | { readonly kind: "argument"; readonly text: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stdin" };

/** What one call of `anyqueue send` should do. */
export interface SendPlan {
  readonly queue: string;
  readonly url: string | undefined;
  readonly source: BodySource;
  readonly isByLine: boolean;
  readonly format: BodyFormat;
  readonly isJson: boolean;
  readonly key: string | undefined;
  readonly id: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly delay: Duration | undefined;
  readonly ttl: Duration | undefined;
}

const FLAGS: FlagKinds = {
  url: "value",
  lines: "flag",
  file: "value",
  key: "value",
  id: "value",
  attribute: "values",
  delay: "value",
  ttl: "value",
  text: "flag",
  binary: "flag",
  "content-type": "value",
  json: "flag",
  help: "flag",
};

/** Returns undefined if the help was asked for. @throws UsageError */
export function readSendPlan(args: readonly string[], isInputTyped: boolean): SendPlan | undefined {
  const flags = parseFlags("send", args, FLAGS);
  if (flags.has("help")) return undefined;
  const queue = queueArgument("send", flags);
  const isByLine = flags.has("lines");
  const id = flags.value("id");
  if (isByLine && id !== undefined) throw mistake("--id names one message, --lines sends many.");
  return {
    queue,
    url: flags.value("url"),
    source: readSource(flags, isByLine, isInputTyped),
    isByLine,
    format: readFormat(flags),
    isJson: flags.has("json"),
    key: flags.value("key"),
    id,
    attributes: readAttributes(flags),
    delay: durationFlag("send", flags, "delay"),
    ttl: durationFlag("send", flags, "ttl"),
  };
}

function readSource(flags: ParsedFlags, isByLine: boolean, isInputTyped: boolean): BodySource {
  const [, body, ...surplus] = flags.positionals;
  const path = flags.value("file");
  // Surplus arguments may be part of the body, so they are not repeated.
  if (surplus.length > 0) {
    throw mistake("too many arguments. Put the body in quotes, so that the shell passes it as one argument.");
  }
  if (body !== undefined && path !== undefined)
    throw mistake("there is a body, and a --file: only one can be sent.");
  if (body !== undefined && body !== "-") {
    if (isByLine) throw mistake("--lines reads standard input or a --file, but there is a body argument.");
    return { kind: "argument", text: body };
  }
  if (path !== undefined) return { kind: "file", path };
  if (body === undefined && !isByLine && isInputTyped) {
    throw mistake('what shall be sent? Give a body, --file <path>, or "-" to type it.');
  }
  return { kind: "stdin" };
}

function readFormat(flags: ParsedFlags): BodyFormat {
  const contentType = flags.value("content-type");
  if (contentType !== undefined && !CONTENT_TYPE.test(contentType)) {
    throw mistake('--content-type must look like "application/json" or "text/plain; charset=utf-8".');
  }
  if (flags.has("text") && flags.has("binary")) throw mistake("a body is --text or --binary, not both.");
  const kind = flags.has("text") ? "text" : flags.has("binary") ? "binary" : undefined;
  return bodyFormat(kind, contentType);
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1 (2026-11-24), enough to find typing errors. */
const CONTENT_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?:\s*;[ -~]*)?$/;

function readAttributes(flags: ParsedFlags): Readonly<Record<string, string>> {
  const attributes = new Map<string, string>();
  for (const given of flags.values("attribute")) {
    const equals = given.indexOf("=");
    if (equals < 1) throw mistake("--attribute is written name=value.");
    const name = given.slice(0, equals);
    if (attributes.has(name)) throw mistake(`the attribute "${name}" was given twice.`);
    attributes.set(name, given.slice(equals + 1));
  }
  return Object.fromEntries(attributes);
}

function mistake(what: string): UsageError {
  return new UsageError(`anyqueue send: ${what}`);
}
