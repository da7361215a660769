const MASK = "***";

/** Names whose values are secrets, in URLs and in connection strings. */
const SECRET_NAME =
  /(?:^|[-_.])(?:key|sig|sas|pwd?|pass|auth|jwt|bearer)$|secret|passw|token|credential|signature|authorization|(?:access|account|api)key(?:id)?$/i;
/** The length is bounded so that the search stays linear on any text. */
const ASSIGNMENT = /\b([A-Za-z][\w.-]{0,60})=/g;
const VALUE = /[^;&\s"']*/y;
/** A password may hold slashes, as AWS secret keys do. A port followed by a path is not one. */
const USER_INFO = /(:\/\/)(?:[^/?#\s]*|[^/?#\s@:]+:(?!\d+[/?#])[^\s"'@]{0,500})@/g;
/**
 * Any text before an "@" may hold a password, whatever its characters. Only a path without a host, such as a
 * file's, can contain an "@" of its own.
 */
const CREDENTIALS = /^[^:]*:(?!\/\/\/)[^]*(?:@|%40)/i;

/** What begins another line of a log or steers a terminal. */
/* oxlint-disable-next-line no-control-regex -- the characters in question */
const CONTROL = /[\0-\u001F\u007F-\u009F\u2028\u2029]/g;

/** True if a value under this name must never be printed. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** True for a URL, name or address with user and password or a secret: refuse it and never print it. */
export function holdsCredentials(text: string): boolean {
  return CREDENTIALS.test(text) || maskAssignments(text) !== text;
}

/**
 * For texts in errors and logs: masks user information and the values of secret parameters. Control
 * characters are written as in a URL (`%0A`), because the text may come from outside.
 */
export function redact(text: string): string {
  return maskAssignments(text.replace(USER_INFO, `$1${MASK}@`)).replace(CONTROL, encodeURIComponent);
}

/** As `redact`, for a text of any length: what is shown of it has 200 characters at most. */
export function redactShort(text: string): string {
  // Masked before it is cut further: half a secret is not recognised.
  return redact(text.slice(0, 1_000)).slice(0, 200);
}

/** Works value by value, because the value of a harmless name may be a URL that holds secrets. */
function maskAssignments(text: string): string {
  let masked = "";
  let copiedTo = 0;
  ASSIGNMENT.lastIndex = 0;
  for (let found = ASSIGNMENT.exec(text); found !== null; found = ASSIGNMENT.exec(text)) {
    if (!isSecretName(found[1] ?? "")) continue;
    VALUE.lastIndex = ASSIGNMENT.lastIndex;
    masked += text.slice(copiedTo, ASSIGNMENT.lastIndex) + MASK;
    copiedTo = ASSIGNMENT.lastIndex += VALUE.exec(text)?.[0].length ?? 0;
  }
  return masked + text.slice(copiedTo);
}
