import type {
  EntityStatus,
  QueueSettings,
  SubscriptionSettings,
  TopicSettings,
} from "../engine/entity-settings.ts";
import type { PropertyValue } from "../engine/message-content.ts";
import type { RuleDescription, RuleFilter } from "../engine/rule-description.ts";
import { EmulatorError } from "../../../emulator-error.ts";
import { ConfigNode } from "./config-node.ts";

/** The entities that a configuration asks for, parsed. Each one knows its place in the configuration. */
export interface EntityPlan {
  readonly queues: readonly Planned<QueueSettings>[];
  readonly topics: readonly PlannedTopic[];
}

export interface Planned<Settings> {
  readonly where: string;
  readonly name: string;
  readonly settings: Partial<Settings>;
}

export interface PlannedTopic extends Planned<TopicSettings> {
  readonly subscriptions: readonly PlannedSubscription[];
}

export interface PlannedSubscription extends Planned<SubscriptionSettings> {
  readonly rules: readonly RuleDescription[];
}

const STATUSES: readonly EntityStatus[] = ["Active", "Disabled", "SendDisabled", "ReceiveDisabled"];

const INTAKE_PROPERTIES = [
  "DuplicateDetectionHistoryTimeWindow",
  "MaxMessageSizeInKilobytes",
  "MaxSizeInMegabytes",
  "RequiresDuplicateDetection",
];
const SHARED_PROPERTIES = [
  "AutoDeleteOnIdle",
  "DefaultMessageTimeToLive",
  "EnableBatchedOperations",
  "Status",
  "UserMetadata",
];
const MAILBOX_PROPERTIES = [
  "DeadLetteringOnMessageExpiration",
  "ForwardDeadLetteredMessagesTo",
  "ForwardTo",
  "LockDuration",
  "MaxDeliveryCount",
  "RequiresSession",
];
const CORRELATION_MEMBERS = [
  "ContentType",
  "CorrelationId",
  "Label",
  "MessageId",
  "Properties",
  "ReplyTo",
  "ReplyToSessionId",
  "SessionId",
  "To",
];

/**
 * Reads a configuration.
 *
 * @throws EmulatorError `INVALID_OPTION` naming the place of the mistake.
 */
export function readEntityPlan(config: unknown): EntityPlan {
  const root = new ConfigNode(config, "", ["UserConfig"]);
  const user = root.required("UserConfig", root.node("UserConfig", ["Namespaces", "Logging"]));
  const [namespace, surplus] = user.nodes("Namespaces", ["Name", "Queues", "Topics"]);
  if (surplus !== undefined) {
    throw new EmulatorError("INVALID_OPTION", `${surplus.path}: this emulator has one namespace.`);
  }
  const one = user.required("Namespaces", namespace);
  return {
    queues: one.nodes("Queues", ["Name", "Properties"]).map(planQueue),
    topics: one.nodes("Topics", ["Name", "Properties", "Subscriptions"]).map(planTopic),
  };
}

function planQueue(node: ConfigNode): Planned<QueueSettings> {
  const known = [...INTAKE_PROPERTIES, ...SHARED_PROPERTIES, ...MAILBOX_PROPERTIES];
  const properties = node.node("Properties", known);
  const settings = properties && {
    ...readShared(properties),
    ...readIntake(properties),
    ...readMailbox(properties),
  };
  return { ...placeOf(node), settings: settings ?? {} };
}

function planTopic(node: ConfigNode): PlannedTopic {
  const properties = node.node("Properties", [...INTAKE_PROPERTIES, ...SHARED_PROPERTIES, "SupportOrdering"]);
  const settings = properties && {
    ...readShared(properties),
    ...readIntake(properties),
    ...given({ supportOrdering: properties.flag("SupportOrdering") }),
  };
  const subscriptions = node.nodes("Subscriptions", ["Name", "Properties", "Rules"]).map(planSubscription);
  return { ...placeOf(node), settings: settings ?? {}, subscriptions };
}

