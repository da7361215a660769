import { beforeEach, expect, test, vi } from "vitest";
import { connectionRemedy, isCertificateRefusal } from "./connection-remedy.ts";

const byProxy = (names: readonly string[]): string => `${names.join(" and ")} count for nothing.`;

beforeEach(() => {
  for (const name of ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "grpc_proxy"])
    vi.stubEnv(name, "");
});

const PROXY = "http://user:hunter2@proxy:3128";

test.each([
  ["SELF_SIGNED_CERT_IN_CHAIN self-signed certificate in certificate chain", /NODE_EXTRA_CA_CERTS/],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE unable to verify the first certificate", /NODE_EXTRA_CA_CERTS/],
  ["unable to get local issuer certificate", /NODE_EXTRA_CA_CERTS/],
  ["Hostname/IP does not match certificate's altnames: Host: h. is not in the cert's altnames", /host name/],
  ["CERT_HAS_EXPIRED certificate has expired", /renewed/],
  ["certificate is not yet valid", /clock/],
  ["SSL routines:ssl3_read_bytes:tlsv13 alert certificate required", /client certificate/],
  ["SSL routines:ssl3_read_bytes:ssl/tls alert handshake failure", /client certificate/],
])("says what to do about %s, with or without a proxy", (text, remedy) => {
  expect(isCertificateRefusal(text)).toBe(true);
  expect(connectionRemedy(text, byProxy)).toMatch(remedy);
  vi.stubEnv("HTTPS_PROXY", PROXY);
  expect(connectionRemedy(text, byProxy)).toMatch(remedy);
});

test.each([
  "getaddrinfo ENOTFOUND sqs.eu-west-1.amazonaws.com",
  "getaddrinfo EAI_AGAIN h",
  "connect ECONNREFUSED 10.0.0.1:443",
  "14 UNAVAILABLE: Name resolution failed for target dns:pubsub.googleapis.com:443",
  "14 UNAVAILABLE: No connection established. Last error: undefined. Resolution note: ",
  "connect ETIMEDOUT 10.0.0.1:443",
  "did not establish a connection with the server within 5000 ms",
])("names the variable of a proxy, never its value, where nothing was reached: %s", (text) => {
  expect(isCertificateRefusal(text)).toBe(false);
  expect(connectionRemedy(text, byProxy)).toBeUndefined();
  vi.stubEnv("https_proxy", PROXY);
  vi.stubEnv("grpc_proxy", PROXY);
  expect(connectionRemedy(text, byProxy)).toBe(
    "Check network, host name and port. https_proxy is set: https_proxy and grpc_proxy count for nothing.",
  );
});

test.each([
  "connect ECONNREFUSED 127.0.0.1:4566",
  "connect ECONNREFUSED ::1:4566",
  "getaddrinfo ENOTFOUND localhost",
  "read ECONNRESET",
  "write EPIPE",
])("knows nothing better about %s", (text) => {
  vi.stubEnv("HTTPS_PROXY", PROXY);
  expect(connectionRemedy(text, byProxy)).toBeUndefined();
});
