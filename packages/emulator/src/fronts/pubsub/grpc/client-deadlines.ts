import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";

/**
 * Leaves deadlines to the clients, which end their calls themselves. The library's own timer on this side counts in 32
 * bits: a deadline of more than 24 days, as Python's client sets for messages with a key, is over for it at once.
 */
export const leaveDeadlinesToClients: ServerInterceptor = (_method, call) => {
  // No public member stops it; without this one the library has changed, and its timer with it.
  const timer: unknown = Reflect.get(call, "deadlineTimer");
  if (isTimer(timer)) clearTimeout(timer);
  return new ServerInterceptingCall(call);
};

function isTimer(value: unknown): value is NodeJS.Timeout {
  return typeof value === "object" && value !== null && Symbol.toPrimitive in value;
}
