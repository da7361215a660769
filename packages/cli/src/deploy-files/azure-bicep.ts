import { entitySettings, RECEIVER_ROLE, resourceName, sourceRemark } from "./azure-settings.ts";
import type { Deployment } from "./deployment.ts";
import { ORIGIN, type GeneratedFile } from "./generated-file.ts";

const API = "2024-01-01";
const TYPE = "Microsoft.ServiceBus/namespaces";

/** A queue or subscription in an existing namespace, and the right of the function's identity to receive. */
export function azureBicep(deployment: Deployment): GeneratedFile {
  const { names } = deployment;
  // A fixed name, because a queue may have the name of another part of this file.
  const entity = names.topic === undefined ? "queue" : "subscription";
  const lines = [
    `// ${ORIGIN}`,
    "",
    "@description('Name of the Service Bus namespace, which exists already')",
    "param namespaceName string",
    "",
    "@description('Object id of the identity that the function app runs with')",
    "param functionPrincipalId string",
    "",
    `resource namespace '${TYPE}@${API}' existing = {`,
    "  name: namespaceName",
    "}",
    "",
    `// ${sourceRemark(deployment)}`,
    ...(names.topic === undefined ? queueLines(deployment) : subscriptionLines(deployment, names.topic)),
    "",
    "// Azure Service Bus Data Receiver: receive and settle, nothing else.",
    "resource receive 'Microsoft.Authorization/roleAssignments@2022-04-01' = {",
    `  name: guid(${entity}.id, functionPrincipalId, '${RECEIVER_ROLE}')`,
    `  scope: ${entity}`,
    "  properties: {",
    `    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '${RECEIVER_ROLE}')`,
    "    principalId: functionPrincipalId",
    "    principalType: 'ServicePrincipal'",
    "  }",
    "}",
    "",
    "@description('App settings of the function app; the trigger\\'s connection is SERVICE_BUS')",
    "output appSettings object = {",
    "  SERVICE_BUS__fullyQualifiedNamespace: '${namespaceName}.servicebus.windows.net'",
    "}",
  ];
  return { name: "main.bicep", format: "bicep", text: `${lines.join("\n")}\n` };
}

function queueLines(deployment: Deployment): readonly string[] {
  const { names, isDeduplicated } = deployment;
  return [
    `resource queue '${TYPE}/queues@${API}' = {`,
    "  parent: namespace",
    `  name: '${resourceName(names.queue)}'`,
    "  properties: {",
    ...settingLines(deployment),
    ...(isDeduplicated ? DEDUPLICATION : []),
    "  }",
    "}",
  ];
}

function subscriptionLines(deployment: Deployment, topic: string): readonly string[] {
  const { names, isDeduplicated } = deployment;
  return [
    `resource topic '${TYPE}/topics@${API}' = {`,
    "  parent: namespace",
    `  name: '${resourceName(topic)}'`,
    ...(isDeduplicated ? ["  properties: {", ...DEDUPLICATION, "  }"] : ["  properties: {}"]),
    "}",
    "",
    `resource subscription '${TYPE}/topics/subscriptions@${API}' = {`,
    "  parent: topic",
    `  name: '${names.queue}'`,
    "  properties: {",
    ...settingLines(deployment),
    "  }",
    "}",
  ];
}

const DEDUPLICATION: readonly string[] = [
  "    requiresDuplicateDetection: true",
  "    duplicateDetectionHistoryTimeWindow: 'PT10M'",
];

function settingLines(deployment: Deployment): readonly string[] {
  return Object.entries(entitySettings(deployment)).map(
    ([name, value]) => `    ${name}: ${typeof value === "string" ? `'${value}'` : String(value)}`,
  );
}
