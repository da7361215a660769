import { createHash } from "node:crypto";
import type { Deployment } from "./deployment.ts";
import type { GeneratedFile } from "./generated-file.ts";
import { Block, ref, terraformFile, variable, type Section } from "./hcl.ts";

/** https://cloud.google.com/pubsub/docs/lease-management (2026-11-29) */
const ACK_DEADLINE_S = { min: 10, max: 600 };
/** https://cloud.google.com/python/docs/reference/pubsub/2.13.9/google.cloud.pubsub_v1.types.RetryPolicy (2026-11-30) */
const RETRY_S = { min: 0, max: 600 };
const RETENTION = "604800s";

/** The topic, a push subscription with its identity, kept dead letters, the service, and their grants. */
export function cloudRunTerraform(deployment: Deployment): GeneratedFile {
  return terraformFile([
    variable("project", "Project id"),
    variable("region", "Region of the service"),
    variable("image", "Image of the service"),
    variable("service_account", "E-mail of the account that the service runs with"),
    { head: ["data", "google_project", "this"], body: { project_id: ref("var.project") } },
    {
      head: ["locals"],
      body: {
        pubsub: ref(
          '"serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"',
        ),
      },
    },
    ...topics(deployment),
    service(deployment),
    subscription(deployment),
    ...grants(deployment),
  ]);
}

function topics({ label, names }: Deployment): readonly Section[] {
  return [
    {
      head: ["resource", "google_pubsub_topic", label],
      body: { project: ref("var.project"), name: names.topic },
    },
    {
      head: ["resource", "google_pubsub_topic", `${label}_dead`],
      body: { project: ref("var.project"), name: names.deadLetter },
    },
    {
      head: ["resource", "google_pubsub_subscription", `${label}_dead`],
      remark: "Without a subscription dead letters are gone as soon as they are published.",
      body: {
        project: ref("var.project"),
        name: names.deadLetter,
        topic: ref(`google_pubsub_topic.${label}_dead.id`),
        message_retention_duration: RETENTION,
        expiration_policy: NEVER,
      },
    },
  ];
}

/** An empty time to live means none. */
const NEVER = new Block({ ttl: "" });

/** Most requests per instance at once. https://cloud.google.com/run/docs/about-concurrency (2026-11-29) */
const PER_INSTANCE = 80;

function service(deployment: Deployment): Section {
  const { label, concurrency } = deployment;
  const instances = Math.ceil(concurrency / PER_INSTANCE);
  return {
    head: ["resource", "google_cloud_run_v2_service", label],
    body: {
      project: ref("var.project"),
      name: serviceName(deployment),
      location: ref("var.region"),
      ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY",
      template: new Block({
        service_account: ref("var.service_account"),
        // The source stops handlers before the ack deadline. If Cloud Run cut off earlier, none could answer.
        timeout: `${ackDeadlineS(deployment)}s`,
        max_instance_request_concurrency: Math.ceil(concurrency / instances),
        scaling: new Block({ max_instance_count: instances }),
        containers: new Block({ image: ref("var.image") }),
      }),
    },
  };
}

function subscription(deployment: Deployment): Section {
  const { label, names, isOrdered, maxDeliveries } = deployment;
  const uri = ref(`google_cloud_run_v2_service.${label}.uri`);
  return {
    head: ["resource", "google_pubsub_subscription", label],
    remark: `Cloud Run checks the token before it calls the service: pushRequests({ trustPlatform: true, ackDeadline: "${ackDeadlineS(deployment)}s" }).`,
    body: {
      project: ref("var.project"),
      name: names.queue,
      topic: ref(`google_pubsub_topic.${label}.id`),
      ack_deadline_seconds: ackDeadlineS(deployment),
      enable_message_ordering: isOrdered,
      message_retention_duration: RETENTION,
      expiration_policy: NEVER,
      push_config: new Block({
        push_endpoint: uri,
        oidc_token: new Block({
          service_account_email: ref(`google_service_account.${label}_push.email`),
          audience: uri,
        }),
      }),
      retry_policy: new Block({
        minimum_backoff: `${within(deployment.minRetryS, RETRY_S)}s`,
        maximum_backoff: `${within(deployment.maxRetryS, RETRY_S)}s`,
      }),
      dead_letter_policy: new Block({
        dead_letter_topic: ref(`google_pubsub_topic.${label}_dead.id`),
        max_delivery_attempts: maxDeliveries,
      }),
      depends_on: [ref(`google_pubsub_topic_iam_member.${label}_dead`)],
    },
  };
}

function grants(deployment: Deployment): readonly Section[] {
  const { label } = deployment;
  const pubsub = ref("local.pubsub");
  return [
    {
      head: ["resource", "google_service_account", `${label}_push`],
      body: { project: ref("var.project"), account_id: accountId(deployment) },
    },
    {
      head: ["resource", "google_cloud_run_v2_service_iam_member", `${label}_push`],
      remark: "The pushes, and nobody else, may call the service.",
      body: {
        project: ref("var.project"),
        location: ref("var.region"),
        name: ref(`google_cloud_run_v2_service.${label}.name`),
        role: "roles/run.invoker",
        member: ref(`google_service_account.${label}_push.member`),
      },
    },
    {
      head: ["resource", "google_service_account_iam_member", `${label}_push`],
      remark: "Pub/Sub may make tokens of the account that it pushes as.",
      body: {
        service_account_id: ref(`google_service_account.${label}_push.name`),
        role: "roles/iam.serviceAccountTokenCreator",
        member: pubsub,
      },
    },
    {
      head: ["resource", "google_pubsub_topic_iam_member", `${label}_dead`],
      remark: "Pub/Sub itself forwards dead letters: publish them, and acknowledge their originals.",
      body: {
        project: ref("var.project"),
        topic: ref(`google_pubsub_topic.${label}_dead.name`),
        role: "roles/pubsub.publisher",
        member: pubsub,
      },
    },
    {
      head: ["resource", "google_pubsub_subscription_iam_member", label],
      body: {
        project: ref("var.project"),
        subscription: ref(`google_pubsub_subscription.${label}.name`),
        role: "roles/pubsub.subscriber",
        member: pubsub,
      },
    },
  ];
}

/** A push that is not answered by then comes again. */
function ackDeadlineS({ timeoutS }: Deployment): number {
  return within(timeoutS, ACK_DEADLINE_S);
}

function within(value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  return Math.min(max, Math.max(min, value));
}

/** Both `[a-z0-9-]`. https://cloud.google.com/run/docs/reference/rest (2026-11-29) */
const MAX_SERVICE_NAME = 49;
/** https://cloud.google.com/iam/docs/service-accounts-create (2026-11-30) */
const MAX_ACCOUNT_ID = 30;

function serviceName({ names }: Deployment): string {
  return pushName(names.queue, MAX_SERVICE_NAME);
}

function accountId({ names }: Deployment): string {
  return pushName(names.queue, MAX_ACCOUNT_ID);
}

const PUSH = "-push";
const HASH_LENGTH = 6;

/**
 * Services and accounts belong to the project: subscriptions of one project must not get the same name. So a
 * name that had to be changed gets a hash of what it was.
 */
function pushName(name: string, maxLength: number): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/-$/, "");
  const most = maxLength - PUSH.length;
  if (plain === name && plain.length <= most) return plain + PUSH;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, HASH_LENGTH);
  return `${plain.slice(0, most - HASH_LENGTH - 1).replace(/-$/, "")}-${hash}${PUSH}`;
}
