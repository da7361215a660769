import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { makeCertificate } from "./make-certificate.ts";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 29, 12);

const read = (host = "127.0.0.1", nowMs = NOW) => {
  const { cert, ca, key } = makeCertificate(host, nowMs);
  return { leaf: new X509Certificate(cert), authority: new X509Certificate(ca), key };
};

describe("the certificate of a start", () => {
  test("is signed by its authority, which is another than at the last start", () => {
    const { leaf, authority } = read();
    expect(leaf.checkIssued(authority)).toBe(true);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect(authority.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.verify(read().authority.publicKey)).toBe(false);
  });

  test.each(["127.0.0.1", "::1"])("is for the address %s", (address) => {
    expect(read().leaf.checkIP(address)).toBe(address);
    expect(read().leaf.checkHost("localhost")).toBe("localhost");
    expect(read().leaf.checkIP("127.0.0.2")).toBeUndefined();
  });

  test.each(["fd00::1:2", "2001:db8:1:2:3:4:5:6", "::ffff:10.1.2.3", "fe80::1%eth0"])(
    "is also for the IPv6 address %s that the emulator listens on",
    (address) => {
      expect(read(address).leaf.checkIP(address.replace("%eth0", ""))).toBeDefined();
    },
  );

  test("is also for the name that the emulator listens on, but for no name that means every address", () => {
    expect(read("queues.test").leaf.checkHost("queues.test")).toBe("queues.test");
    expect(read("0.0.0.0").leaf.subjectAltName).not.toContain("0.0.0.0");
  });

  test("is valid from the day before for 397 days in all", () => {
    const { leaf, authority } = read();
    for (const certificate of [leaf, authority]) {
      expect(Date.parse(certificate.validFrom)).toBe(NOW - DAY_MS);
      expect(Date.parse(certificate.validTo)).toBe(NOW + 396 * DAY_MS);
    }
  });

  test("can be valid beyond 2049, where the form of times changes", () => {
    const { leaf } = read("127.0.0.1", Date.UTC(2049, 11, 20));
    expect(Date.parse(leaf.validFrom)).toBe(Date.UTC(2049, 11, 19));
    expect(Date.parse(leaf.validTo)).toBe(Date.UTC(2049, 11, 20) + 396 * DAY_MS);
  });

  test("has a private key that fits", () => {
    const { leaf, key } = read();
    expect(key).toContain("BEGIN PRIVATE KEY");
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  });
});
