import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { buildApp } from "fauxqs";
import { createSqsServer } from "local-aws-sqs";
import type { Partner as AnyPartner } from "../../../../tooling/conformance/on-partner.ts";
import { freePort } from "../../../../tooling/free-port.ts";

const HOST = "127.0.0.1";
const REGION = "eu-west-1";
const ACCOUNT = "000000000000";
const MOTO_SERIES = "5.2.";
const MOTO_START_LIMIT_MS = 60_000;

/** An SQS server written by somebody else, running on loopback. */
export interface Partner extends AnyPartner {
  readonly name: "fauxqs" | "local-aws-sqs" | "moto";
}

/** https://github.com/kibertoad/fauxqs (2.4.1). Its command line listens on every address, so it is embedded. */
export const FAUXQS: Partner = {
  name: "fauxqs",
  missing: () => undefined,
  async start() {
    const app = buildApp({ logger: false });
    const endpoint = await app.listen({ port: 0, host: HOST });
    return {
      endpoint,
      async close() {
        app.server.closeAllConnections();
        await app.close();
      },
    };
  },
};

/** https://github.com/Inqnuam/local-aws-sqs (2.0.2), without its minute between deleting and creating a queue. */
export const LOCAL_AWS_SQS: Partner = {
  name: "local-aws-sqs",
  missing: () => undefined,
  async start() {
    const server = await createSqsServer({
      port: 0,
      hostname: HOST,
      accountId: ACCOUNT,
      region: REGION,
      emulateQueueCreationLifecycle: false,
    });
    return {
      endpoint: `http://${HOST}:${portOf(server.address())}`,
      async close() {
        const closed = once(server, "close");
        server.close();
        server.closeAllConnections();
        await closed;
      },
    };
  },
};

/** https://docs.getmoto.org/en/latest/docs/server_mode.html, in a process of its own. */
export const MOTO: Partner = {
  name: "moto",
  missing() {
    const code = "import moto, moto.server; print(moto.__version__)";
    const found = spawnSync("python3", ["-c", code], { encoding: "utf8" });
    if (found.status !== 0) return "python3 has no moto.server here (pip install 'moto[server]')";
    const version = found.stdout.trim();
    return version.startsWith(MOTO_SERIES)
      ? undefined
      : `the recorded answers are those of moto ${MOTO_SERIES}x, and this is ${version}`;
  },
  async start() {
    const port = await freePort();
    const child = spawn("python3", ["-m", "moto.server", "-H", HOST, "-p", String(port)], {
      stdio: "ignore",
      env: { ...process.env, MOTO_ACCOUNT_ID: ACCOUNT },
    });
    const endpoint = `http://${HOST}:${port}`;
    // A test that times out never closes what it started.
    const end = (): void => void child.kill();
    process.once("exit", end);
    await answering(endpoint, child);
    return {
      endpoint,
      async close() {
        process.off("exit", end);
        const exited = once(child, "exit");
        if (child.exitCode === null && child.kill()) await exited;
      },
    };
  },
};

export const PARTNERS: readonly Partner[] = [FAUXQS, LOCAL_AWS_SQS, MOTO];

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("the server listens on no port");
  return address.port;
}

/** Asks Moto until it answers, because it does not say when it is ready. */
async function answering(endpoint: string, child: ChildProcess): Promise<void> {
  const giveUpAtMs = performance.now() + MOTO_START_LIMIT_MS;
  while (performance.now() < giveUpAtMs) {
    if (child.exitCode !== null)
      throw new Error(`moto ended with code ${child.exitCode} before it was ready`);
    // oxlint-disable-next-line no-await-in-loop
    if (await isAnswering(endpoint)) return;
    // oxlint-disable-next-line no-await-in-loop
    await delay(100);
  }
  child.kill();
  throw new Error(`moto did not answer within ${MOTO_START_LIMIT_MS} ms`);
}

async function isAnswering(endpoint: string): Promise<boolean> {
  try {
    await fetch(`${endpoint}/moto-api/`);
    return true;
  } catch {
    return false;
  }
}
