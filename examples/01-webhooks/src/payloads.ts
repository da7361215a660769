import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import type { Family, Webhook } from "./queue.ts";

/** The secret shared by GitHub and the receiver of its webhooks. A real one belongs in a secret store. */
const WEBHOOK_SECRET = "it-is-a-secret-to-everybody";

/** One webhook as GitHub posts it. */
export interface WebhookDelivery {
  /** GitHub's `X-GitHub-Delivery`. */
  readonly id: string;
  readonly body: Webhook;
  readonly attributes: { readonly "x-hub-signature-256": string };
}

interface Recorded {
  readonly name: string;
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}

/** All of GitHub's own example payloads, in the package's order. */
const recorded: readonly Recorded[] = createRequire(import.meta.url)("@octokit/webhooks-examples");

/** Yields `count` deliveries: every example once, and then again from the start. */
export function* webhookDeliveries(count: number): Generator<WebhookDelivery> {
  const examples = recorded.flatMap(({ name, examples: payloads }) =>
    payloads.map((payload) => ({ event: name, payload, signature: sign(payload) })),
  );
  for (let index = 0; index < count; index += 1) {
    const example = examples[index % examples.length];
    if (example === undefined) return;
    const { event, payload, signature } = example;
    const action = typeof payload["action"] === "string" ? payload["action"] : "none";
    yield {
      id: `delivery-${String(index).padStart(6, "0")}`,
      body: { family: familyOf(event), event, action, payload },
      attributes: { "x-hub-signature-256": signature },
    };
  }
}

/** Signs a payload as GitHub does: it signs the bytes that it posts with the shared secret. */
export function sign(payload: Readonly<Record<string, unknown>>): string {
  return `sha256=${createHmac("sha256", WEBHOOK_SECRET).update(JSON.stringify(payload)).digest("hex")}`;
}

const FAMILIES: readonly (readonly [Family, RegExp])[] = [
  ["billing", /^(marketplace_purchase|sponsorship)$/],
  ["security", /^(security_advisory|repository_vulnerability_alert|code_scanning_alert|dependabot_alert)$/],
  [
    "code",
    /^(push|create|delete|fork|release|commit_comment|pull_request|merge_group|public|package|gollum)/,
  ],
  ["conversation", /^(issue|discussion|label|milestone|star|watch|project)/],
  ["automation", /^(check_|status|deploy|workflow_|page_build|repository_dispatch|repository_import)/],
];

function familyOf(event: string): Family {
  return FAMILIES.find(([, pattern]) => pattern.test(event))?.[0] ?? "administration";
}
