import { createServer, type ServerResponse } from "node:http";
import { once } from "node:events";
import { generateKeyPairSync } from "node:crypto";
import { createVirtualClock } from "@anyqueue/core/testing";
import { afterEach, describe, expect, test } from "vitest";
import { PublicKeys, type JsonWebKeySet } from "./google-keys.ts";
import { pushTokens } from "./push-tokens.ts";

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function idIn(set: JsonWebKeySet): string {
  return String(set.keys[0]?.["kid"]);
}

/** A key server that gives prepared answers and counts its requests. */
async function keyServer(): Promise<{
  readonly url: string;
  asked: number;
  answer: (response: ServerResponse) => void;
}> {
  const state = { url: "", asked: 0, answer: (response: ServerResponse): void => void response.end() };
  const server = createServer((_request, response) => {
    state.asked += 1;
    state.answer(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  state.url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/certs`;
  return state;
}

function keysFor(
  set: JsonWebKeySet,
  headers: Readonly<Record<string, string>>,
): (response: ServerResponse) => void {
  return (response) => void response.writeHead(200, headers).end(JSON.stringify(set));
}

describe("public keys", () => {
  test("of a function that never answers are asked for again: no push waits for ever", async () => {
    const clock = createVirtualClock();
    const set = pushTokens().keys();
    let asked = 0;
    const keys = new PublicKeys(async () => {
      asked += 1;
      return asked === 1 ? await new Promise(() => {}) : set;
    }, clock);
    const hanging = keys.find(idIn(set)).catch((error: unknown) => error);
    await clock.advance("5s");
    expect(await hanging).toMatchObject({ code: "UNAVAILABLE" });
    expect(await keys.find(idIn(set))).toBeDefined();
  });

  test("are fetched once for as long as their answer says, less the age that it has", async () => {
    const clock = createVirtualClock();
    const server = await keyServer();
    const set = pushTokens().keys();
    server.answer = keysFor(set, { "cache-control": "public, max-age=3600, must-revalidate", age: "600" });
    const keys = new PublicKeys(server.url, clock);
    const found = await Promise.all([keys.find(idIn(set)), keys.find(idIn(set))]);
    expect(found.map((key) => key?.algorithm.name)).toEqual(["RSASSA-PKCS1-v1_5", "RSASSA-PKCS1-v1_5"]);
    await clock.advance("2999s");
    await keys.find(idIn(set));
    expect(server.asked).toBe(1);
    await clock.advance("1s");
    await keys.find(idIn(set));
    expect(server.asked).toBe(2);
  });

  test("that are new are found at once, and unknown ones looked for at most twice a minute", async () => {
    const clock = createVirtualClock();
    const server = await keyServer();
    const [older, newer] = [pushTokens().keys(), pushTokens().keys()];
    server.answer = keysFor(older, { "cache-control": "max-age=86400" });
    const keys = new PublicKeys(server.url, clock);
    expect(await keys.find(idIn(older))).toBeDefined();
    await clock.advance("30s");
    server.answer = keysFor({ keys: [...older.keys, ...newer.keys] }, { "cache-control": "max-age=86400" });
    expect(await keys.find(idIn(newer))).toBeDefined();
    expect(server.asked).toBe(2);
    for (let time = 0; time < 5; time += 1) expect(await keys.find("forged")).toBeUndefined();
    expect(server.asked).toBe(2);
    await clock.advance("30s");
    expect(await keys.find("forged")).toBeUndefined();
    expect(server.asked).toBe(3);
  });

  test("that cannot be fetched are not asked for with each forged token either", async () => {
    const clock = createVirtualClock();
    const server = await keyServer();
    const set = pushTokens().keys();
    server.answer = keysFor(set, { "cache-control": "max-age=86400" });
    const keys = new PublicKeys(server.url, clock);
    await keys.find(idIn(set));
    await clock.advance("30s");
    server.answer = (response) => void response.writeHead(500).end();
    await expect(keys.find("forged")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    // Anybody can name a key: each name would be a request to Google.
    for (let time = 0; time < 5; time += 1) expect(await keys.find("forged")).toBeUndefined();
    expect(server.asked).toBe(2);
    expect(await keys.find(idIn(set))).toBeDefined();
  });

  test("that were withdrawn are not used beyond the time of their answer", async () => {
    const clock = createVirtualClock();
    const server = await keyServer();
    const [older, newer] = [pushTokens().keys(), pushTokens().keys()];
    server.answer = keysFor(older, { "cache-control": "max-age=60" });
    const keys = new PublicKeys(server.url, clock);
    await keys.find(idIn(older));
    server.answer = keysFor(newer, {});
    await clock.advance("60s");
    expect(await keys.find(idIn(older))).toBeUndefined();
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ["an error", (response) => void response.writeHead(500).end()],
    ["a redirection", (response) => void response.writeHead(302, { location: "/other" }).end()],
    ["a page", (response) => void response.end("<html>")],
    ["something else in JSON", (response) => void response.end("[]")],
    ["no answer", (response) => void response.destroy()],
  ])("cannot be read from %s: nothing is accepted, and the next token asks again", async (_what, answer) => {
    const server = await keyServer();
    const set = pushTokens().keys();
    server.answer = answer;
    const keys = new PublicKeys(server.url, createVirtualClock());
    await expect(keys.find(idIn(set))).rejects.toMatchObject({ code: "UNAVAILABLE" });
    server.answer = keysFor(set, {});
    expect(await keys.find(idIn(set))).toBeDefined();
  });

  test("are not waited for longer than five seconds", async () => {
    const clock = createVirtualClock();
    const server = await keyServer();
    const asked = Promise.withResolvers<void>();
    server.answer = () => asked.resolve();
    const refused = new PublicKeys(server.url, clock).find("any").catch((error: unknown) => error);
    await asked.promise;
    await clock.advance("5s");
    expect(await refused).toMatchObject({ code: "UNAVAILABLE", cause: { message: "no answer in time" } });
  });

  test("are RSA keys of 2,048 bits or more that are for signing, whatever else a set holds", async () => {
    const short = generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey.export({ format: "jwk" });
    const curve = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
    const [good] = pushTokens().keys().keys;
    const set = {
      keys: [
        { ...short, kid: "short" },
        { ...curve, kid: "curve" },
        { ...good, kid: "for-encryption", use: "enc" },
        { ...good, kid: "other-alg", alg: "RS512" },
        { kty: "RSA", kid: "torn", n: "!" },
        { ...good, kid: undefined },
        { ...good, kid: "good", use: undefined, alg: undefined },
      ],
    };
    const keys = new PublicKeys(() => set, createVirtualClock());
    const ids = ["short", "curve", "for-encryption", "other-alg", "torn", "undefined", "good"];
    const found = await Promise.all(ids.map(async (id) => (await keys.find(id)) !== undefined));
    expect(found).toEqual([false, false, false, false, false, false, true]);
  });
});
