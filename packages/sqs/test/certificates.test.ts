import { once } from "node:events";
import { Agent, createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates, type TlsOptions, type TLSSocket } from "node:tls";
import type { QueueAdapter } from "@anyqueue/core/adapter";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { makeCertificate } from "../../emulator/src/net/make-certificate.ts";
import type { SqsOptions } from "../src/index.ts";
import { never, openAdapter, rejection, standard } from "./open-adapter.ts";

const LONG_AGO_MS = 30 * 365 * 86_400_000;
const ours = makeCertificate("sqs.company.example", Date.now());
const expired = makeCertificate("sqs.company.example", Date.now() - LONG_AGO_MS);
const trusted = getCACertificates("default");
/** The names in the client certificates, one per request. */
const seen: unknown[] = [];

beforeEach(() => {
  seen.length = 0;
});

afterEach(() => setDefaultCACertificates(trusted));

/** Connects to a server with TLS that finds every queue. */
async function connect(
  server: TlsOptions,
  options: SqsOptions = {},
  host = "localhost",
): Promise<QueueAdapter> {
  const { key, cert } = ours;
  const secured = createServer({ key, cert, ...server }, (request, response) => {
    seen.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
    request.resume();
    response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
    response.end(JSON.stringify({ QueueUrl: "https://localhost/123456789012/orders" }));
  });
  secured.on("tlsClientError", () => {});
  secured.listen(0, "localhost");
  await once(secured, "listening");
  const adapter = openAdapter(`https://${host}:${(secured.address() as AddressInfo).port}`, { options });
  onTestFinished(() => {
    void adapter.close();
    secured.closeAllConnections();
    secured.close();
  });
  return adapter;
}

async function opens(adapter: QueueAdapter): Promise<void> {
  await adapter.openProducer(standard(adapter)).open?.(never);
}

async function classified(adapter: QueueAdapter): Promise<unknown> {
  return adapter.classify(await rejection(opens(adapter)), "send");
}

const refused = { code: "UNAUTHENTICATED", retryable: false, ambiguous: false };

test("a certificate that nobody vouches for is no matter of waiting", async () => {
  const remedy = expect.stringContaining("NODE_EXTRA_CA_CERTS");
  expect(await classified(await connect({}))).toEqual({
    ...refused,
    providerCode: "SELF_SIGNED_CERT_IN_CHAIN",
    remedy,
  });
  expect(seen).toEqual([]);
});

test("nor is one that has expired", async () => {
  setDefaultCACertificates([...trusted, expired.ca]);
  const { key, cert } = expired;
  const remedy = expect.stringContaining("renewed");
  expect(await classified(await connect({ key, cert }))).toEqual({
    ...refused,
    providerCode: "CERT_HAS_EXPIRED",
    remedy,
  });
});

test("a private authority that Node.js trusts is trusted", async () => {
  setDefaultCACertificates([...trusted, ours.ca]);
  await opens(await connect({}));
  expect(seen).toEqual([undefined]);
});

test("and so is one of an agent of the application's", async () => {
  const httpsAgent = new Agent({ keepAlive: true, ca: ours.ca });
  await opens(await connect({}, { clientOptions: { requestHandler: { httpsAgent } } }));
  expect(seen).toEqual([undefined]);
});

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "by %s, a server that wants a client certificate says so",
  async (version) => {
    setDefaultCACertificates([...trusted, ours.ca]);
    const adapter = await connect({
      requestCert: true,
      ca: ours.ca,
      minVersion: version,
      maxVersion: version,
    });
    const remedy = expect.stringContaining("client certificate");
    expect(await classified(adapter)).toMatchObject({ ...refused, remedy });
    expect(seen).toEqual([]);
  },
);

test("and gets it by an agent of the application's", async () => {
  const httpsAgent = new Agent({ keepAlive: true, ca: ours.ca, key: ours.key, cert: ours.cert });
  await opens(
    await connect(
      { requestCert: true, rejectUnauthorized: false },
      { clientOptions: { requestHandler: { httpsAgent } } },
    ),
  );
  expect(seen).toEqual([expect.any(String)]);
});
