import { entitySettings, RECEIVER_ROLE_NAME, resourceName, sourceRemark } from "./azure-settings.ts";
import type { Deployment } from "./deployment.ts";
import type { GeneratedFile } from "./generated-file.ts";
import { ref, terraformFile, variable, type Body, type Section } from "./hcl.ts";

/** A queue or subscription in an existing namespace, and the right of the function's identity to receive. */
export function azureTerraform(deployment: Deployment): GeneratedFile {
  const { names, label } = deployment;
  const isQueue = names.topic === undefined;
  const resource = isQueue ? "azurerm_servicebus_queue" : "azurerm_servicebus_subscription";
  return terraformFile([
    variable("namespace_id", "Resource id of the Service Bus namespace, which exists already"),
    variable("function_principal_id", "Object id of the identity that the function app runs with"),
    ...(isQueue ? [queueSection(deployment)] : subscriptionSections(deployment)),
    {
      head: ["resource", "azurerm_role_assignment", label],
      remark: "Receive and settle, nothing else.",
      body: {
        scope: ref(`${resource}.${label}.id`),
        role_definition_name: RECEIVER_ROLE_NAME,
        principal_id: ref("var.function_principal_id"),
      },
    },
  ]);
}

function queueSection(deployment: Deployment): Section {
  const { names, label } = deployment;
  return {
    head: ["resource", "azurerm_servicebus_queue", label],
    remark: sourceRemark(deployment),
    body: {
      name: resourceName(names.queue),
      namespace_id: ref("var.namespace_id"),
      ...settings(deployment),
      ...deduplication(deployment),
    },
  };
}

function subscriptionSections(deployment: Deployment): readonly Section[] {
  const { names, label } = deployment;
  return [
    {
      head: ["resource", "azurerm_servicebus_topic", label],
      body: {
        name: resourceName(names.topic ?? ""),
        namespace_id: ref("var.namespace_id"),
        ...deduplication(deployment),
      },
    },
    {
      head: ["resource", "azurerm_servicebus_subscription", label],
      remark: sourceRemark(deployment),
      body: {
        name: names.queue,
        topic_id: ref(`azurerm_servicebus_topic.${label}.id`),
        ...settings(deployment),
      },
    },
  ];
}

function settings(deployment: Deployment): Body {
  const { lockDuration, maxDeliveryCount, requiresSession } = entitySettings(deployment);
  return {
    lock_duration: lockDuration,
    max_delivery_count: maxDeliveryCount,
    requires_session: requiresSession,
    dead_lettering_on_message_expiration: true,
  };
}

function deduplication({ isDeduplicated }: Deployment): Body {
  if (!isDeduplicated) return {};
  return { requires_duplicate_detection: true, duplicate_detection_history_time_window: "PT10M" };
}