function planSubscription(node: ConfigNode): PlannedSubscription {
  const filterFailures = "DeadLetteringOnFilterEvaluationExceptions";
  const properties = node.node("Properties", [...SHARED_PROPERTIES, ...MAILBOX_PROPERTIES, filterFailures]);
  const settings = properties && {
    ...readShared(properties),
    ...readMailbox(properties),
    ...given({ deadLetteringOnFilterEvaluationExceptions: properties.flag(filterFailures) }),
  };
  const rules = node.nodes("Rules", ["Name", "Properties"]).map(planRule);
  return { ...placeOf(node), settings: settings ?? {}, rules };
}

function placeOf(node: ConfigNode): { readonly where: string; readonly name: string } {
  return { where: node.path, name: node.required("Name", node.text("Name")) };
}

function readShared(node: ConfigNode) {
  return given({
    autoDeleteOnIdleMs: node.durationMs("AutoDeleteOnIdle"),
    defaultMessageTimeToLiveMs: node.durationMs("DefaultMessageTimeToLive"),
    enableBatchedOperations: node.flag("EnableBatchedOperations"),
    status: node.oneOf("Status", STATUSES),
    userMetadata: node.text("UserMetadata"),
  });
}

function readIntake(node: ConfigNode) {
  return given({
    duplicateDetectionHistoryMs: node.durationMs("DuplicateDetectionHistoryTimeWindow"),
    maxMessageSizeInKilobytes: node.integer("MaxMessageSizeInKilobytes"),
    maxSizeInMegabytes: node.integer("MaxSizeInMegabytes"),
    requiresDuplicateDetection: node.flag("RequiresDuplicateDetection"),
  });
}

function readMailbox(node: ConfigNode) {
  return given({
    deadLetteringOnMessageExpiration: node.flag("DeadLetteringOnMessageExpiration"),
    forwardDeadLetteredMessagesTo: node.text("ForwardDeadLetteredMessagesTo") || undefined,
    forwardTo: node.text("ForwardTo") || undefined,
    lockDurationMs: node.durationMs("LockDuration"),
    maxDeliveryCount: node.integer("MaxDeliveryCount"),
    requiresSession: node.flag("RequiresSession"),
  });
}

function planRule(node: ConfigNode): RuleDescription {
  const properties = node.required(
    "Properties",
    node.node("Properties", ["FilterType", "SqlFilter", "CorrelationFilter", "Action"]),
  );
  const action = properties.node("Action", ["SqlExpression"]);
  return {
    name: node.required("Name", node.text("Name")),
    filter: planFilter(properties),
    action: action && { expression: sqlOf(action), parameters: new Map() },
  };
}

function planFilter(properties: ConfigNode): RuleFilter {
  const type = properties.required("FilterType", properties.oneOf("FilterType", ["Sql", "Correlation"]));
  if (type === "Sql") {
    const filter = properties.required("SqlFilter", properties.node("SqlFilter", ["SqlExpression"]));
    return { kind: "sql", expression: sqlOf(filter), parameters: new Map() };
  }
  const filter = properties.required(
    "CorrelationFilter",
    properties.node("CorrelationFilter", CORRELATION_MEMBERS),
  );
  return {
    kind: "correlation",
    contentType: filter.text("ContentType"),
    correlationId: filter.text("CorrelationId"),
    label: filter.text("Label"),
    messageId: filter.text("MessageId"),
    replyTo: filter.text("ReplyTo"),
    replyToSessionId: filter.text("ReplyToSessionId"),
    sessionId: filter.text("SessionId"),
    to: filter.text("To"),
    properties: planProperties(filter),
  };
}

function planProperties(filter: ConfigNode): ReadonlyMap<string, PropertyValue> {
  const properties = filter.node("Properties", "any");
  return new Map(
    properties?.names().map((name) => [name, typedValue(properties.required(name, properties.scalar(name)))]),
  );
}

function typedValue(value: string | number | boolean): PropertyValue {
  if (typeof value === "string") return { type: "string", value };
  if (typeof value === "boolean") return { type: "boolean", value };
  return { type: Number.isSafeInteger(value) ? "long" : "double", value };
}

function sqlOf(node: ConfigNode): string {
  return node.required("SqlExpression", node.text("SqlExpression"));
}

/** Omits members that are not given, so that the default applies. */
function given<Settings extends Readonly<Record<string, unknown>>>(settings: Settings): Given<Settings> {
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<Settings>;
}

type Given<Settings> = { readonly [Name in keyof Settings]?: Exclude<Settings[Name], undefined> };
