import { refuseProblems, unknownKey } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import { holdsCredentials, isSecretName, redact } from "../errors/redact.ts";

/** A parsed connection URL, free of credentials. */
export interface ConnectionUrl {
  /** The part before the colon, in lower case: `"sqs"`. */
  readonly scheme: string;
  /** The part between `//` and the path: region, namespace, project; "" if there is none. */
  readonly authority: string;
  /** The path with its leading slash; "" if there is none. */
  readonly path: string;
  /** The decoded parameters after the question mark, by name. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The URL, safe to print: parameters that may hold secrets are masked. */
  readonly text: string;
}

/** `scheme:` alone, or `scheme://authority/path?parameters`. */
const SHAPE = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#]*)(\/[^?#]*)?)?(?:\?([^#]*))?$/;
const AUTHORITY = /^[\w.~:[\]-]*$/;
/** Connection URLs have no fragment. A "#" may be part of a secret, whose rest follows it. */
const FRAGMENT = /#[^]*$/;

/**
 * Reads a connection URL.
 * @throws INVALID_ARGUMENT if it is malformed or holds credentials; the error's text shows none of them
 */
export function parseUrl(text: string, field = "url"): ConnectionUrl {
  const read = typeof text === "string" ? readUrl(text) : "is not a string";
  if (typeof read !== "string") return read;
  throw new QueueError("INVALID_ARGUMENT", {
    what: `${field}: ${shown(text, read)} ${read}`,
    remedy:
      read === CREDENTIALS
        ? CREDENTIALS_REMEDY
        : 'Write "scheme://place?parameter=value", such as "sqs://eu-west-1".',
  });
}

/** Returns a URL's parameters. @throws INVALID_ARGUMENT for an unknown one, with the one probably meant */
export function readParameters<Key extends string>(
  url: ConnectionUrl,
  known: readonly Key[],
): { readonly [K in Key]?: string } {
  const unknown = Object.keys(url.parameters).filter((key) => !known.some((name) => name === key));
  refuseProblems(unknown.map((key) => unknownKey(key, known, url.text)));
  // The cast is safe: every key was compared with `known` above.
  return url.parameters as { readonly [K in Key]?: string };
}

/**
 * Refuses a plaintext endpoint on another machine unless the URL says `?plaintext=allow`.
 * `endpoint` is a URL or `host:port`; only `https:`, `wss:` and `amqps:` count as encrypted.
 * @throws INVALID_ARGUMENT
 */
export function loopbackOrRefuse(endpoint: string, url: ConnectionUrl): void {
  const parsed = endpointUrl(endpoint);
  if (parsed === undefined || parsed.hostname === "") {
    throw new QueueError("INVALID_ARGUMENT", {
      what: `endpoint ${JSON.stringify(redact(endpoint))} of ${url.text} is neither a URL nor host:port`,
      remedy: 'Write it as "http://127.0.0.1:4566" or "127.0.0.1:5672".',
    });
  }
  const isEncrypted = ["https:", "wss:", "amqps:"].includes(parsed.protocol);
  if (isEncrypted || isLoopback(parsed.hostname) || url.parameters["plaintext"] === "allow") return;
  throw new QueueError("INVALID_ARGUMENT", {
    what: `endpoint ${JSON.stringify(redact(endpoint))} of ${url.text} is not encrypted and not on this machine`,
    remedy: "Use https, or add plaintext=allow to the connection's URL if nobody else can read that network.",
  });
}

const CREDENTIALS = "holds credentials, which a URL must not";
const CREDENTIALS_REMEDY =
  "Give them to the provider instead: its options, or the vendor's own environment variables.";

/** Shows only the scheme of a URL with credentials, which may be in any part and in any encoding. */
function shown(text: unknown, problem: string): string {
  if (typeof text !== "string") return typeof text;
  return problem === CREDENTIALS
    ? `"${text.slice(0, text.indexOf(":"))}:***"`
    : JSON.stringify(redact(text.replace(FRAGMENT, "#***")).slice(0, 200));
}

/** Returns what is wrong with the URL if anything is. */
function readUrl(text: string): ConnectionUrl | string {
  if (holdsCredentials(text)) return CREDENTIALS;
  const shape = SHAPE.exec(text);
  if (shape === null) return "is not a URL";
  const [, scheme = "", authority = "", path = "", query = ""] = shape;
  const parameters = [...new URLSearchParams(query)];
  if (parameters.some(([key, value]) => isSecretName(key) || holdsCredentials(value))) return CREDENTIALS;
  const names = parameters.map(([key]) => key);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `has the parameter ${JSON.stringify(twice)} twice`;
  try {
    const url = Object.freeze({
      scheme: scheme.toLowerCase(),
      authority: decodeURIComponent(authority),
      path: decodeURIComponent(path),
      parameters: Object.freeze(Object.fromEntries(parameters)),
      text: redact(text),
    });
    return AUTHORITY.test(url.authority) ? url : "has an illegal character before its path";
  } catch {
    return "has a % that begins no escape";
  }
}

function endpointUrl(endpoint: string): URL | undefined {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint) ? endpoint : `plain://${endpoint}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** RFC 6761 §6.3 (localhost and below), RFC 1122 §3.2.1.3 (127/8), RFC 4291 §2.5.3 (::1). */
function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase();
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === "[::1]" ||
    /^127(?:\.\d{1,3}){3}$/.test(host)
  );
}
