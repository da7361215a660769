import { EngineError } from "./engine-error.ts";

/*
 * Error texts in the service's format. Clients read some of them: the not-found text decides which code
 * `amqp:not-found` becomes in @azure/service-bus 7.9.5.
 */

export function entityNotFound(namespace: string, path: string): EngineError {
  return new EngineError(
    "amqp:not-found",
    `The messaging entity 'sb://${namespace}/${path}' could not be found.`,
  );
}

export function entityExists(path: string): EngineError {
  return new EngineError(
    "com.microsoft:entity-already-exists",
    `The messaging entity '${path}' already exists.`,
  );
}

/** Error for the links of an entity that was deleted. */
export function entityDeleted(namespace: string, path: string): EngineError {
  return entityNotFound(namespace, path);
}

export function entityDisabled(path: string): EngineError {
  return new EngineError(
    "com.microsoft:entity-disabled",
    `Messaging entity '${path}' is currently disabled.`,
  );
}

export function messageLockLost(): EngineError {
  return new EngineError(
    "com.microsoft:message-lock-lost",
    "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue, or was received by a different receiver instance.",
  );
}

export function messageNotFound(sequenceNumber: number): EngineError {
  return new EngineError(
    "com.microsoft:message-not-found",
    `Failed to lock one or more specified messages. The message with sequence number ${String(sequenceNumber)} does not exist.`,
  );
}

export function scheduledNotFound(sequenceNumber: number): EngineError {
  return new EngineError(
    "com.microsoft:message-not-found",
    `The scheduled message with sequence number ${String(sequenceNumber)} does not exist.`,
  );
}

export function sessionLockLost(): EngineError {
  return new EngineError(
    "com.microsoft:session-lock-lost",
    "The session lock was lost. Request a new session receiver.",
  );
}

export function sessionCannotBeLocked(sessionId: string): EngineError {
  return new EngineError(
    "com.microsoft:session-cannot-be-locked",
    `The requested session '${sessionId}' cannot be accepted. It may be locked by another receiver.`,
  );
}

export function noSessionAvailable(): EngineError {
  return new EngineError(
    "com.microsoft:timeout",
    "The operation did not complete within the allotted timeout. No session with messages became available.",
  );
}

export function needsSession(): EngineError {
  return new EngineError(
    "amqp:not-allowed",
    "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.",
  );
}

export function hasNoSessions(): EngineError {
  return new EngineError(
    "amqp:not-allowed",
    "A sessionful message receiver cannot be created on an entity that does not require sessions.",
  );
}

export function sessionIdMissing(): EngineError {
  return new EngineError(
    "amqp:not-allowed",
    "The SessionId was not set on a message, and it cannot be sent to the entity. Entities that have session support enabled can only receive messages that have the SessionId set to a valid value.",
  );
}

export function forwardsMessages(path: string): EngineError {
  return new EngineError(
    "amqp:not-allowed",
    `Cannot create a message receiver on the entity '${path}' with auto-forwarding enabled.`,
  );
}

export function deadLetterOfDeadLetter(): EngineError {
  return new EngineError("amqp:not-allowed", "A message in a dead-letter queue cannot be dead-lettered.");
}

export function messageTooLarge(bytes: number, maxBytes: number): EngineError {
  return new EngineError(
    "amqp:link:message-size-exceeded",
    `The received message (delivery-id:0, size:${String(bytes)} bytes) exceeds the limit (${String(maxBytes)} bytes) currently allowed on the link.`,
  );
}

/** Headers are all that is not body. The service limits them separately from the whole. */
export function headersTooLarge(bytes: number, maxBytes: number): EngineError {
  return new EngineError(
    "amqp:link:message-size-exceeded",
    `The header of the received message (${String(bytes)} bytes of properties) exceeds the limit (${String(maxBytes)} bytes).`,
  );
}

export function entityFull(path: string, bytes: number, maxBytes: number): EngineError {
  return new EngineError(
    "amqp:resource-limit-exceeded",
    `The maximum entity size has been reached or exceeded for entity '${path}'. Size of entity in bytes:${String(bytes)}, Max entity size in bytes:${String(maxBytes)}. For more information please see https://aka.ms/ServiceBusExceptions .`,
  );
}

export function invalidArgument(message: string): EngineError {
  return new EngineError("com.microsoft:argument-error", message);
}

export function outOfRange(member: string, expected: string, got: string): EngineError {
  return new EngineError(
    "com.microsoft:argument-out-of-range",
    `The value of '${member}' must be ${expected}, got ${got}.`,
  );
}

export function fixedAtCreation(member: string, path: string): EngineError {
  return new EngineError(
    "amqp:not-allowed",
    `'${member}' of the messaging entity '${path}' cannot be changed after its creation.`,
  );
}

export function ruleNotFound(path: string, name: string): EngineError {
  return new EngineError(
    "amqp:not-found",
    `The messaging entity '${path}/Rules/${name}' could not be found.`,
  );
}

export function nothingToReceive(path: string): EngineError {
  return new EngineError(
    "amqp:not-allowed",
    `The messaging entity '${path}' is a topic. Messages are received from its subscriptions.`,
  );
}
