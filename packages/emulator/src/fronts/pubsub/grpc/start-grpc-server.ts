import {
  Server,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { UNARY_OPERATIONS, type UnaryOperations } from "../operations/operation-table.ts";
import type { Operation } from "../operations/operation.ts";
import { leaveDeadlinesToClients } from "./client-deadlines.ts";
import { ConnectionTable } from "./connection-table.ts";
import { loadService, SERVICES } from "./load-services.ts";
import type { StreamingPullRequest, StreamingPullResponse } from "./pubsub-wire.ts";
import { serveStreamingPull } from "./streaming-pull.ts";
import { UnaryCall, type GrpcParts } from "./unary-call.ts";

/** The running gRPC server. */
export interface GrpcServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * No size limits in gRPC: the engine checks sizes and refuses in the service's words. Pings without a call
 * are allowed.
 */
const OPTIONS = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc.enable_channelz": 0,
  interceptors: [leaveDeadlinesToClients],
};

export async function startGrpcServer(
  host: string,
  port: number,
  parts: Omit<GrpcParts, "connections">,
): Promise<GrpcServer> {
  const server = new Server(OPTIONS);
  const connections = new ConnectionTable(server);
  const all: GrpcParts = { ...parts, connections };
  for (const name of Object.values(SERVICES)) {
    const service = loadService(name);
    server.addService(service, implement(Object.keys(service), all));
  }
  return {
    port: await connections.listen(host, port),
    async close() {
      await connections.close();
      server.forceShutdown();
    },
  };
}

function implement(methods: readonly string[], parts: GrpcParts): UntypedServiceImplementation {
  const handlers: UntypedServiceImplementation = {};
  for (const name of methods) {
    if (name === "StreamingPull") {
      handlers[name] = (call: ServerDuplexStream<StreamingPullRequest, StreamingPullResponse>) => {
        serveStreamingPull(call, parts);
      };
    } else if (isUnary(name)) handlers[name] = unaryHandler(name, UNARY_OPERATIONS[name], parts);
  }
  return handlers;
}

function unaryHandler<Name extends keyof UnaryOperations>(
  name: Name,
  operation: UnaryOperations[Name],
  parts: GrpcParts,
): (call: ServerUnaryCall<object, object>, callback: sendUnaryData<object>) => void {
  return (call, callback) => {
    // grpc has decoded the request with this method's own descriptor.
    void new UnaryCall(name, call, callback, parts).run(operation as unknown as Operation<object>);
  };
}

function isUnary(name: string): name is keyof UnaryOperations {
  return Object.hasOwn(UNARY_OPERATIONS, name);
}
