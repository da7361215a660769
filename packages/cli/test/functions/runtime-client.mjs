// Another client of Lambda's runtime API: like the vendor's clients, it knows only the contract.

import { pathToFileURL } from "node:url";

const { AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT, _HANDLER } = process.env;
const base = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
const [module, name] = _HANDLER.split(".");
const { [name]: handler } = await import(pathToFileURL(`${LAMBDA_TASK_ROOT}/${module}.mjs`).href);
console.log(`another client runs ${process.argv[2]} in ${process.cwd() === LAMBDA_TASK_ROOT}`);

for (;;) {
  const next = await fetch(`${base}/next`);
  const requestId = next.headers.get("lambda-runtime-aws-request-id");
  const functionName = process.env.AWS_LAMBDA_FUNCTION_NAME;
  const result = await handler(await next.json(), { functionName });
  const answered = await fetch(`${base}/${requestId}/response`, {
    method: "POST",
    body: JSON.stringify(result ?? null),
  });
  await answered.arrayBuffer();
}
