// The program of one execution environment: loads the handler, then forever asks the runtime API for events
// and answers them. It only relies on Lambda's contract, so a vendor's runtime client can replace it.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html (2026-11-29)

import { Agent, request } from "node:http";
import { basename, dirname, extname, join } from "node:path";
import { endWithParent } from "../end-with-parent.ts";
import { loadFunction } from "../load-function.ts";

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

interface LambdaContext {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  callbackWaitsForEmptyEventLoop: boolean;
  getRemainingTimeInMillis(): number;
}

type Callback = (error: Error | string | null | undefined, result?: unknown) => void;
type Handler = (event: unknown, context: LambdaContext, callback: Callback) => unknown;

const AGENT = new Agent({ keepAlive: true });
const { env } = process;

/** Handlers that stream their response, which nobody reads for a queue. */
const streaming = new WeakSet<object>();
// The global of Lambda's own runtime, so that a file loads in which such a handler stands beside that of the queue.
Object.assign(globalThis, {
  awslambda: {
    streamifyResponse(handler: object) {
      streaming.add(handler);
      return handler;
    },
    HttpResponseStream: { from: (stream: unknown) => stream },
  },
});

endWithParent();
await main();

async function main(): Promise<void> {
  let handler: Handler;
  try {
    handler = await loadHandler();
  } catch (error) {
    await call("POST", "/init/error", JSON.stringify(describe(error)));
    process.exit(1);
  }
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- an environment has one event at a time
    await serveNext(handler);
  }
}

async function serveNext(handler: Handler): Promise<void> {
  const { headers, body } = await call("GET", "/invocation/next");
  const requestId = String(headers["lambda-runtime-aws-request-id"]);
  const context = contextOf(headers, requestId);
  let result: string;
  try {
    // A handler that returns nothing answers null.
    result = JSON.stringify(await run(handler, JSON.parse(body), context)) ?? "null";
  } catch (error) {
    await call("POST", `/invocation/${requestId}/error`, JSON.stringify(describe(error)));
    return;
  }
  await call("POST", `/invocation/${requestId}/response`, result);
}

async function run(handler: Handler, event: unknown, context: LambdaContext): Promise<unknown> {
  if (handler.length < 3) return await handler(event, context, () => {});
  return await new Promise((resolve, reject) => {
    const returned = handler(event, context, (error, result) => {
      if (error === null || error === undefined) resolve(result);
      else reject(error instanceof Error ? error : new Error(error));
    });
    // An asynchronous handler may declare the callback without using it.
    if (returned instanceof Promise) returned.then(resolve, reject);
  });
}

function contextOf(headers: Answer["headers"], requestId: string): LambdaContext {
  const deadlineMs = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    functionName: env["AWS_LAMBDA_FUNCTION_NAME"] ?? "",
    functionVersion: env["AWS_LAMBDA_FUNCTION_VERSION"] ?? "$LATEST",
    invokedFunctionArn: String(headers["lambda-runtime-invoked-function-arn"]),
    memoryLimitInMB: env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] ?? "",
    awsRequestId: requestId,
    logGroupName: env["AWS_LAMBDA_LOG_GROUP_NAME"] ?? "",
    logStreamName: env["AWS_LAMBDA_LOG_STREAM_NAME"] ?? "",
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
}

/** `_HANDLER` is module, dot, export or path of members; LAMBDA_TASK_ROOT is the folder. The host passes the file's name. */
async function loadHandler(): Promise<Handler> {
  const name = env["_HANDLER"] ?? "";
  const exportName = name.slice(name.indexOf(".") + 1);
  const file = join(env["LAMBDA_TASK_ROOT"] ?? "", process.argv[2] ?? "");
  const exports = await loadFunction(file);
  const handler = exportName.split(".").reduce(memberOf, exports);
  if (typeof handler === "function") {
    if (!streaming.has(handler)) return handler as Handler;
    throw new Error(`${exportName} streams its response: invoke calls handlers that return it`);
  }
  const stem = join(dirname(name), basename(file, extname(file)));
  throw Object.assign(
    new Error(
      `${stem}.${exportName} is undefined or no function; exported: ${Object.keys(exports).join(", ")}`,
    ),
    { name: "Runtime.HandlerNotFound" },
  );
}

function memberOf(value: unknown, name: string): unknown {
  // A class may have it as a static method.
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject ? Reflect.get(value, name) : undefined;
}

function describe(error: unknown): object {
  const known = error instanceof Error ? error : new Error(String(error));
  return {
    errorType: known.name,
    errorMessage: known.message,
    trace: known.stack?.split("\n") ?? [],
  };
}

/** Not `fetch`, which gives up on an answer that takes more than five minutes. */
async function call(method: string, path: string, body?: string): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const url = `http://${env["AWS_LAMBDA_RUNTIME_API"]}/2018-06-01/runtime${path}`;
    const sent = request(url, { method, agent: AGENT }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
