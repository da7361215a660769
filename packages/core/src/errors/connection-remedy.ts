/** Variables that name a proxy; the remedy names the first one set. Their values may hold a password. */
const PROXIES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "grpc_proxy"] as const;
/** The last alternative is what gRPC (1.14.7) says of a proxy that opened no tunnel. */
const UNREACHED =
  /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)\b|name resolution failed|did not establish a connection|no connection established\. Last error: undefined/i;
/** A connection to this machine does not go through a proxy. */
const LOCAL = /\b(?:127(?:\.\d+){3}|localhost)\b|::1\b/;
/** Texts of Node.js and OpenSSL: the server wants a client certificate, or no TLS version fits both. */
const ALERT =
  /\balert (?:certificate required|(?:bad|unknown|unsupported) certificate|unknown ca|handshake failure)/i;
const OUT_OF_DATE = /\bcertificate (?:has expired|is not yet valid)/i;
const UNTRUSTED =
  /self-signed certificate|unable to (?:verify|get)(?: \w+)* certificate|does not match certificate's altnames|certificate (?:not trusted|rejected|revoked|chain too long|signature failure)|invalid CA certificate/i;

/** True for an error text that says that one side did not accept the other's certificate. */
export function isCertificateRefusal(text: string): boolean {
  return ALERT.test(text) || OUT_OF_DATE.test(text) || UNTRUSTED.test(text);
}

/**
 * Returns what to do about a connection that did not open, as far as its error and the environment tell.
 *
 * @param text the code and message of the error
 * @param byProxy returns a sentence on how connections of this provider go through a proxy; gets the names of
 * the set variables
 * @returns undefined if nothing better is known than the code's remedy
 */
export function connectionRemedy(
  text: string,
  byProxy: (variables: readonly string[]) => string,
): string | undefined {
  if (ALERT.test(text)) return "The server requires a client certificate, or another version of TLS.";
  if (OUT_OF_DATE.test(text)) return "Have the server's certificate renewed, or set this machine's clock.";
  if (UNTRUSTED.test(text)) {
    return "Correct the host name, or name the file of the certificate authority in NODE_EXTRA_CA_CERTS before Node.js starts.";
  }
  if (!UNREACHED.test(text) || LOCAL.test(text)) return undefined;
  // The environment changes no behaviour here: it only adds the name of a variable to an error's text.
  const set = PROXIES.filter((name) => (process.env[name] ?? "") !== "");
  return set.length === 0
    ? undefined
    : `Check network, host name and port. ${set[0]} is set: ${byProxy(set)}`;
}
