import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { der } from "./der.ts";

/** What a TLS server presents and what its clients must trust, all as PEM. */
export interface ServerCertificate {
  readonly key: string;
  /** The server's certificate, followed by its authority's. */
  readonly cert: string;
  /** The authority that signed it. */
  readonly ca: string;
}

const DAY_MS = 86_400_000;
// Some clients refuse certificates that are valid for longer: https://support.apple.com/en-us/102028 (2026-11-29)
const VALID_DAYS = 397;
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"];

const OID = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;

/**
 * Makes a certificate for loopback, and for `host` if that is another name, under an authority of its own
 * whose key is dropped at once. X.509 version 3: https://www.rfc-editor.org/rfc/rfc5280 (2026-11-29). It is
 * new each time: with a key shipped in the package, anybody could pose as the server.
 */
export function makeCertificate(host: string, nowMs: number): ServerCertificate {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authorityId = keyId(authority.publicKey);
  const issuer = nameOf("anyqueue emulator CA");
  const signed = (subject: Buffer, publicKey: KeyObject, extensions: readonly Buffer[]): string =>
    toPem(signCertificate({ issuer, subject, publicKey, extensions, nowMs }, authority.privateKey));
  const ca = signed(issuer, authority.publicKey, [
    extension(OID.basicConstraints, der.sequence(der.true()), true),
    extension(OID.keyUsage, der.bits(Buffer.of(KEY_USAGE.signCertificates), 2), true),
    extension(OID.subjectKeyId, der.octets(authorityId)),
  ]);
  const leaf = signed(nameOf("localhost"), server.publicKey, [
    extension(OID.basicConstraints, der.sequence(), true),
    extension(OID.keyUsage, der.bits(Buffer.of(KEY_USAGE.signMessages), 7), true),
    extension(OID.extendedKeyUsage, der.sequence(der.oid(OID.serverAuth))),
    extension(OID.subjectAltName, der.sequence(...alternativeNames(host))),
    extension(OID.subjectKeyId, der.octets(keyId(server.publicKey))),
    extension(OID.authorityKeyId, der.sequence(der.context(0, false, authorityId))),
  ]);
  const key = server.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { key, cert: leaf + ca, ca };
}

/** Bits count from the left: https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.3 (2026-11-29). */
const KEY_USAGE = { signMessages: 0x80, signCertificates: 0x04 } as const;

interface CertificateParts {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly nowMs: number;
}

function signCertificate(parts: CertificateParts, signingKey: KeyObject): Buffer {
  const algorithm = der.sequence(der.oid(OID.ecdsaWithSha256));
  const body = der.sequence(
    der.context(0, true, der.integer(Buffer.of(2))),
    der.integer(serialNumber()),
    algorithm,
    parts.issuer,
    // Backdated by a day, for clients whose clock is slightly slow.
    der.sequence(der.time(parts.nowMs - DAY_MS), der.time(parts.nowMs + (VALID_DAYS - 1) * DAY_MS)),
    parts.subject,
    parts.publicKey.export({ type: "spki", format: "der" }),
    der.context(3, true, der.sequence(...parts.extensions)),
  );
  return der.sequence(body, algorithm, der.bits(sign("sha256", body, signingKey)));
}

function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes;
}

function nameOf(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.oid(OID.commonName), der.text(commonName))));
}

function extension(oid: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [der.true()] : [];
  return der.sequence(der.oid(oid), ...critical, der.octets(value));
}

function alternativeNames(host: string): readonly Buffer[] {
  const isEveryAddress = host === "0.0.0.0" || host === "::";
  const names = new Set(isEveryAddress ? LOOPBACK_NAMES : [...LOOPBACK_NAMES, host]);
  return [...names].map((name) => {
    if (isIP(name) === 0) return der.context(2, false, Buffer.from(name));
    return der.context(7, false, addressBytes(name));
  });
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  // WHATWG URLs normalise an address to its shortest form, with an IPv4 tail in hexadecimal.
  const shortest = new URL(`http://[${address.replace(/%.*$/, "")}]`).hostname.slice(1, -1);
  const [head = "", tail] = shortest.split("::");
  const groups = (text: string | undefined) => (text === undefined || text === "" ? [] : text.split(":"));
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: missing }, () => "0"), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function keyId(key: KeyObject): Buffer {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20);
}

function toPem(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
