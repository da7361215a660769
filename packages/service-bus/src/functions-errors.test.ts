import { expect, test } from "vitest";
import { classifyFunctionsError } from "./functions-errors.ts";

const DOTNET =
  "Azure.Messaging.ServiceBus.ServiceBusException: The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue. Reference:1, TrackingId:2, SystemTracker:3, Timestamp:4 (MessageLockLost). For troubleshooting information, see https://aka.ms/azsdk/net/servicebus/exceptions/troubleshoot.\n   at Azure.Messaging.ServiceBus.Amqp.AmqpReceiver.DisposeMessageAsync()";

test.each([
  [{ code: 9, details: "LockToken 1 not found." }, "LEASE_LOST", false],
  [{ code: 2, details: DOTNET }, "LEASE_LOST", false],
  [{ code: 2, details: DOTNET.replace("MessageLockLost", "ServiceBusy") }, "THROTTLED", true],
  [{ code: 2, details: DOTNET.replace("MessageLockLost", "ServiceTimeout") }, "TIMEOUT", true],
  [{ code: 2, details: "System.UnauthorizedAccessException: Put token failed." }, "ACCESS_DENIED", false],
  [{ code: 2, details: "System.NullReferenceException: oh" }, "INTERNAL", false],
  [{ code: 4, details: "Deadline exceeded" }, "TIMEOUT", true],
  [{ code: 12, details: "unknown method ReleaseSession" }, "UNSUPPORTED", false],
  [{ code: 14, details: "No connection established" }, "CONNECTION_LOST", true],
  [{ code: 99 }, "INTERNAL", false],
  [new Error("ArgumentException: lockToken is required"), "INTERNAL", false],
])("%o is %s", (error, code, retryable) => {
  expect(classifyFunctionsError(error, "ack")).toMatchObject({ code, retryable });
});
