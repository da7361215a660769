// Runs a function as Lambda's environment does: asks the runtime API for events and answers them, forever.
// Started as `node lambda-process.ts <bundle>`.

import { pathToFileURL } from "node:url";

type LambdaHandler = (event: unknown, context: { getRemainingTimeInMillis(): number }) => Promise<unknown>;

const base = `http://${process.env["AWS_LAMBDA_RUNTIME_API"]}/2018-06-01/runtime/invocation`;
const { handler } = (await import(pathToFileURL(process.argv[2] ?? "").href)) as {
  readonly handler: LambdaHandler;
};

for (;;) {
  // oxlint-disable no-await-in-loop -- an environment has one event at a time
  const next = await fetch(`${base}/next`);
  const requestId = next.headers.get("lambda-runtime-aws-request-id") ?? "";
  const deadlineMs = Number(next.headers.get("lambda-runtime-deadline-ms"));
  const event: unknown = await next.json();
  const context = { getRemainingTimeInMillis: () => deadlineMs - Date.now() };
  const [path, body] = await handler(event, context).then(
    (value) => ["response", value ?? null] as const,
    (error: unknown) => ["error", { errorType: "Error", errorMessage: String(error) }] as const,
  );
  const answered = await fetch(`${base}/${requestId}/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  await answered.arrayBuffer();
  // oxlint-enable no-await-in-loop
}
