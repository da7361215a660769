import { field } from "./field.ts";

const PAGE_REMEDIES: Readonly<Record<number, string>> = {
  407: "the proxy asks for credentials of its own.",
  413: "let the gateway take larger requests, or send smaller messages.",
  431: "let the gateway take longer headers, as a session token needs.",
};

const FOREIGN: ReadonlySet<string> = new Set(["SyntaxError", "Unknown", "UnknownError"]);

/** A page may be large, and only its beginning is looked at. */
const MAX_READ_CHARS = 4_096;
const MAX_LINE_LENGTH = 120;
/** A page may repeat the request: its headers as `name: value`, its body as a form. */
const SECRET =
  /\b[\w-]*(?:authorization|token|credential|signature|secret|password|cookie|body|handle)[\w-]*["']?\s*[:=].*/i;

/**
 * Has an error over an answer that SQS did not give say what came. The SDK says "UnknownError", or what its JSON
 * parser expected.
 */
export function describeForeignAnswer(error: unknown): void {
  const response = field(error, "$response");
  const status = field(response, "statusCode");
  if (!(error instanceof Error) || !isForeignAnswer(error.name, status)) return;
  // The SDK has read a member `message`.
  const isTold = error.name === "Unknown" && error.message !== "UnknownError";
  const line = firstLine(isTold ? error.message : textOf(field(response, "body")));
  error.message = `the answer is none of SQS's: status ${status}, ${line === "" ? "no text" : JSON.stringify(line)}`;
}

/** True for what the SDK throws over an answer without the name of an error in JSON. */
function isForeignAnswer(name: string, status: unknown): status is number {
  if (typeof status !== "number") return false;
  // Releases 3.946 to 3.994 of the SDK fail over pages of errors, too.
  return FOREIGN.has(name) || (name === "TypeError" && status >= 400);
}

/** Says what to do. Whoever stands in front of SQS gave the answer. */
export function remedyOfForeignAnswer(name: string, status: unknown): string | undefined {
  if (!isForeignAnswer(name, status)) return undefined;
  const what = PAGE_REMEDIES[status] ?? "look at proxies and the endpoint.";
  return `The answer (status ${status}) is none of SQS's: ${what}`;
}

/** Returns the title of a page, and then its text. The SDK leaves bytes or a text; other clients a stream. */
function textOf(body: unknown): string {
  if (typeof body !== "string" && !(body instanceof Uint8Array)) return "";
  const begin = body.slice(0, MAX_READ_CHARS);
  const text = typeof begin === "string" ? begin : new TextDecoder().decode(begin);
  const [, title = ""] = /<title[^>]*>([^<]+)/i.exec(text) ?? [];
  return `${title}\n${text.replaceAll(/<[^>]*>?/g, "")}`;
}

/** Returns the first line with a text, without what may be secret. */
function firstLine(text: string): string {
  const [first = ""] = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  // JSON may hold the messages of the request.
  return first
    .replace(/[{[].*/, "…")
    .replace(SECRET, "…")
    .trim()
    .slice(0, MAX_LINE_LENGTH);
}
