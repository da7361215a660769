import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";

/**
 * Leaves deadlines to the clients, which end their calls themselves. The library's own timer on the server
 * counts in 32 bits. A deadline of more than 24 days, which Python's client sets for messages with a key,
 * would expire at once.
 */
export const leaveDeadlinesToClients: ServerInterceptor = (_method, call) => {
  // No public member stops the timer. If this private one is missing, the library's timer has changed too.
  const timer: unknown = Reflect.get(call, "deadlineTimer");
  if (isTimer(timer)) clearTimeout(timer);
  return new ServerInterceptingCall(call);
};

function isTimer(value: unknown): value is NodeJS.Timeout {
  return typeof value === "object" && value !== null && Symbol.toPrimitive in value;
}
