const MASK = "***";

/** Names whose values are secrets, in URLs and in connection strings. */
const SECRET_NAME =
  /(?:^|[-_.])(?:key|sig|pwd)$|secret|passw|token|credential|signature|(?:access|account|api)key(?:id)?$/i;
/** The length is bounded so that the search stays linear on any text. */
const ASSIGNMENT = /\b([A-Za-z][\w.-]{0,60})=([^;&\s"']*)/g;
const USER_INFO = /(:\/\/)[^/?#\s]*@/g;

/** True if a value under this name must never be printed. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Masks user information and the values of secret parameters, for error texts and logs. */
export function redact(text: string): string {
  return text
    .replace(USER_INFO, `$1${MASK}@`)
    .replace(ASSIGNMENT, (whole, name: string) => (isSecretName(name) ? `${name}=${MASK}` : whole));
}
